//! What the conditions say, each trouble by itself.
use super::*;
use controller::{Kind, Step, plan};
use group::{Now, Sign};

/// What is said of one thing, and what is to be done.
fn said(seen: &Seen, at: Time, kind: Kind) -> (Step, Option<bool>, &'static str) {
    let plan = plan(seen, &wish(), None, Now { mono: at, wall: at.0 / 1000 });
    let said = plan.conditions.iter().find(|condition| condition.kind == kind).expect("all six are said");
    (plan.step, said.holds, said.reason)
}

/// What is said to trouble members, in words.
fn troubles(seen: &Seen, at: Time) -> String {
    let plan = plan(seen, &wish(), None, Now { mono: at, wall: at.0 / 1000 });
    plan.conditions.into_iter().find(|condition| condition.kind == Kind::Degraded).expect("all six are said").message
}

#[test]
fn a_primary_that_commits_nothing_does_not_serve_though_it_answers() {
    let mut seen = well();
    seen.answered(Status { stalled: true, ..status(0) }, ms(0));
    assert_eq!(said(&seen, ms(0), Kind::Available).1, Some(false));
    assert_eq!(said(&seen, ms(0), Kind::Available).2, "Stalled");
    let (step, holds, reason) = said(&seen, ms(0), Kind::FailoverInProgress);
    assert!(matches!(step, Step::Ask(_)), "{step:?}");
    assert_eq!((holds, reason), (Some(true), "Deciding"));
}

#[test]
fn a_primary_that_nobody_could_replace_for_the_better_stays_and_that_is_said() {
    let mut seen = well();
    seen.linked(&pod(2), Link::Refused, ms(0));
    seen.answered(Status { stalled: true, ..status(0) }, ms(0));
    assert_eq!(said(&seen, ms(0), Kind::FailoverInProgress), (Step::Nothing, Some(false), "NobodyBetter"));
}

#[test]
fn h1_a_primary_that_hands_over_is_available() {
    let mut seen = well();
    seen.answered(Status { role: Role::Draining, ..status(0) }, ms(0));
    assert_eq!(said(&seen, ms(0), Kind::Available), (Step::Nothing, Some(true), "HandingOver"));
    assert_eq!(said(&seen, ms(0), Kind::FailoverInProgress).1, Some(false), "it is as planned");
}

#[test]
fn p1_a_primary_that_only_this_controller_misses_stays_and_that_is_said() {
    let mut seen = well();
    seen.linked(&pod(0), Link::Silent, ms(0));
    seen.asked(&[pod(1), pod(2)], ms(0));
    for n in 1..3 {
        seen.answered(status(n), ms(1));
    }
    assert_eq!(said(&seen, ms(1), Kind::FailoverInProgress), (Step::Nothing, Some(false), "NoSecondWitness"));
}

#[test]
fn p1_without_a_sound_disk_of_the_set_nobody_is_named_and_that_is_said() {
    let mut seen = well();
    seen.linked(&pod(0), Link::Refused, ms(0));
    for n in 1..3 {
        // Not before those that might have restarted were waited for.
        seen.answered(Status { unhealthy: Some("a batch is corrupt".into()), ..status(n) }, ms(2_000));
    }
    assert_eq!(said(&seen, ms(2_001), Kind::FailoverInProgress), (Step::Nothing, Some(true), "NoCandidate"));
    assert!(troubles(&seen, ms(2_001)).contains("replica-1 is unsound: a batch is corrupt"));
}

#[test]
fn a1_while_those_that_restarted_are_gathered_that_is_said() {
    let mut seen = well();
    (0..3).for_each(|n| seen.linked(&pod(n), Link::Refused, ms(0)));
    seen.linked(&pod(1), Link::Up, ms(100));
    let me = Peer { boot: BootId(201), ..status(1).me };
    seen.answered(Status { me, role: Role::Waiting, ..status(1) }, ms(101));
    assert_eq!(said(&seen, ms(101), Kind::FailoverInProgress), (Step::Nothing, Some(true), "Gathering"));
}

#[test]
fn p1_a_new_epoch_is_given_time_and_that_is_said() {
    let mut seen = well();
    let led = view().promote(&pod(1), BootId(101), &view().in_sync, view().change);
    seen.stored(Store::Is(led), false, ms(0));
    seen.linked(&pod(1), Link::Silent, ms(300));
    seen.told("frontend", &pod(1), BootId(101), Sign::Silent, ms(300));
    assert_eq!(said(&seen, ms(300), Kind::FailoverInProgress), (Step::Nothing, Some(true), "NewEpoch"));
}

#[test]
fn v3_every_way_to_lose_the_view_is_reported_and_nothing_is_written() {
    let lost = |seen: &Seen| said(seen, ms(9), Kind::ViewLost);
    let mut missing = well();
    missing.stored(Store::Missing, true, ms(1));
    assert_eq!(lost(&missing), (Step::Nothing, Some(true), "Missing"));
    let mut older = well();
    let newer = View { version: 6, ..view() };
    older.answered(Status { view: Some(newer), ..status(2) }, ms(0));
    older.stored(Store::Is(view()), true, ms(1));
    assert_eq!(lost(&older), (Step::Nothing, Some(true), "Older"));
    let mut foreign = well();
    foreign.answered(Status { group: Some(GroupId(8)), ..status(2) }, ms(0));
    assert_eq!(lost(&foreign), (Step::Nothing, Some(true), "OtherGroup"));
}

#[test]
fn v3_while_the_view_is_missing_the_group_is_judged_by_the_highest_that_a_member_knows() {
    let mut seen = well();
    let led = view().promote(&pod(2), BootId(102), &view().in_sync, view().change);
    for n in [0, 2] {
        let role = if n == 2 { Role::Primary } else { Role::Backup };
        let (view, promised) = (Some(led.clone()), led.epoch);
        seen.answered(Status { view, promised, role, ..status(n) }, ms(0));
    }
    seen.stored(Store::Missing, true, ms(1));
    assert_eq!(
        said(&seen, ms(2), Kind::Available).2,
        "PrimaryServes",
        "replica-1 knows another, and that one is older"
    );
}

#[test]
fn what_ails_a_member_that_answers_is_said() {
    let mut seen = well();
    let aside =
        |n: u8, status: Status| Status { me: Peer { storage: StorageId(70 + u128::from(n)), ..status.me }, ..status };
    seen.answered(aside(1, Status { role: Role::Learner, ..status(1) }), ms(0));
    seen.answered(aside(2, Status { group: Some(GroupId(8)), ..status(2) }), ms(0));
    let said = troubles(&seen, ms(0));
    assert!(said.contains("replica-1 is catching up"), "{said}");
    assert!(said.contains("replica-2 has the disk of another group"), "{said}");
    let mut seen = well();
    seen.answered(Status { view_lost: true, ..status(1) }, ms(0));
    assert_eq!(troubles(&seen, ms(0)), "replica-1 misses the view that it knew");
}

#[test]
fn a_disk_of_the_set_counts_only_where_it_is() {
    let mut seen = well();
    for n in 1..3 {
        // Both volumes were swapped: the pods answer, with disks that the view does not name.
        let me = Peer { storage: StorageId(70 + u128::from(n)), ..status(n).me };
        seen.answered(Status { me, ..status(n) }, ms(0));
    }
    assert_eq!(said(&seen, ms(0), Kind::QuorumLost).2, "DisksAbsent");
    assert_eq!(said(&seen, ms(0), Kind::Available).2, "TooFewInSync");
}

#[test]
fn v5_with_exactly_the_minimum_in_sync_and_there_orders_flow() {
    let mut seen = well();
    seen.linked(&pod(2), Link::Refused, ms(0));
    assert_eq!(said(&seen, ms(0), Kind::Available).2, "PrimaryServes");
    assert_eq!(said(&seen, ms(0), Kind::QuorumLost).2, "EnoughDisks");
}

#[test]
fn p2_another_process_of_the_primarys_pod_is_not_the_primary() {
    let mut seen = well();
    seen.answered(Status { me: Peer { boot: BootId(200), ..status(0).me }, ..status(0) }, ms(0));
    assert_eq!(said(&seen, ms(0), Kind::Available).2, "PrimaryAway");
}

#[test]
fn after_a_write_that_failed_members_are_asked_all_the_same() {
    let mut seen = well();
    seen.linked(&pod(0), Link::Refused, ms(0));
    let plan = |at| plan(&seen, &wish(), Some(ms(200)), Now { mono: at, wall: 0 });
    assert!(matches!(plan(ms(1)).step, Step::Ask(_)), "asking writes nothing");
    assert_eq!(plan(ms(1)).look_again, Some(ms(31)));
}

#[test]
fn a_view_that_could_not_be_read_is_read_again_after_a_while() {
    let mut seen = well();
    seen.stored(Store::Unreadable("the disk is gone".into()), true, ms(0));
    assert_eq!(said(&seen, ms(199), Kind::ViewLost).0, Step::Nothing);
    assert_eq!(said(&seen, ms(200), Kind::ViewLost).0, Step::Read);
}
