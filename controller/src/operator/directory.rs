//! Where the members are, from their pods. Pure.
use super::objects::MEMBER_PORT;
use super::observed::Replica;
use crate::limits::GONE_KEPT;
use group::Pod;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Where every pod is that is there, and where every pod was last that counts or is gone only now: a process may outlive its pod's
/// object by seconds, and a connection to it says more of it than the API server does.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    known: BTreeMap<Pod, String>,
    gone: BTreeMap<Pod, Instant>,
}

impl Directory {
    /// Takes in the pods that there are, and which of them count; where all are.
    pub(crate) fn take(
        &mut self,
        pods: &BTreeMap<Pod, Replica>,
        counting: &BTreeSet<Pod>,
        now: Instant,
    ) -> &BTreeMap<Pod, String> {
        let Directory { known, gone } = self;
        gone.retain(|pod, _| !pods.contains_key(pod) && known.contains_key(pod));
        known.retain(|pod, _| {
            let stays = counting.contains(pod) || pods.contains_key(pod);
            stays || now - *gone.entry(pod.clone()).or_insert(now) < GONE_KEPT
        });
        for (pod, replica) in pods.iter().filter(|(_, replica)| !replica.foreign) {
            if let Some(ip) = &replica.ip {
                let host = if ip.contains(':') { format!("[{ip}]") } else { ip.clone() };
                known.insert(pod.clone(), format!("{host}:{MEMBER_PORT}"));
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ip: &str) -> Replica {
        Replica { ip: Some(ip.into()), ..Replica::default() }
    }

    #[test]
    fn a_member_without_a_pod_is_where_it_was_and_one_that_does_not_count_is_gone_after_a_while() {
        let (mut directory, now) = (Directory::default(), Instant::now());
        let pods = [(Pod::new("r-0"), at("10.0.0.1")), (Pod::new("r-3"), at("fd00::3"))].into();
        let counting = [Pod::new("r-0")].into();
        let known = directory.take(&pods, &counting, now);
        assert_eq!(known[&Pod::new("r-3")], "[fd00::3]:7400");
        for passed in [GONE_KEPT / 10, GONE_KEPT] {
            let known = directory.take(&BTreeMap::new(), &counting, now + passed);
            assert_eq!(known.len(), 2, "its process may still be there, {passed:?} later");
        }
        let known = directory.take(&BTreeMap::new(), &counting, now + GONE_KEPT * 2);
        assert_eq!(*known, [(Pod::new("r-0"), "10.0.0.1:7400".to_owned())].into());
        let pods = [(Pod::new("r-0"), at("10.0.0.9"))].into();
        assert_eq!(directory.take(&pods, &counting, now)[&Pod::new("r-0")], "10.0.0.9:7400");
    }

    #[test]
    fn a_foreign_pod_is_not_spoken_to() {
        let foreign = Replica { foreign: true, ..at("10.0.0.1") };
        let pods = [(Pod::new("r-0"), foreign)].into();
        assert!(Directory::default().take(&pods, &BTreeSet::new(), Instant::now()).is_empty());
    }
}
