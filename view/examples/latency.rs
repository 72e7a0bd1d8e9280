//! How long a compare-and-swap of a view takes on a real API server, and how soon another store sees it. Uses the current kubeconfig:
//! `cargo run -p view --example latency -- NAMESPACE`. Makes one ConfigMap of its own and deletes it.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on says where")]
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View, Writer};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::DeleteParams;
use std::time::{Duration, Instant};
use view::ViewStore;
use view::kubernetes::{self, ConfigMapStore};

const NAME: &str = "latency-view";
const ROUNDS: u128 = 300;

fn first() -> View {
    let pods = ["replica-0", "replica-1", "replica-2"].map(Pod::new);
    View {
        group: GroupId(7),
        version: 1,
        epoch: Epoch::new(0, 1),
        primary: pods[0].clone(),
        primary_boot: BootId(1),
        in_sync: pods.iter().cloned().zip((0..).map(StorageId)).collect(),
        members: pods.into(),
        min_in_sync: 2,
        change: Change { cause: Cause::Birth, suspected_at: 1, decided_at: 1 },
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let namespace = std::env::args().nth(1).expect("give a namespace");
    let client = kubernetes::connect().await.unwrap();
    let store = ConfigMapStore::open(client.clone(), &namespace, NAME);
    let other = ConfigMapStore::open(kubernetes::connect().await.unwrap(), &namespace, NAME);
    let mut current = first();
    let born = store.create(current.clone()).await;
    assert!(born.is_written(), "{born:?}");
    let (mut swaps, mut sights, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    let mut watch = other.watch();
    for boot in 2..ROUNDS + 2 {
        let next = current.promote(&current.primary, BootId(boot), &current.in_sync, current.change);
        let began = Instant::now();
        let swap = async {
            let outcome = store.compare_and_swap(current.version, next.clone(), Writer::Controller).await;
            assert!(outcome.is_written(), "{outcome:?}");
            swaps.push(began.elapsed());
        };
        let seen = async {
            watch.wait_for(|sight| sight.view() == Some(&next)).await.unwrap();
            sights.push(began.elapsed());
        };
        tokio::join!(swap, seen);
        let began = Instant::now();
        assert_eq!(other.get().await.unwrap().unwrap().version, next.version);
        reads.push(began.elapsed());
        current = next;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for (what, times) in [("swap written", swaps), ("swap seen by another", sights), ("fresh read", reads)] {
        print(what, times);
    }
    let api: Api<ConfigMap> = Api::namespaced(client, &namespace);
    api.delete(NAME, &DeleteParams::default()).await.unwrap();
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!("{what:21} p50 {:?}  p90 {:?}  p99 {:?}  max {:?}", at(50), at(90), at(99), at(100));
}
