//! The loop's reading: members that come and go, the store's watch, the word of front ends.
use super::pods;
use crate::clock::Clock;
use crate::observe::Observer;
use group::choose::{Link, Store};
use group::{Pod, Time};
use member::client::Watch;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use view::{Sight, StoreError};

const DEADLINE: Duration = Duration::from_secs(20);

/// Port 1 is never listened at: connections are refused.
fn nowhere() -> BTreeMap<Pod, String> {
    pods().into_iter().map(|pod| (pod, "127.0.0.1:1".to_owned())).collect()
}

struct Scene {
    observer: Observer,
    members: watch::Sender<BTreeMap<Pod, String>>,
    sight: watch::Sender<Sight>,
}

fn scene(there: BTreeMap<Pod, String>) -> Scene {
    let (members, directory) = watch::channel(there);
    let (sight, shown) = watch::channel(Sight::Unread);
    let observer = Observer::new(Clock::start(), Watch::start("controller-0", directory), shown);
    Scene { observer, members, sight }
}

impl Scene {
    /// Takes in what comes until it is as wanted.
    async fn until(&mut self, wanted: impl Fn(&Observer) -> bool) {
        let watching = async {
            loop {
                self.observer.take_members();
                if wanted(&self.observer) {
                    return;
                }
                self.observer.changed().await;
            }
        };
        timeout(DEADLINE, watching).await.expect("it is seen in time");
    }
}

fn link(observer: &Observer, pod: &Pod) -> Option<Link> {
    observer.seen.member(pod).map(|member| member.link)
}

#[tokio::test]
async fn a_pod_that_is_no_longer_in_the_directory_is_forgotten_and_no_other() {
    let mut scene = scene(nowhere());
    scene.until(|observer| pods().iter().all(|pod| link(observer, pod) == Some(Link::Refused))).await;
    let last = pods().pop().unwrap();
    scene.members.send_modify(|members| drop(members.remove(&last)));
    scene.until(|observer| link(observer, &last).is_none()).await;
    assert_eq!(link(&scene.observer, &pods()[0]), Some(Link::Refused));
}

#[tokio::test]
async fn v2_what_a_watch_shows_is_no_fresh_read() {
    let mut scene = scene(BTreeMap::new());
    scene.sight.send_replace(Sight::Missing);
    scene.until(|observer| *observer.seen.store() == Store::Missing).await;
    assert_eq!(scene.observer.seen.read_afresh(), None);
    scene.observer.take_read(&Err(StoreError::Stopped), Time(7));
    assert_eq!(scene.observer.seen.read_afresh(), Some(Time(7)));
    assert!(matches!(scene.observer.seen.store(), Store::Unreadable(_)));
}

#[tokio::test]
async fn a_store_that_was_not_read_yet_is_not_one_without_a_view() {
    let mut scene = scene(BTreeMap::new());
    scene.sight.send_replace(Sight::Unread);
    timeout(DEADLINE, scene.observer.changed()).await.unwrap();
    assert_eq!(*scene.observer.seen.store(), Store::Unread);
}
