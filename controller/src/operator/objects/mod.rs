//! The objects of an installation, as they are to be. Pure: from the resource to JSON, with no look at what exists but the number
//! of replicas that the group still needs.
mod access;
mod frontend;
mod network;
mod pod;
mod postcode;
mod replicas;

pub(crate) use replicas::{IN_SYNC_GATE, MEMBER_PORT};

use super::installation::Installation;
use serde_json::Value;

/// What of the existing replicas the objects depend on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Existing {
    /// How many replicas the StatefulSet has, which may be more than wished while some leave.
    pub(crate) replicas: i32,
    /// The volume's size and class in the StatefulSet that exists: they cannot change there.
    pub(crate) claim: Option<Value>,
}

/// All of them, in the order in which they are applied: rights before the pods that need them.
pub(crate) fn objects(installation: &Installation, existing: &Existing) -> Vec<Value> {
    let parts = [
        access::objects(installation),
        network::objects(installation),
        replicas::objects(installation, existing),
        postcode::objects(installation),
        frontend::objects(installation),
    ];
    parts.into_iter().flatten().collect()
}
