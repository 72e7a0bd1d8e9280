//! What is done by the clock (T1): what is due, and what an outage moves.
use crate::caller::{Caller, Request};
use crate::hand::{ByHand, followed, led_by, peer};
use crate::obliging::{ALARM, command};
use group::{Body, Cause, Change, Peer};
use member::disk::simulated::SimulatedDisk;
use member::limits::TIMERS;
use member::{Consistency, Seen};

fn me(boot: u128) -> Peer {
    peer("replica-0", 10, boot)
}

#[test]
fn t1_what_is_due_is_done_in_slices_and_the_next_waits_until_the_last_is_committed() {
    let (mut primary, mut backup) = followed(&me(1), &peer("replica-1", 20, 2));
    let slice = TIMERS as u64;
    let before = primary.tail().seq;
    drop(primary.told(ALARM, 8));
    primary.turn(|_| ());
    assert_eq!(primary.tail().seq, before + 1 + slice);
    let mut others = primary.told(8, 8);
    primary.rest();
    assert_eq!(primary.tail().seq, before + 2 + slice, "clients go on while they are under way");
    backup.hear(&mut primary);
    primary.hears(backup.me(), &backup.ack());
    primary.rest();
    assert!(others.so_far().flatten().unwrap().is_ok());
    assert_eq!(primary.tail().seq, before + 2 + 2 * slice);
}

/// How long an outage is told of when this process takes over, in s; how it came to lead, and when the group was first suspected to
/// stand still, in ms after the last entry.
fn outage(cause: Cause, suspected_after_ms: u64, away_ms: u64) -> Option<usize> {
    let disk = SimulatedDisk::new();
    let mut before = ByHand::without_snapshots(&disk, &me(1));
    before.ahead_ms = 1_000_000;
    before.sees(led_by(&me(1), 1, 1));
    drop(before.told(8, 8));
    before.rest();
    let last = before.driven.core().entries(1, 2).next().unwrap().at;
    let mut after = ByHand::without_snapshots(&disk, &me(2));
    after.ahead_ms = last + away_ms;
    let change = Change { cause, suspected_at: last + suspected_after_ms, decided_at: 0 };
    after.sees(group::View { change, ..led_by(&me(2), 2, 2) });
    after.rest();
    let mut entries = after.driven.core().entries(3, after.tail().seq);
    let Body::App(delta) = &entries.next()?.body else { panic!("the machine's") };
    assert!(entries.next().is_none());
    Some(delta.len())
}

#[test]
fn t1_the_machine_is_told_how_long_nobody_could_work() {
    for cause in [Cause::Restarted, Cause::Rebuilt] {
        assert_eq!(outage(cause, 30_000, 90_000), Some(90), "{cause:?}: nobody watched");
    }
    for cause in [Cause::Died, Cause::Silent, Cause::Stalled] {
        assert_eq!(outage(cause, 25_000, 90_000), Some(65), "{cause:?}: it worked until it was suspected");
        assert_eq!(outage(cause, 35_000, 90_000), None, "{cause:?}: less than a minute moves nothing");
    }
    for cause in [Cause::Birth, Cause::Asked, Cause::Leaving] {
        assert_eq!(outage(cause, 0, 90_000), None, "{cause:?}: planned");
    }
}

#[test]
fn t1_a_group_that_has_done_nothing_yet_had_no_outage() {
    let mut primary = ByHand::start(&SimulatedDisk::new(), &me(1));
    primary.ahead_ms = 1_000_000;
    let change = Change { cause: Cause::Restarted, suspected_at: 0, decided_at: 0 };
    primary.sees(group::View { change, ..led_by(&me(1), 1, 1) });
    primary.rest();
    assert_eq!(primary.tail().seq, 1);
}

#[test]
fn t1_a_primary_whose_clock_is_behind_its_log_takes_the_logs_time_from_its_first_turn_on() {
    let disk = SimulatedDisk::new();
    let mut before = ByHand::without_snapshots(&disk, &me(1));
    before.ahead_ms = 1_000_000;
    before.sees(led_by(&me(1), 1, 1));
    for _ in 0..2 {
        drop(before.told(8, 8));
        before.rest();
    }
    let mut after = ByHand::without_snapshots(&disk, &me(2));
    let caller = Caller::greeted(&mut after, 1);
    // A read of the same turn is answered while it still follows, at the time of its clock.
    let mut read = after.asked(Consistency::Eventual, 8);
    after.turn(|driven| {
        driven.seen(Seen::View(led_by(&me(2), 2, 2)));
        caller.says(driven, [(5, Request::Submit(command(8, 8)))]);
    });
    assert!(read.so_far().flatten().unwrap().is_ok());
    let tail = after.tail().seq;
    let first = after.driven.core().entries(tail - 1, tail).next().unwrap();
    assert!(matches!(first.body, Body::App(_)) && first.at > 1_000_000);
    assert_eq!(after.driven.machine().at, first.at, "what it holds is what others will");
}
