//! What is said to a controller over its own port: a front end's word against a primary, an operator's command. JSON inside the cluster.
use group::{BootId, Pod, Sign};
use serde::{Deserialize, Serialize};

/// Where a front end tells that a member is doubtful.
pub const SUSPECT: &str = "/v1/suspect";
/// Where a lost view is rebuilt (V3); the body is `v1::cluster::RebuildView`.
pub const REBUILD_VIEW: &str = "/v1/rebuild-view";
/// Where a loss is accepted (U1); the body is `v1::cluster::ForceLoss`.
pub const FORCE_LOSS: &str = "/v1/force-loss";
/// What a controller sees and thinks.
pub const STATUS: &str = "/v1/status";

/// The body of [`SUSPECT`]. A hint, worth a look and a second witness, never more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspect {
    /// Who says so, for telling witnesses apart.
    #[serde(default)]
    pub by: String,
    /// The member: the primary of the view that the speaker holds.
    pub pod: Pod,
    /// The process that view names: `primary_boot`, hexadecimal.
    #[serde(with = "hexadecimal")]
    pub boot: BootId,
    /// What was seen.
    pub sign: Sign,
}

mod hexadecimal {
    use group::BootId;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(boot: &BootId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(boot)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BootId, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format!("{text:?} is not a hexadecimal number: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspicion_reads_as_it_is_written() {
        let suspect =
            Suspect { by: "front".into(), pod: "replica-0".into(), boot: BootId(u128::MAX - 1), sign: Sign::Refused };
        let json = serde_json::to_string(&suspect).unwrap();
        assert!(json.contains("\"refused\"") && json.contains("fffe\""), "{json}");
        assert_eq!(serde_json::from_str::<Suspect>(&json).unwrap(), suspect);
        let short: Suspect = serde_json::from_str(r#"{"pod":"replica-0","boot":"2a","sign":"silent"}"#).unwrap();
        assert_eq!((short.boot, short.by.as_str()), (BootId(42), ""));
        assert!(serde_json::from_str::<Suspect>(r#"{"pod":"replica-0","boot":"xyz","sign":"silent"}"#).is_err());
    }
}
