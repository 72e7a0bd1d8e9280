//! Where the pods behind a headless Service are, from its EndpointSlices. Knows names and addresses, not whether a pod is well.
use super::follow::{Following, Objects, Selector, follow};
use crate::limits::{GONE_KEPT, GUESS_AFTER, GUESSED, MEMBER_PORT};
use group::Pod;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use kube::{Api, Client};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

/// Name of the port at which members are reached.
const PORT: &str = "member";

/// The addresses of the pods behind one headless Service, kept up to date while this is there. Pods that are not ready are among them:
/// a member must be reached to become ready.
#[derive(Debug)]
pub struct Addresses {
    known: Arc<watch::Sender<Known>>,
    _following: Following,
}

/// Pod → `host:port`.
type Known = BTreeMap<Pod, String>;

impl Addresses {
    /// Begins to follow. If the API server cannot be asked at first, or keeps silent for some time, names are guessed as a StatefulSet's,
    /// `SERVICE-0.SERVICE:7400` and so on, until it answers. Needs a tokio runtime.
    pub fn follow(client: Client, namespace: &str, service: &str) -> Addresses {
        let known = Arc::new(watch::Sender::new(Known::new()));
        let telling = Arc::clone(&known);
        let mut lines = Lines::default();
        let told = move |slices: &Objects<EndpointSlice>| {
            let seen = lines.take(pods(slices.values()), Instant::now());
            telling.send_if_modified(|known| (*known != seen).then(|| *known = seen).is_some());
        };
        let selector = Selector::Label(format!("kubernetes.io/service-name={service}"));
        let what = format!("EndpointSlices of Service {namespace}/{service}");
        let following = follow(Api::namespaced(client, namespace), selector, what, told);
        tokio::spawn(guess(Arc::downgrade(&known), following.failed(), service.to_owned()));
        Addresses { known, _following: following }
    }

    /// All pods and where they are; what is known already is not news.
    pub fn watch(&self) -> watch::Receiver<BTreeMap<Pod, String>> {
        self.known.subscribe()
    }
}

/// What the API server said, and what it said before of pods that it no longer names.
///
/// A pod deleted by force is gone from the slices at once, while its process has some seconds to hand over (H1). Whoever cut the
/// connection to it then would take that away from it.
#[derive(Default)]
struct Lines {
    known: Known,
    gone: BTreeMap<Pod, Instant>,
}

impl Lines {
    fn take(&mut self, mut seen: Known, now: Instant) -> Known {
        self.gone.retain(|pod, _| !seen.contains_key(pod));
        for (pod, address) in &self.known {
            if !seen.contains_key(pod) && now - *self.gone.entry(pod.clone()).or_insert(now) < GONE_KEPT {
                seen.insert(pod.clone(), address.clone());
            }
        }
        self.known.clone_from(&seen);
        seen
    }
}

/// While the API server is away, a member that was started again is missed by every write until it finds its peers.
async fn guess(known: Weak<watch::Sender<Known>>, failed: Arc<Notify>, service: String) {
    let _either_way = timeout(GUESS_AFTER, failed.notified()).await;
    let Some(known) = known.upgrade() else { return };
    let guessed = (0..GUESSED).map(|number| {
        let pod = format!("{service}-{number}");
        (Pod::new(&pod), format!("{pod}.{service}:{MEMBER_PORT}"))
    });
    known.send_if_modified(|known| known.is_empty().then(|| known.extend(guessed)).is_some());
}

/// All pods that the slices name, each at its best address.
fn pods<'a>(slices: impl Iterator<Item = &'a EndpointSlice>) -> Known {
    let mut best: BTreeMap<Pod, (u8, String)> = BTreeMap::new();
    for slice in slices {
        let Some(port) = port(slice) else { continue };
        for endpoint in &slice.endpoints {
            let Some((pod, address)) = at(endpoint, port) else { continue };
            let offered = (worth(endpoint), address);
            let held = best.entry(pod).or_insert_with(|| offered.clone());
            if offered.0 > held.0 {
                *held = offered;
            }
        }
    }
    best.into_iter().map(|(pod, (_, address))| (pod, address)).collect()
}

fn port(slice: &EndpointSlice) -> Option<u16> {
    let ports = slice.ports.as_deref().unwrap_or_default();
    let named = ports.iter().find(|port| port.name.as_deref() == Some(PORT))?;
    u16::try_from(named.port?).ok()
}

fn at(endpoint: &Endpoint, port: u16) -> Option<(Pod, String)> {
    let target = endpoint.target_ref.as_ref().filter(|target| target.kind.as_deref() == Some("Pod"));
    let name = target.and_then(|target| target.name.as_deref()).or(endpoint.hostname.as_deref())?;
    let address: IpAddr = endpoint.addresses.first()?.parse().ok()?;
    Some((Pod::new(name), SocketAddr::new(address, port).to_string()))
}

/// Of two addresses of one pod, the one that is not about to end, and then the one that is ready, is where it is.
fn worth(endpoint: &Endpoint) -> u8 {
    let conditions = endpoint.conditions.clone().unwrap_or_default();
    let stays = conditions.terminating != Some(true);
    let serves = conditions.ready == Some(true) || conditions.serving == Some(true);
    u8::from(stays) * 2 + u8::from(serves)
}

#[cfg(test)]
#[path = "addresses_tests.rs"]
mod tests;
