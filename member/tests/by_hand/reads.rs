//! Who answers reads, and when it may (R1).
use crate::hand::{Answered, Asked, ByHand, followed, led_by, peer};
use group::{Epoch, Message, Peer};
use member::Consistency::{Eventual, Strong};
use member::disk::simulated::SimulatedDisk;
use member::limits::UNSETTLED_MS;
use member::{Consistency, Freshness, Rejection};

fn me(boot: u128) -> Peer {
    peer("replica-0", 10, boot)
}
fn other() -> Peer {
    peer("replica-1", 20, 2)
}

fn answers(member: &mut ByHand, consistency: Consistency) -> bool {
    let mut asked = member.asked(consistency, 8);
    asked.answer(member).flatten().is_some_and(|told| told.is_ok())
}

#[test]
fn a_primary_answers_all_reads_and_who_has_no_entry_yet_answers_none() {
    let mut member = ByHand::start(&SimulatedDisk::new(), &me(1));
    assert!(!answers(&mut member, Strong) && !answers(&mut member, Eventual), "nobody knows a view");
    member.sees(led_by(&other(), 2, 2));
    assert!(!answers(&mut member, Strong) && !answers(&mut member, Eventual), "no state that the group ever had");
    member.sees(led_by(&me(1), 3, 3));
    member.rest();
    assert!(answers(&mut member, Strong) && answers(&mut member, Eventual));
}

#[test]
fn who_follows_answers_what_need_not_be_new_but_not_while_a_snapshot_takes_its_place() {
    let disk = SimulatedDisk::new();
    let mut before = ByHand::start(&disk, &me(1));
    before.sees(led_by(&me(1), 2, 2));
    before.rest();
    let mut member = ByHand::start(&disk, &me(3));
    member.sees(led_by(&other(), 3, 3));
    assert!(answers(&mut member, Eventual));
    let told = member.asked(Strong, 8).answer(&mut member).flatten();
    assert!(
        matches!(told, Some(Err(Rejection::NotPrimary { .. }))),
        "R1: only a primary knows what is newest: {told:?}"
    );
    member.hears(&other(), &Message::TakeSnapshot { epoch: Epoch::new(0, 3) });
    assert!(member.driven.fetches().is_some() && !answers(&mut member, Eventual));
}

fn is_answered(asked: &mut Asked<Answered>) -> bool {
    asked.so_far().flatten().is_some_and(|told| told.is_ok())
}

#[test]
fn r1_a_read_waits_for_what_the_backup_says_to_a_question_that_came_after_it() {
    let (mut primary, mut backup) = followed(&me(1), &other());
    let mut first = primary.asked(Strong, 8);
    primary.turn(|_| ());
    backup.hear(&mut primary);
    let to_first = backup.ack();
    let mut second = primary.asked(Strong, 8);
    primary.turn(|_| ());
    backup.hear(&mut primary);
    let to_second = backup.ack();
    assert_ne!(to_first, to_second);
    primary.hears(backup.me(), &to_first);
    assert!(is_answered(&mut first) && !is_answered(&mut second));
    primary.hears(backup.me(), &to_second);
    assert!(is_answered(&mut second));
}

#[test]
fn an_eventual_read_waits_a_moment_for_what_may_still_be_committed_and_then_says_that_it_is_not() {
    let (mut primary, mut backup) = followed(&me(1), &other());
    let ask = |primary: &mut ByHand| {
        drop(primary.told(8, 8));
        let mut asked = primary.asked(Eventual, 8);
        primary.turn(|_| ());
        assert!(asked.so_far().is_none());
        asked
    };
    let freshness = |mut asked: Asked<Answered>| asked.so_far().map(|told| told.unwrap().unwrap().freshness);
    let settled = ask(&mut primary);
    backup.follow(&mut primary);
    assert_eq!(freshness(settled), Some(Freshness::Eventual));
    let mut unsettled = ask(&mut primary);
    (1..UNSETTLED_MS).for_each(|_| primary.turn(|_| ()));
    assert!(unsettled.so_far().is_none());
    primary.turn(|_| ());
    assert_eq!(freshness(unsettled), Some(Freshness::Unsettled));
}
