//! A learner that is driven by hand: what a view does to the snapshot that it fetches.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#[path = "cluster/ledger.rs"]
mod ledger;
use group::{BootId, Cause, Change, Epoch, GroupId, Message, Now, Peer, Pod, StorageId, Time, View};
use ledger::Ledger;
use member::disk::simulated::SimulatedDisk;
use member::store::Opening;
use member::{Begin, Driven, Seen};
use std::sync::Arc;

fn primary() -> Peer {
    Peer { pod: Pod::new("replica-0"), storage: StorageId(10), boot: BootId(20) }
}

fn view(version: u64, epoch: u64) -> View {
    let primary = primary();
    View {
        group: GroupId(1),
        version,
        epoch: Epoch::new(0, epoch),
        in_sync: [(primary.pod.clone(), primary.storage)].into(),
        members: [primary.pod.clone(), Pod::new("replica-1")].into(),
        primary: primary.pod,
        primary_boot: primary.boot,
        min_in_sync: 1,
        change: Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 },
    }
}

fn start(disk: &SimulatedDisk, boot: u128) -> Driven<Ledger> {
    Driven::start(Begin {
        pod: Pod::new("replica-1"),
        disk: Arc::new(disk.clone()),
        opening: Opening::new(BootId(boot), StorageId(boot)),
        machine: Ledger::default(),
        snapshot_every_bytes: 1 << 20,
        speaks: group::limits::FORMAT,
    })
    .unwrap()
}

/// A turn of the loop in which this happens, and what the disk does about it.
fn turn(learner: &mut Driven<Ledger>, happens: impl FnOnce(&mut Driven<Ledger>)) {
    learner.begin(Now { mono: Time(1_000), wall: 1_000 });
    happens(learner);
    learner.end(false);
    while learner.has_write() {
        assert!(learner.write());
    }
}

fn says(message: &Message) -> Vec<u8> {
    let body = postcard::to_stdvec(message).unwrap();
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_le_bytes()[..], &body].concat()
}

#[test]
fn a_fetch_goes_on_while_the_epoch_lasts_even_if_the_learner_knew_the_epoch_from_its_disk() {
    let disk = SimulatedDisk::new();
    turn(&mut start(&disk, 1), |learner| learner.seen(Seen::View(view(1, 3))));
    let mut learner = start(&disk, 2);
    let take = Message::TakeSnapshot { epoch: Epoch::new(0, 3) };
    turn(&mut learner, |learner| learner.peer_said(&primary(), &says(&take)).unwrap());
    let begun = learner.fetches();
    assert_eq!(begun.as_ref().map(|(from, _)| from), Some(&primary().pod));
    turn(&mut learner, |learner| learner.seen(Seen::View(view(2, 3))));
    assert_eq!(learner.fetches(), begun, "another set of the same epoch");
    turn(&mut learner, |learner| learner.seen(Seen::View(view(3, 4))));
    assert_eq!(learner.fetches(), None, "in another epoch the primary says anew what it wants");
}
