//! What the group of replicas looks like from outside. Knows names and numbers, not the protocol.
use crate::v1::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer of `GET /v1/cluster`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Cluster {
    /// The group's id, 32 hexadecimal digits; empty before its birth.
    pub group: String,
    /// The view's version.
    pub version: u64,
    /// The epoch: grows when the primary changes.
    pub epoch: u64,
    /// How often a loss was accepted by command.
    pub loss_epoch: u64,
    /// The primary's name; empty before the group's birth.
    pub primary: String,
    /// The replicas that hold every committed order.
    pub in_sync: Vec<String>,
    /// Fewer than this commit nothing.
    pub min_in_sync: u64,
    /// Each replica that answered, and each one that should have.
    pub replicas: Vec<Replica>,
    /// The latest reigns, newest first. The first one of all has the cause `birth` and is no failover.
    pub failovers: Vec<Failover>,
}

/// One replica.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Replica {
    /// Its name, like `replica-0`.
    pub name: String,
    /// `waiting`, `backup`, `learner`, `primary`, `draining`, `halted`, or `unreachable`.
    pub role: String,
    /// The epoch it has promised.
    pub epoch: u64,
    /// The last entry on its disk.
    pub durable: u64,
    /// The last entry it knows to be committed.
    pub committed: u64,
    /// Its disk, 32 hexadecimal digits.
    pub storage_id: String,
    /// Whether log and disk are sound.
    pub healthy: bool,
    /// What is wrong, if something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// One change of the primary.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Failover {
    /// The epoch it began.
    pub epoch: u64,
    /// Who leads since.
    pub primary: String,
    /// Who led before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// `birth`, `died`, `silent`, `stalled`, `asked`, `leaving`, `restarted` or `rebuilt`.
    pub cause: String,
    /// When the first sign was seen.
    pub suspected_at: Timestamp,
    /// When the change was decided.
    pub decided_at: Timestamp,
    /// When the new primary saw the view that names it.
    pub seen_at: Timestamp,
    /// Log time of its first entry.
    pub started_at: Timestamp,
    /// From the sign to the decision, in ms.
    pub detect_ms: u64,
    /// From the decision to the new primary's first entry, in ms.
    pub take_over_ms: u64,
}

/// The body of `POST /v1/cluster/promote`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Promote {
    /// Who shall lead: a replica of the in-sync set.
    pub to: String,
    /// The epoch the caller saw; another one is refused.
    pub expect_epoch: u64,
}

/// The body of `POST /v1/cluster/rebuild-view`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RebuildView {
    /// The epoch the caller saw; another one is refused.
    pub expect_epoch: u64,
}

/// The body of `POST /v1/cluster/force-loss`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceLoss {
    /// The one replica whose disk is kept. What it lacks is lost; all others are copied anew.
    pub keep: String,
    /// The epoch the caller saw; another one is refused.
    pub expect_epoch: u64,
}
