//! The custom resource: one installation of Just Hungry, as people write it and as its status tells. Knows its rules, builds nothing.
#![expect(unreachable_pub, reason = "the derive repeats these types where nobody can reach them")]
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API group of the resource, and the prefix of our labels and annotations.
pub const GROUP: &str = "justhungry.dev";

/// One installation: replicas that hold the orders, front ends that take them, an adapter that knows postcodes.
#[derive(CustomResource, KubeSchema, Clone, PartialEq, Debug, Deserialize, Serialize)]
#[kube(
    group = "justhungry.dev",
    version = "v1alpha1",
    kind = "JustHungry",
    plural = "justhungries",
    shortname = "jh",
    category = "all",
    namespaced,
    derive = "PartialEq",
    status = "JustHungryStatus",
    doc = "One installation of Just Hungry: food ordering that survives the death of any of its servers",
    validation = Rule::new("self.metadata.name.size() <= 40").message("the name must have at most 40 characters: pods are named after it"),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([a-z0-9-]*[a-z0-9])?$')").message("the name must begin with a letter and have no dot: services are named after it"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Primary", type_ = "string", json_path = ".status.primary"),
    printcolumn(name = "Epoch", type_ = "integer", json_path = ".status.epoch"),
    printcolumn(name = "Synced", type_ = "string", json_path = ".status.synced"),
    printcolumn(name = "Last Failover", type_ = "date", json_path = ".status.lastFailover"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.replicas in [3, 5, 7]").message("replicas must be 3, 5 or 7: fewer cannot lose one and go on, an even number helps nobody"),
    validation = Rule::new("self.minInSync <= self.replicas").message("minInSync must not be above replicas: nothing could ever be committed"),
    validation = Rule::new("self.minInSync >= 2").message("minInSync must be at least 2: an order on one disk alone is lost with it")
)]
pub struct JustHungrySpec {
    /// How many copies of the order book there are: 3, 5 or 7
    #[serde(default = "three")]
    pub replicas: i32,
    /// Fewer copies in sync than this take no orders
    #[serde(default = "two")]
    pub min_in_sync: i32,
    /// The container image of all programs
    #[schemars(length(min = 1))]
    #[serde(default = "image")]
    pub image: String,
    /// The disk of each replica
    #[serde(default)]
    pub storage: Storage,
    /// The way in
    #[serde(default)]
    pub frontend: Frontend,
    /// The adapter to postcode services
    #[serde(default)]
    pub postcode: Postcode,
    /// What each replica asks of its node. There is no limit of processor time: throttling looks like death
    #[serde(default)]
    pub resources: Resources,
    /// What is to be reached; missing it is told by an event
    #[serde(default)]
    pub objectives: Objectives,
    /// Put sample restaurants into an empty order book
    #[serde(default)]
    pub sample_data: bool,
}

/// A replica's volume.
#[derive(KubeSchema, Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("isQuantity(self.size) && quantity(self.size).compareTo(quantity('64Mi')) >= 0").message("size must be a quantity of at least 64Mi"),
    validation = Rule::new("!isQuantity(self.size) || quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0").message("a volume cannot shrink"),
    validation = Rule::new("has(self.class) == has(oldSelf.class) && (!has(self.class) || self.class == oldSelf.class)").message("the storage class cannot change: the volumes exist")
)]
pub struct Storage {
    /// Its size; may grow where the storage class allows it, never shrink
    #[schemars(length(max = 32))]
    pub size: String,
    /// Its storage class; the cluster's default if there is none
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub class: Option<String>,
}

/// The front ends.
#[derive(JsonSchema, Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frontend {
    /// How many
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 100))]
    pub replicas: i32,
}

/// The postcode adapters.
#[derive(KubeSchema, Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.servicesSecret) || !has(self.providers) || self.providers.size() == 0").message("give providers or servicesSecret, not both: the file in the Secret lists the services too")
)]
pub struct Postcode {
    /// How many
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 100))]
    pub replicas: i32,
    /// Outside services to ask, in this order, before the pack that every adapter has inside. None: the pack alone
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub providers: Vec<Provider>,
    /// In place of providers: a Secret of this namespace that holds services.json, a file of services, and the keys and
    /// logins that it names. When it changes, the adapters follow without a restart
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub services_secret: Option<String>,
}

/// A postcode service that needs no key.
#[derive(JsonSchema, Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Great Britain
    #[serde(rename = "postcodes.io")]
    PostcodesIo,
    /// Great Britain: Open Postcode Geo
    #[serde(rename = "open-postcode-geo")]
    OpenPostcodeGeo,
    /// Japan
    Zipcloud,
    /// The Netherlands
    Pdok,
    /// France
    Geoplateforme,
    /// Germany, Austria, Switzerland, Liechtenstein
    OpenPlz,
    /// Brazil
    ViaCep,
    /// Many countries
    Zippopotam,
    /// Every country
    Nominatim,
}

impl Provider {
    /// The name by which the adapter knows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Provider::PostcodesIo => "postcodes.io",
            Provider::OpenPostcodeGeo => "open-postcode-geo",
            Provider::Zipcloud => "zipcloud",
            Provider::Pdok => "pdok",
            Provider::Geoplateforme => "geoplateforme",
            Provider::OpenPlz => "openplz",
            Provider::ViaCep => "viacep",
            Provider::Zippopotam => "zippopotam",
            Provider::Nominatim => "nominatim",
        }
    }
}

/// Requests of a replica's container.
#[derive(KubeSchema, Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("isQuantity(self.cpu) && isQuantity(self.memory)").message("cpu and memory must be quantities, like 100m and 256Mi"))]
pub struct Resources {
    /// Processor time
    #[serde(default = "cpu")]
    #[schemars(length(max = 32))]
    pub cpu: String,
    /// Memory
    #[serde(default = "memory")]
    #[schemars(length(max = 32))]
    pub memory: String,
}

/// What the operator of the installation wants to reach.
#[derive(JsonSchema, Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Objectives {
    /// A failover should take no longer than this, in ms, from the first sign until the new primary leads
    #[serde(default = "gap_ms")]
    #[schemars(range(min = 100, max = 60_000))]
    pub gap_ms: i64,
}

/// How the installation is, written by the controller alone.
///
/// What can cease to be known is written as null, so that a merge removes it.
#[derive(JsonSchema, Clone, PartialEq, Default, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JustHungryStatus {
    /// In one word
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The pod that leads
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
    /// Counts the reigns of primaries
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<i64>,
    /// Counts the losses that an operator has accepted
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_epoch: Option<i64>,
    /// Copies in sync, of how many
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced: Option<String>,
    /// When another process was last named primary
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "time_schema")]
    pub last_failover: Option<Time>,
    /// Why
    #[serde(default)]
    pub last_failover_cause: Option<String>,
    /// How long that took, in ms, from the first sign until the new primary led; unknown for a hand-over
    #[serde(default)]
    pub last_failover_ms: Option<i64>,
    /// The generation of the resource that this status judges
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Available, FullyReplicated, FailoverInProgress, QuorumLost, Degraded, ViewLost, Progressing: each with its reason
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
}

fn time_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "format": "date-time" })
}

fn conditions_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": { "type": "string" },
                "status": { "type": "string", "enum": ["True", "False", "Unknown"] },
                "reason": { "type": "string" },
                "message": { "type": "string" },
                "lastTransitionTime": { "type": "string", "format": "date-time" },
                "observedGeneration": { "type": "integer", "format": "int64" }
            }
        }
    })
}

impl Default for Storage {
    fn default() -> Storage {
        Storage { size: "1Gi".into(), class: None }
    }
}
impl Default for Frontend {
    fn default() -> Frontend {
        Frontend { replicas: two() }
    }
}
impl Default for Postcode {
    fn default() -> Postcode {
        Postcode { replicas: two(), providers: Vec::new(), services_secret: None }
    }
}
impl Default for Resources {
    fn default() -> Resources {
        Resources { cpu: cpu(), memory: memory() }
    }
}
impl Default for Objectives {
    fn default() -> Objectives {
        Objectives { gap_ms: gap_ms() }
    }
}

fn three() -> i32 {
    3
}
fn two() -> i32 {
    2
}
fn image() -> String {
    "localhost/just-hungry:dev".into()
}
fn cpu() -> String {
    "100m".into()
}
fn memory() -> String {
    "128Mi".into()
}
fn gap_ms() -> i64 {
    400
}
