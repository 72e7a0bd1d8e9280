//! The whole controller against a real view directory: without members, and with three that run in this process.
mod apply;
mod found;
mod group;
mod member;
mod observing;
mod port;
mod turns;

use crate::clock::Clock;
use crate::control::{Control, Request};
use crate::metrics::Metrics;
use crate::observe::Observer;
use ::group::choose::Wish;
use ::group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View};
use ::member::Directory;
use ::member::client::Watch;
use ::view::{FileStore, ViewStore};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

fn pods() -> Vec<Pod> {
    (0..3).map(|n| Pod::new(&format!("replica-{n}"))).collect()
}

/// The first view of the three.
fn first() -> View {
    View {
        group: GroupId(7),
        version: 1,
        epoch: Epoch::new(0, 1),
        primary: pods()[0].clone(),
        primary_boot: BootId(100),
        in_sync: pods().into_iter().zip([0, 1, 2].map(StorageId)).collect(),
        members: pods().into_iter().collect(),
        min_in_sync: 2,
        change: Change { cause: Cause::Birth, suspected_at: 1, decided_at: 1 },
    }
}

/// A controller's loop that runs, and what its port would hold.
struct Running {
    requests: mpsc::Sender<Request>,
    metrics: Metrics,
    ready: Arc<AtomicBool>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    fn start(name: &str, views: &Path, members: Directory, draw_jitter_ms: fn() -> u64) -> Running {
        let store = FileStore::open(views).unwrap();
        let observer = Observer::new(Clock::start(), Watch::start(name, members), store.watch());
        let (metrics, ready) = (Metrics::new(), Arc::new(AtomicBool::new(false)));
        let wish = Wish {
            members: pods().into_iter().collect(),
            min_in_sync: 2,
            group: GroupId(1),
            jitter_ms: draw_jitter_ms(),
        };
        let (store, draw) = (Arc::new(store), Box::new(draw_jitter_ms));
        let control = Control::new(name.into(), observer, store, wish, draw, metrics.clone(), ready.clone());
        let (requests, inbox) = mpsc::channel(8);
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(control.run(inbox, async { drop(stopped.await) }));
        Running { requests, metrics, ready, stop, ended }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(5), self.ended).await.expect("it stops in time").unwrap();
    }
}
