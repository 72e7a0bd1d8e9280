//! What becomes of a snapshot that is fetched while views, messages and the member's own snapshots come between (C1, W5).
use crate::hand::{ByHand, followed, led_by, peer, says};
use group::{BootId, Epoch, Message, Peer, Position};
use member::disk::simulated::SimulatedDisk;
use member::disk::{BLOCK, Disk as _};
use member::store::Opening;
use member::{Asked, Given, Machine as _};

fn holder() -> Peer {
    peer("replica-0", 10, 20)
}
fn learner(boot: u128) -> Peer {
    peer("replica-1", boot, boot)
}

/// A primary alone in its set, with a snapshot of the start of its epoch.
fn holding() -> ByHand {
    let mut held = ByHand::start(&SimulatedDisk::new(), &holder());
    held.sees(led_by(&holder(), 1, 3));
    held.rest();
    held
}
/// It takes one more order, and has a snapshot of that as well.
fn moves_on(held: &mut ByHand) {
    let before = held.tail();
    drop(held.told(8, 8));
    held.rest();
    assert_eq!(held.tail().seq, before.seq + 1);
}

const TAKE: Message = Message::TakeSnapshot { epoch: Epoch::new(0, 3) };
fn take(member: &mut ByHand) {
    member.hears(&holder(), &TAKE);
}
/// Its first entry, as it would say it to a member that lacks it.
fn append(held: &ByHand, commit: u64) -> Message {
    let entries = held.driven.core().entries(0, 1).cloned().collect();
    Message::Append { epoch: Epoch::new(0, 3), nonce: 1, prev: Position::default(), entries, commit }
}

/// A learner that has been told to take a snapshot, and the number of its fetch.
fn fetching() -> (ByHand, u64) {
    let mut member = ByHand::start(&SimulatedDisk::new(), &learner(1));
    member.sees(led_by(&holder(), 1, 3));
    take(&mut member);
    let number = member.driven.fetches().unwrap().1;
    (member, number)
}

/// The same, offered what the line's holder has: the first piece is asked for.
fn offered(line: &mut Line<'_>) -> (ByHand, u64, Asked) {
    let (mut member, number) = fetching();
    let pull = member.driven.first_pull();
    member.turn(|driven| assert!(driven.given(number, line.give(pull))));
    member.turn(|_| ());
    let asked = member.driven.next_pull().unwrap();
    (member, number, asked)
}

/// A connection for a snapshot: what was asked is answered, and what remains of it is remembered.
struct Line<'a> {
    holder: &'a ByHand,
    remembers: Option<member::snapshot::SnapshotFile>,
}
impl Line<'_> {
    fn to(holder: &ByHand) -> Line<'_> {
        Line { holder, remembers: None }
    }
    fn give(&mut self, asked: Asked) -> Given {
        self.holder.driven.give(&mut self.remembers, asked)
    }
    /// Fetches all that is asked for, until the snapshot is in the log's place.
    fn fetch_all(&mut self, member: &mut ByHand, number: u64, first: Asked) {
        let mut asked = Some(first);
        for _ in 0..50 {
            let given = asked.take().map(|asked| self.give(asked));
            member.turn(|driven| assert!(given.is_none_or(|given| driven.given(number, given)), "there is a snapshot"));
            asked = member.driven.next_pull();
        }
        assert_eq!(member.tail(), self.holder.tail());
        assert_eq!(member.driven.machine().digest(), self.holder.driven.machine().digest());
    }
}

#[test]
fn a_fetch_goes_on_while_the_epoch_lasts_even_if_the_learner_knew_the_epoch_from_its_disk() {
    let disk = SimulatedDisk::new();
    ByHand::start(&disk, &learner(1)).sees(led_by(&holder(), 1, 3));
    let mut member = ByHand::start(&disk, &learner(2));
    take(&mut member);
    let begun = member.driven.fetches();
    assert_eq!(begun.as_ref().map(|(from, _)| from), Some(&holder().pod));
    member.sees(led_by(&holder(), 2, 3));
    assert_eq!(member.driven.fetches(), begun, "another set of the same epoch");
    member.sees(led_by(&holder(), 3, 4));
    assert_eq!(member.driven.fetches(), None, "in another epoch the primary says anew what it wants");
}

#[test]
fn what_arrives_late_of_an_earlier_fetch_does_not_end_the_one_that_was_begun_since() {
    let held = holding();
    let (mut member, first) = fetching();
    let (late, late_too) = (member.driven.first_pull(), member.driven.first_pull());
    let pull = member.driven.first_pull();
    Line::to(&held).fetch_all(&mut member, first, pull);
    // Meanwhile the primary's log has moved on, and a newer snapshot is needed.
    take(&mut member);
    let second = member.driven.fetches();
    assert_ne!(second.as_ref().map(|(_, number)| *number), Some(first));
    member.turn(|driven| assert!(driven.given(first, Line::to(&held).give(late))));
    assert_eq!(member.driven.fetches(), second, "the first fetch has ended, and says nothing about the second");
    let second = second.unwrap().1;
    member.turn(|driven| assert!(driven.given(second, Line::to(&held).give(late_too))));
    assert_eq!(member.driven.fetches(), None, "a snapshot that tells nothing new is of no use");
    take(&mut member);
    assert!(member.driven.fetches().is_some(), "what was given up is begun again when it is still wanted");
}

#[test]
fn a_fetch_is_given_up_when_the_log_has_grown_meanwhile() {
    let mut held = holding();
    let first_entry = append(&held, 0);
    moves_on(&mut held);
    let (mut member, number) = fetching();
    let pull = member.driven.first_pull();
    member.hears(&holder(), &first_entry);
    assert_eq!((member.tail().seq, member.driven.core().commit()), (1, 0));
    member.turn(|driven| assert!(driven.given(number, Line::to(&held).give(pull))));
    assert_eq!(member.driven.fetches(), None, "what it has acknowledged since must not be replaced");
}

#[test]
fn a_snapshot_that_was_begun_is_gone_on_with_when_there_is_a_newer_one() {
    let mut held = holding();
    let first = held.tail();
    let mut line = Line::to(&held);
    let (mut member, number, begun) = offered(&mut line);
    let remembers = line.remembers;
    moves_on(&mut held);
    let piece = Line { holder: &held, remembers }.give(begun);
    member.turn(|driven| assert!(driven.given(number, piece)));
    member.rest();
    assert_eq!(member.tail(), first);
}

/// A learner with one entry, of which a snapshot is due in the next turn.
fn due(held: &ByHand) -> ByHand {
    let mut member = ByHand::start(&SimulatedDisk::new(), &learner(1));
    member.sees(led_by(&holder(), 1, 3));
    member.hears(&holder(), &append(held, 1));
    assert_eq!(member.tail().seq, 1);
    member
}

#[test]
fn w5_whoever_is_offered_a_snapshot_gives_up_the_one_that_it_is_making() {
    let mut held = holding();
    let mut member = due(&held);
    moves_on(&mut held);
    // Its own is begun in this turn.
    member.turn(|_| ());
    take(&mut member);
    let (_, number) = member.driven.fetches().unwrap();
    let pull = member.driven.first_pull();
    Line::to(&held).fetch_all(&mut member, number, pull);
    assert_eq!(member.snapshots_made(), 0);
}

#[test]
fn w5_whoever_fetches_a_snapshot_makes_none_until_it_is_loaded() {
    let mut held = holding();
    let mut member = due(&held);
    moves_on(&mut held);
    let mut line = Line::to(&held);
    let mut fetch = None;
    member.turn(|driven| {
        says(driven, &holder(), &TAKE);
        fetch = driven.fetches();
        let pull = driven.first_pull();
        assert!(driven.given(fetch.as_ref().unwrap().1, line.give(pull)));
    });
    member.turn(|_| ());
    let pull = member.driven.next_pull().unwrap();
    member.turn(|driven| assert!(driven.given(fetch.unwrap().1, line.give(pull))));
    (0..5).for_each(|_| member.turn_without_load(|_| ()));
    assert!(member.driven.has_load());
    member.rest();
    assert_eq!((member.tail(), member.snapshots_made()), (held.tail(), 0));
}

#[test]
fn w5_a_snapshot_is_there_when_all_that_is_in_it_is_committed_and_not_before() {
    let (mut primary, mut backup) = followed(&holder(), &learner(1));
    primary.rest();
    backup.follow(&mut primary);
    let before = primary.snapshots_made();
    drop(primary.told(8, 8));
    primary.rest();
    assert_eq!(primary.snapshots_made(), before);
    backup.follow(&mut primary);
    primary.rest();
    assert_eq!(primary.snapshots_made(), before + 1);
}

#[test]
fn the_next_snapshot_is_due_when_half_as_much_as_the_last_has_been_written() {
    let mut held = holding();
    drop(held.told(40 * BLOCK, 8));
    held.rest();
    let before = held.snapshots_made();
    let small = |held: &mut ByHand, count: usize| {
        for _ in 0..count {
            drop(held.told(8, 8));
            held.turn(|_| ());
        }
        held.rest();
        held.snapshots_made()
    };
    assert_eq!(small(&mut held, 15), before, "a block each");
    assert_eq!(small(&mut held, 10), before + 1);
}

#[test]
fn a_snapshot_is_due_at_once_if_the_next_start_would_have_much_to_read() {
    const SEGMENT: u32 = 8 * BLOCK as u32;
    let disk = SimulatedDisk::new();
    let started = |boot, snapshot_every_bytes| {
        let me = Peer { boot: BootId(boot), ..holder() };
        let opening = Opening { segment_bytes: SEGMENT, ..Opening::new(me.boot, me.storage) };
        ByHand::open(&disk, &me, opening, snapshot_every_bytes)
    };
    let mut before = started(20, usize::MAX);
    before.sees(led_by(&holder(), 1, 3));
    for _ in 0..50 {
        drop(before.told(8, 8));
        before.turn(|_| ());
    }
    assert_eq!(before.snapshots_made(), 0);
    for (boot, snapshot_every_bytes, made) in [(21, 6 * SEGMENT as usize, 0), (22, 3 * SEGMENT as usize, 1)] {
        let mut after = started(boot, snapshot_every_bytes);
        after.rest();
        assert_eq!(after.snapshots_made(), made, "four full segments lie there");
    }
}

#[test]
fn a_snapshot_that_arrives_spoilt_is_asked_for_again_and_others_are_heard_meanwhile() {
    let held = holding();
    let is_snapshot = |name: &String| name.starts_with("snapshot");
    let snapshot = held.disk.names().unwrap().into_iter().find(is_snapshot).unwrap();
    let spoil = || held.disk.flip(&snapshot, 0, 0);
    spoil();
    let mut line = Line::to(&held);
    let (mut member, number, pull) = offered(&mut line);
    member.turn(|driven| assert!(driven.given(number, line.give(pull))));
    assert!(!member.driven.listens());
    member.turn(|_| ());
    assert!(member.driven.listens());
    spoil();
    let pull = member.driven.next_pull().unwrap();
    Line::to(&held).fetch_all(&mut member, number, pull);
}

#[test]
fn nobody_is_heard_from_the_last_piece_on_until_the_snapshot_is_in_the_logs_place() {
    let held = holding();
    let mut line = Line::to(&held);
    let (mut member, number, pull) = offered(&mut line);
    assert!(member.driven.listens());
    member.turn(|driven| {
        assert!(driven.given(number, line.give(pull)));
        assert!(driven.installs() && !driven.listens());
    });
    member.rest();
    assert!(member.driven.listens());
    assert_eq!(member.tail(), held.tail());
}
