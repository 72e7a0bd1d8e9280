//! What the loop has found, for whoever builds around the group: the view, the disks that answer, the conditions. Plain data.
use crate::conditions::{Condition, Kind};
use group::choose::{Member, Seen, Store};
use group::{Epoch, Pod, StorageId, View};
use std::collections::BTreeMap;

/// How the group looks to one controller.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Picture {
    /// The view, if the store holds one that can be read.
    pub(crate) view: Option<View>,
    /// Whether the store has been read at all.
    pub(crate) read: bool,
    /// The disk of every member that answers.
    pub(crate) disks: BTreeMap<Pod, StorageId>,
    /// What holds of the group, and why.
    pub(crate) conditions: Vec<Condition>,
    /// The last failover that this controller wrote: its epoch, and how long it took in ms.
    pub(crate) took: Option<(Epoch, u64)>,
}

impl Picture {
    pub(crate) fn take(seen: &Seen, conditions: &[Condition], took: Option<(Epoch, u64)>) -> Picture {
        let answers = seen.members().filter_map(|(pod, member)| Some((pod, Member::answer(member)?)));
        Picture {
            view: seen.view().cloned(),
            read: !matches!(seen.store(), Store::Unread),
            disks: answers.map(|(pod, status)| (pod.clone(), status.me.storage)).collect(),
            conditions: conditions.to_vec(),
            took,
        }
    }

    /// Whether this is known to hold.
    pub(crate) fn holds(&self, kind: Kind) -> bool {
        self.conditions.iter().any(|condition| condition.kind == kind && condition.holds == Some(true))
    }

    /// The view, unless it is not to be trusted (V3).
    pub(crate) fn trusted(&self) -> Option<&View> {
        self.view.as_ref().filter(|_| !self.holds(Kind::ViewLost))
    }

    /// Whether this pod's disk is in the set. A pod that does not answer is taken by its name: the primary tells disks apart.
    pub(crate) fn in_sync(&self, pod: &Pod) -> bool {
        let disk = self.disks.get(pod);
        let named = self.view.as_ref().and_then(|view| view.in_sync.get(pod));
        named.is_some_and(|storage| disk.is_none_or(|disk| disk == storage))
    }
}
