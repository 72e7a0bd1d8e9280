//! How a member ends, and what nobody hears of it once that is decided (D1, P5).
use crate::hand::{Answered, Asked, Backup, ByHand, followed, led_by, peer, says};
use group::{Epoch, EpochStart, Message, Position};
use member::{Ended, Seen};

/// A primary with a write that its backup holds, but has not said so.
fn waiting() -> (ByHand, Backup, Asked<Answered>) {
    let (mut primary, mut backup) = followed(&peer("replica-0", 10, 1), &peer("replica-1", 20, 2));
    let waiting = primary.told(8, 8);
    primary.turn(|_| ());
    backup.hear(&mut primary);
    (primary, backup, waiting)
}

#[test]
fn p5_a_primary_that_hears_of_more_than_it_holds_acknowledges_nothing_more() {
    let (mut primary, backup, mut waiting) = waiting();
    let (starts, tail) = (vec![EpochStart { epoch: Epoch::new(0, 2), seq: 0 }], Position { seq: 99, ..primary.tail() });
    let format = group::limits::FORMAT;
    let more = Message::Promised { epoch: Epoch::new(0, 2), starts, tail, commit: 99, format, clock: 1 };
    primary.turn_without_disk(|driven| {
        says(driven, backup.me(), &more);
        says(driven, backup.me(), &backup.ack());
    });
    assert!(waiting.so_far().is_none());
    primary.turn(|_| ());
    primary.turn(|_| ());
    assert!(matches!(primary.driven.ended(), Some(Ended::Reset { .. })));
    assert_eq!(waiting.so_far().flatten(), None);
}

#[test]
fn d1_a_primary_that_is_replaced_ends_and_acknowledges_nothing_more() {
    let (mut primary, backup, mut waiting) = waiting();
    primary.turn(|driven| {
        driven.seen(Seen::View(led_by(backup.me(), 3, 3)));
        says(driven, backup.me(), &backup.ack());
    });
    assert!(matches!(primary.driven.ended(), Some(Ended::Demoted { by }) if by == Epoch::new(0, 3)));
    assert_eq!(waiting.so_far().flatten(), None);
}
