//! The steps of a rebuild (V3), turn by turn: who is told what, when the view is written, and when it is too late for that (P1).
use super::*;
use controller::{Rebuilding, Turn};
use group::Now;

/// A rebuild that was begun at `ms(1)` on a view that is gone, and what has been seen since.
fn begun() -> (Seen, Rebuilding) {
    let mut seen = well();
    seen.stored(Store::Missing, true, ms(1));
    let rebuilding = Rebuilding::begin(&seen, None, 2, ms(1)).expect("a view that is gone can be rebuilt");
    assert_eq!(rebuilding.loss(), 1);
    (seen, rebuilding)
}

/// What a turn at that moment comes to: whether members are told, and when to look again; or the end.
fn turn(rebuilding: &mut Rebuilding, seen: &Seen, at: Time) -> String {
    match rebuilding.turn(seen, Now { mono: at, wall: 0 }) {
        Turn::Wait { tell, until } => format!("tell {}, again at {}", tell.is_some(), until.ms_since(ms(0))),
        Turn::End(Ok(repair)) => format!("write {}", repair.next.epoch),
        Turn::End(Err(refused)) => refused.to_string(),
    }
}

fn all_promise(seen: &mut Seen, at: Time) {
    for n in 0..3 {
        seen.answered(Status { promised: Epoch::new(1, 0), ..status(n) }, at);
    }
}

#[test]
fn v3_members_are_told_at_once_and_every_twenty_milliseconds_what_to_promise_until_they_have() {
    let (mut seen, mut rebuilding) = begun();
    let mut turn = |seen: &Seen, at| turn(&mut rebuilding, seen, ms(at));
    assert_eq!(turn(&seen, 1), "tell true, again at 21");
    assert_eq!(turn(&seen, 9), "tell false, again at 21");
    assert_eq!(turn(&seen, 30), "tell true, again at 50");
    all_promise(&mut seen, ms(31));
    assert_eq!(turn(&seen, 31), "write 1.3");
}

#[test]
fn p1_a_rebuild_whose_time_is_over_writes_nothing() {
    let (mut seen, mut rebuilding) = begun();
    assert_eq!(turn(&mut rebuilding, &seen, ms(1_490)), "tell true, again at 1501");
    let late = turn(&mut rebuilding, &seen, ms(1_501));
    assert!(late.contains("have not promised"), "{late}");
    let (_, mut rebuilding) = begun();
    all_promise(&mut seen, ms(1_400));
    let late = turn(&mut rebuilding, &seen, ms(1_501));
    assert!(late.contains("too slow") && late.contains("repeat"), "{late}");
}
