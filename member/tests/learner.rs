//! A learner that is driven by hand: what views and late answers do to the snapshot that it fetches.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#[path = "cluster/ledger.rs"]
mod ledger;
use group::{BootId, Cause, Change, Epoch, GroupId, Message, Now, Peer, Pod, StorageId, Time, View};
use ledger::Ledger;
use member::disk::BLOCK;
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

/// A turn of the loop at this moment, in ms, in which this happens, and what the disk does about it.
fn at(member: &mut Driven<Ledger>, ms: u64, happens: impl FnOnce(&mut Driven<Ledger>)) {
    member.begin(Now { mono: Time(ms * 1_000), wall: 1_000 });
    happens(member);
    member.end(true);
    while member.has_write() || member.has_chore() || member.has_load() {
        assert!(member.write());
        member.keep();
        member.load();
    }
}
/// A turn in which no time passes.
fn turn(member: &mut Driven<Ledger>, happens: impl FnOnce(&mut Driven<Ledger>)) {
    at(member, 1, happens);
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

/// A primary alone in its set, with a snapshot of the start of its epoch: one small entry, but a whole block of the log, makes it due.
fn holder() -> Driven<Ledger> {
    let me = primary();
    let mut holder = Driven::start(Begin {
        pod: me.pod,
        disk: Arc::new(SimulatedDisk::new()),
        opening: Opening::new(me.boot, me.storage),
        machine: Ledger::default(),
        snapshot_every_bytes: BLOCK,
        speaks: group::limits::FORMAT,
    })
    .unwrap();
    turn(&mut holder, |holder| holder.seen(Seen::View(view(1, 3))));
    for ms in 2..60 {
        at(&mut holder, ms, |_| ());
    }
    holder
}

/// Fetches all that is asked for, until the snapshot is in the log's place.
fn fetch_all(learner: &mut Driven<Ledger>, holder: &Driven<Ledger>) {
    let (_, number) = learner.fetches().unwrap();
    let (mut held, mut asked) = (None, Some(learner.first_pull()));
    for ms in 2..60 {
        let given = asked.take().map(|asked| holder.give(&mut held, asked));
        at(learner, ms, |learner| {
            assert!(given.is_none_or(|given| learner.given(number, given)), "there is a snapshot")
        });
        asked = learner.next_pull();
    }
    assert_eq!(learner.core().tail(), holder.core().tail());
}

#[test]
fn what_arrives_late_of_an_earlier_fetch_does_not_end_the_one_that_was_begun_since() {
    let holder = holder();
    let mut learner = start(&SimulatedDisk::new(), 1);
    let take = |learner: &mut Driven<Ledger>| {
        let take = Message::TakeSnapshot { epoch: Epoch::new(0, 3) };
        turn(learner, |learner| learner.peer_said(&primary(), &says(&take)).unwrap());
    };
    turn(&mut learner, |learner| learner.seen(Seen::View(view(1, 3))));
    take(&mut learner);
    let (_, first) = learner.fetches().unwrap();
    let (late, late_too) = (learner.first_pull(), learner.first_pull());
    fetch_all(&mut learner, &holder);
    // Meanwhile the primary's log has moved on, and a newer snapshot is needed.
    take(&mut learner);
    let second = learner.fetches();
    assert_ne!(second.as_ref().map(|(_, number)| *number), Some(first));
    turn(&mut learner, |learner| assert!(learner.given(first, holder.give(&mut None, late))));
    assert_eq!(learner.fetches(), second, "the first fetch has ended, and says nothing about the second");
    let second = second.unwrap().1;
    turn(&mut learner, |learner| assert!(learner.given(second, holder.give(&mut None, late_too))));
    assert_eq!(learner.fetches(), None, "a snapshot that tells nothing new is of no use");
    take(&mut learner);
    assert!(learner.fetches().is_some(), "what was given up is begun again when it is still wanted");
}
