//! What exists of an installation: plain data, read by `observe` and judged by the plan. Knows how to read objects, not how to get them.
use super::objects::IN_SYNC_GATE;
use crate::picture::Picture;
use group::{Epoch, Pod};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod as PodObject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;
use std::collections::BTreeMap;

/// The label that tells a pod's place in the group.
pub(crate) const ROLE_LABEL: &str = "justhungry.dev/role";

/// Kind and name of an object.
pub(crate) type Id = (String, String);

/// Everything that a plan looks at besides the resource.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Observed {
    /// When this was read.
    pub(crate) now: Time,
    /// How the group is.
    pub(crate) picture: Picture,
    /// The objects that exist under the names of ours.
    pub(crate) live: BTreeMap<Id, Value>,
    /// The replicas' pods.
    pub(crate) pods: BTreeMap<Pod, Replica>,
    /// The replicas' volume claims and how much they ask for.
    pub(crate) claims: BTreeMap<String, String>,
    /// What could not be done last time, in words.
    pub(crate) trouble: Option<String>,
    /// The epoch in which a hand-over was asked for lately.
    pub(crate) asked: Option<Epoch>,
}

/// A replica's pod.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Replica {
    pub(crate) uid: String,
    /// The template it was made from.
    pub(crate) revision: String,
    /// All containers are ready; the gate is not asked.
    pub(crate) ready: bool,
    /// It is being deleted.
    pub(crate) leaving: bool,
    /// It is named as a replica but was made by another.
    pub(crate) foreign: bool,
    /// The address, once it has one.
    pub(crate) ip: Option<String>,
    /// What its label says.
    pub(crate) role: Option<String>,
    /// What its gate says, if it was ever set.
    pub(crate) gate: Option<bool>,
}

impl Replica {
    /// Reads a pod. `owner` is the name of the StatefulSet that makes ours.
    pub(crate) fn read(pod: &PodObject, owner: &str) -> Replica {
        let label = |name: &str| pod.metadata.labels.as_ref().and_then(|labels| labels.get(name).cloned());
        let status = pod.status.as_ref();
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let holds = |kind: &str| conditions.iter().find(|it| it.type_ == kind).map(|it| it.status == "True");
        let owners = pod.metadata.owner_references.as_deref().unwrap_or_default();
        let over =
            status.and_then(|status| status.phase.as_deref()).is_some_and(|it| it == "Failed" || it == "Succeeded");
        Replica {
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            revision: label("controller-revision-hash").unwrap_or_default(),
            ready: holds("ContainersReady") == Some(true) && !over,
            leaving: pod.metadata.deletion_timestamp.is_some(),
            foreign: !owners.iter().any(|it| it.kind == "StatefulSet" && it.name == owner),
            ip: status.and_then(|status| status.pod_ip.clone()).filter(|_| !over),
            role: label(ROLE_LABEL),
            gate: holds(IN_SYNC_GATE),
        }
    }
}

/// How much a claim asks for.
pub(crate) fn request(claim: &PersistentVolumeClaim) -> Option<String> {
    let resources = claim.spec.as_ref()?.resources.as_ref()?;
    Some(resources.requests.as_ref()?.get("storage")?.0.clone())
}

/// What a plan needs to know of the StatefulSet.
pub(crate) struct Set<'a>(pub(crate) Option<&'a Value>);

impl Set<'_> {
    /// How many replicas it was told to have.
    pub(crate) fn replicas(&self) -> Option<i32> {
        self.0?.pointer("/spec/replicas")?.as_i64().and_then(|it| it.try_into().ok())
    }
    /// The template that its pods should be made from, once its own controller has seen the newest.
    pub(crate) fn revision(&self) -> Option<&str> {
        let set = self.0?;
        let seen = set.pointer("/status/observedGeneration").and_then(Value::as_i64);
        let is_current = seen.is_some() && seen == set.pointer("/metadata/generation").and_then(Value::as_i64);
        set.pointer("/status/updateRevision").filter(|_| is_current)?.as_str()
    }
    /// What its volume claims are made from.
    pub(crate) fn claim(&self) -> Option<Value> {
        let mut claim = self.0?.pointer("/spec/volumeClaimTemplates/0/spec")?.clone();
        claim
            .as_object_mut()?
            .retain(|key, _| ["accessModes", "volumeMode", "resources", "storageClassName"].contains(&key.as_str()));
        Some(claim)
    }
}
