//! What is too much: for one answer, for one entry, and for all that waits.
use crate::hand::{Answered, Asked, ByHand, followed, led_by, peer};
use group::Peer;
use member::Consistency::{Eventual, Strong};
use member::Rejection;
use member::disk::simulated::SimulatedDisk;
use member::limits::{DELTA_BYTES, HELD_BYTES, LOG_QUEUE_BYTES, REPLY_BYTES};

fn me() -> Peer {
    peer("replica-0", 10, 1)
}
fn alone() -> ByHand {
    let mut primary = ByHand::start(&SimulatedDisk::new(), &me());
    primary.sees(led_by(&me(), 1, 1));
    primary.rest();
    primary
}
fn rejection(mut asked: Asked<Answered>, of: &mut ByHand) -> Option<Rejection> {
    asked.answer(of).flatten().unwrap().err()
}

#[test]
fn what_is_larger_than_an_entry_or_a_frame_takes_is_refused_and_nothing_is_appended() {
    let mut primary = alone();
    let tail = primary.tail();
    let too_large = |max| Some(Rejection::TooLarge { max });
    for (asked, refused) in [
        (primary.told(DELTA_BYTES + 1, 8), too_large(DELTA_BYTES)),
        (primary.told(8, REPLY_BYTES + 1), too_large(REPLY_BYTES)),
        (primary.told(0, REPLY_BYTES + 1), too_large(REPLY_BYTES)),
        (primary.asked(Strong, REPLY_BYTES + 1), too_large(REPLY_BYTES)),
        (primary.asked(Eventual, REPLY_BYTES + 1), too_large(REPLY_BYTES)),
        (primary.asked(Strong, REPLY_BYTES), None),
    ] {
        assert_eq!(rejection(asked, &mut primary), refused);
    }
    assert_eq!(primary.tail(), tail);
    let largest = primary.told(DELTA_BYTES, REPLY_BYTES);
    assert_eq!(rejection(largest, &mut primary), None);
    assert_eq!(primary.tail().seq, tail.seq + 1);
}

#[test]
fn while_too_many_bytes_wait_for_a_backup_whoever_asks_is_told_to_come_again() {
    let (mut primary, mut backup) = followed(&me(), &peer("replica-1", 20, 2));
    let mut waiting: Vec<_> =
        (0..HELD_BYTES.div_ceil(REPLY_BYTES)).map(|_| primary.asked(Strong, REPLY_BYTES)).collect();
    primary.turn(|_| ());
    assert!(waiting.iter_mut().all(|asked| asked.so_far().is_none()));
    for too_much in [primary.asked(Strong, 8), primary.asked(Eventual, 8), primary.told(8, 8), primary.told(0, 8)] {
        assert_eq!(rejection(too_much, &mut primary), Some(Rejection::Busy));
    }
    backup.follow(&mut primary);
    assert!(waiting.into_iter().all(|mut asked| asked.so_far().flatten().unwrap().is_ok()));
    let mut another = primary.told(8, 8);
    primary.turn(|_| ());
    backup.follow(&mut primary);
    assert!(another.so_far().flatten().unwrap().is_ok());
}

#[test]
fn while_the_disk_is_far_behind_nobody_is_heard_and_commands_are_told_to_come_again() {
    let mut primary = alone();
    let mut waiting: Vec<_> = (0..LOG_QUEUE_BYTES / DELTA_BYTES).map(|_| primary.told(DELTA_BYTES, 8)).collect();
    assert!(primary.driven.listens());
    primary.turn_without_disk(|_| ());
    assert!(!primary.driven.listens());
    let mut too_much = primary.told(8, 8);
    primary.turn_without_disk(|_| ());
    assert_eq!(too_much.so_far().flatten().unwrap().err(), Some(Rejection::Busy));
    primary.rest();
    assert!(primary.driven.listens());
    assert!(waiting.iter_mut().all(|asked| asked.so_far().flatten().is_some_and(|told| told.is_ok())));
}
