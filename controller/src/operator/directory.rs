//! Where the members are, from their pods. Pure.
use super::objects::MEMBER_PORT;
use super::observed::Replica;
use group::Pod;
use std::collections::{BTreeMap, BTreeSet};

/// Where every pod is that is there, and where every pod that counts was last: a process may outlive its pod's object by
/// seconds, and a connection to it says more of it than the API server does.
pub(crate) fn directory(
    known: &BTreeMap<Pod, String>,
    pods: &BTreeMap<Pod, Replica>,
    counting: &BTreeSet<Pod>,
) -> BTreeMap<Pod, String> {
    let mut now: BTreeMap<_, _> = known.iter().map(|(pod, at)| (pod.clone(), at.clone())).collect();
    now.retain(|pod, _| counting.contains(pod) || pods.contains_key(pod));
    for (pod, replica) in pods.iter().filter(|(_, replica)| !replica.foreign) {
        if let Some(ip) = &replica.ip {
            let host = if ip.contains(':') { format!("[{ip}]") } else { ip.clone() };
            now.insert(pod.clone(), format!("{host}:{MEMBER_PORT}"));
        }
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ip: &str) -> Replica {
        Replica { ip: Some(ip.into()), ..Replica::default() }
    }

    #[test]
    fn a_member_without_a_pod_is_where_it_was_and_one_that_does_not_count_is_gone() {
        let pods = [(Pod::new("r-0"), at("10.0.0.1")), (Pod::new("r-3"), at("fd00::3"))].into();
        let counting = [Pod::new("r-0")].into();
        let known = directory(&BTreeMap::new(), &pods, &counting);
        assert_eq!(known[&Pod::new("r-3")], "[fd00::3]:7400");
        let known = directory(&known, &BTreeMap::new(), &counting);
        assert_eq!(known, [(Pod::new("r-0"), "10.0.0.1:7400".to_owned())].into());
        let pods = [(Pod::new("r-0"), at("10.0.0.9"))].into();
        assert_eq!(directory(&known, &pods, &counting)[&Pod::new("r-0")], "10.0.0.9:7400");
    }

    #[test]
    fn a_foreign_pod_is_not_spoken_to() {
        let foreign = Replica { foreign: true, ..at("10.0.0.1") };
        assert!(directory(&BTreeMap::new(), &[(Pod::new("r-0"), foreign)].into(), &BTreeSet::new()).is_empty());
    }
}
