//! How long a controller lets another one go first: drawn at random, and anew for every epoch (P1).
use super::{Running, first, pods};
use crate::control::Request;
use crate::limits::{JITTER_MAX_MS, JITTER_MIN_MS};
use crate::run::draw_jitter_ms;
use group::{BootId, Writer};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use view::{FileStore, ViewStore};

#[test]
fn p1_the_second_controller_waits_twenty_to_sixty_milliseconds_at_random() {
    let draws: BTreeSet<u64> = (0..400).map(|_| draw_jitter_ms()).collect();
    assert!(draws.iter().all(|draw| (JITTER_MIN_MS..=JITTER_MAX_MS).contains(draw)), "{draws:?}");
    assert!(draws.len() > 10, "two that wait equally long would only make one of two writes fail: {draws:?}");
}

static DRAWN: AtomicUsize = AtomicUsize::new(0);

fn counted() -> u64 {
    DRAWN.fetch_add(1, Ordering::Relaxed);
    40
}

/// Waits until the controller shows this version, and answers how often lots were drawn by then.
async fn drawn_by(running: &Running, version: u64) -> usize {
    let looking = async {
        loop {
            let (reply, answer) = oneshot::channel();
            running.requests.send(Request::Status(reply)).await.unwrap();
            if answer.await.unwrap()["view"]["version"] == version {
                return DRAWN.load(Ordering::Relaxed);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("it is seen in time")
}

#[tokio::test]
async fn p1_lots_are_drawn_anew_for_every_epoch_and_not_for_every_version() {
    let dir = TempDir::new().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    assert!(store.create(first()).await.is_written());
    // Nobody listens at port 1: nobody answers, so the controller writes nothing itself.
    let members = member::directory(pods().into_iter().map(|pod| (pod, "127.0.0.1:1".to_owned())));
    let running = Running::start("controller-1", dir.path(), members, counted);
    let at_first = drawn_by(&running, 1).await;
    let same = first().with_members([pods()[0].clone(), pods()[1].clone()].into(), 2);
    assert!(store.compare_and_swap(1, same.clone(), Writer::Controller).await.is_written());
    assert_eq!(drawn_by(&running, 2).await, at_first, "another version of the same epoch");
    let next = same.promote(&pods()[1], BootId(101), &same.in_sync, same.change);
    assert!(store.compare_and_swap(2, next, Writer::Controller).await.is_written());
    assert_eq!(drawn_by(&running, 3).await, at_first + 1, "another epoch");
    running.stop().await;
}
