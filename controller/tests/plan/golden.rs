//! Golden plans: what the controller does and says in the situations of an evening. A changed line shows in review.
use super::*;
use controller::{Plan, Step, plan};
use expect_test::{Expect, expect};
use group::{Now, Sign, Suspect};

fn check(seen: &Seen, at: Time, golden: &Expect) -> Plan {
    let plan = plan(seen, &wish(), None, Now { mono: at, wall: at.0 / 1000 });
    golden.assert_eq(&text(&plan));
    plan
}

fn text(plan: &Plan) -> String {
    let step = match &plan.step {
        Step::Nothing => "nothing".to_owned(),
        Step::Ask(pods) => format!("ask {pods:?}"),
        Step::Read => "read the store".to_owned(),
        Step::Create(view) => format!("create {}", named(view)),
        Step::Write { base, next } => format!("on version {base} write {}", named(next)),
    };
    let again = plan.look_again.map_or(String::new(), |time| format!(", again in {} ms", time.ms_since(plan.at)));
    let mut text = format!("{step}{again}\n");
    for condition in &plan.conditions {
        let holds = condition.holds.map_or("?", |holds| if holds { "yes" } else { "no" });
        text += &format!("{} {holds} {}: {}\n", condition.kind, condition.reason, condition.message);
    }
    text
}

fn named(view: &View) -> String {
    let View { version, epoch, primary, in_sync, change, .. } = view;
    let set: Vec<_> = in_sync.keys().collect();
    format!("version {version}: {primary} leads epoch {epoch} with {set:?}, {:?}", change.cause)
}

#[test]
fn all_is_well() {
    check(
        &well(),
        ms(0),
        &expect![[r#"
        nothing
        Available yes PrimaryServes: replica-0 serves epoch 2
        FullyReplicated yes AllInSync: 3 of 3 in sync
        FailoverInProgress no None: the primary is not in doubt
        QuorumLost no EnoughDisks: 3 disks of the set answer
        Degraded no AllWell: every member answers and is sound
        ViewLost no Known: the view is not older than what members know
    "#]],
    );
}

#[test]
fn a_connection_that_ends_is_only_a_hint() {
    let mut seen = well();
    seen.linked(&pod(0), Link::Closed, ms(0));
    check(
        &seen,
        ms(0),
        &expect![[r#"
            ask {replica-1, replica-2}, again in 30 ms
            Available no PrimaryAway: replica-0 leads by the view and does not answer
            FullyReplicated yes AllInSync: 3 of 3 in sync
            FailoverInProgress yes Deciding: the primary is in doubt for 0 ms: deciding
            QuorumLost no EnoughDisks: 2 disks of the set answer
            Degraded yes MemberTrouble: replica-0 does not answer
            ViewLost no Known: the view is not older than what members know
        "#]],
    );
}

#[test]
fn the_primary_is_killed() {
    let mut seen = well();
    seen.linked(&pod(0), Link::Refused, ms(1));
    let asked = check(
        &seen,
        ms(1),
        &expect![[r#"
        ask {replica-1, replica-2}, again in 30 ms
        Available no PrimaryAway: replica-0 leads by the view and does not answer
        FullyReplicated yes AllInSync: 3 of 3 in sync
        FailoverInProgress yes Deciding: the primary is in doubt for 0 ms: deciding
        QuorumLost no EnoughDisks: 2 disks of the set answer
        Degraded yes MemberTrouble: replica-0 is not running
        ViewLost no Known: the view is not older than what members know
    "#]],
    );
    let Step::Ask(pods) = asked.step else { panic!("{asked:?}") };
    seen.asked(&pods, ms(1));
    seen.answered(status(1), ms(2));
    check(
        &seen,
        ms(2),
        &expect![[r#"
        nothing, again in 29 ms
        Available no PrimaryAway: replica-0 leads by the view and does not answer
        FullyReplicated yes AllInSync: 3 of 3 in sync
        FailoverInProgress yes Deciding: the primary is in doubt for 1 ms: deciding
        QuorumLost no EnoughDisks: 2 disks of the set answer
        Degraded yes MemberTrouble: replica-0 is not running
        ViewLost no Known: the view is not older than what members know
    "#]],
    );
    seen.answered(status(2), ms(2));
    let written = check(
        &seen,
        ms(2),
        &expect![[r#"
        on version 5 write version 6: replica-2 leads epoch 3 with [replica-1, replica-2], Died
        Available no PrimaryAway: replica-0 leads by the view and does not answer
        FullyReplicated yes AllInSync: 3 of 3 in sync
        FailoverInProgress yes Deciding: the primary is in doubt for 1 ms: deciding
        QuorumLost no EnoughDisks: 2 disks of the set answer
        Degraded yes MemberTrouble: replica-0 is not running
        ViewLost no Known: the view is not older than what members know
    "#]],
    );
    let Step::Write { next, .. } = written.step else { panic!("{written:?}") };
    seen.stored(Store::Is(next), false, ms(5));
    check(
        &seen,
        ms(5),
        &expect![[r#"
        nothing
        Available no NotBegun: replica-2 has not taken up epoch 3
        FullyReplicated no NotInSync: 2 of 3 in sync; not [replica-0]
        FailoverInProgress yes TakingOver: replica-2 takes up epoch 3
        QuorumLost no EnoughDisks: 2 disks of the set answer
        Degraded yes MemberTrouble: replica-0 is not running
        ViewLost no Known: the view is not older than what members know
    "#]],
    );
}

#[test]
fn the_primary_is_frozen() {
    let mut seen = well();
    for n in 1..3 {
        seen.answered(status(n), ms(600));
    }
    seen.linked(&pod(0), Link::Silent, ms(610));
    check(
        &seen,
        ms(610),
        &expect![[r#"
            ask {replica-1, replica-2}, again in 30 ms
            Available no PrimaryAway: replica-0 leads by the view and does not answer
            FullyReplicated yes AllInSync: 3 of 3 in sync
            FailoverInProgress yes Deciding: the primary is in doubt for 0 ms: deciding
            QuorumLost no EnoughDisks: 2 disks of the set answer
            Degraded yes MemberTrouble: replica-0 is silent
            ViewLost no Known: the view is not older than what members know
        "#]],
    );
    for n in 1..3 {
        let suspects = vec![Suspect { pod: pod(0), sign: Sign::Silent }];
        seen.answered(Status { suspects, ..status(n) }, ms(640));
    }
    check(
        &seen,
        ms(640),
        &expect![[r#"
        on version 5 write version 6: replica-2 leads epoch 3 with [replica-1, replica-2], Silent
        Available no PrimaryAway: replica-0 leads by the view and does not answer
        FullyReplicated yes AllInSync: 3 of 3 in sync
        FailoverInProgress yes Deciding: the primary is in doubt for 30 ms: deciding
        QuorumLost no EnoughDisks: 2 disks of the set answer
        Degraded yes MemberTrouble: replica-0 is silent
        ViewLost no Known: the view is not older than what members know
    "#]],
    );
}

#[test]
fn two_of_three_are_gone() {
    let mut seen = well();
    seen.linked(&pod(1), Link::Refused, ms(0));
    seen.linked(&pod(2), Link::Closed, ms(0));
    check(
        &seen,
        ms(1),
        &expect![[r#"
            nothing
            Available no TooFewInSync: 1 in sync and there, 2 needed to commit
            FullyReplicated yes AllInSync: 3 of 3 in sync
            FailoverInProgress no None: the primary is not in doubt
            QuorumLost yes DisksAbsent: 1 disks of the set answer, 2 must hold a write; not [replica-1, replica-2]
            Degraded yes MemberTrouble: replica-1 is not running; replica-2 does not answer
            ViewLost no Known: the view is not older than what members know
        "#]],
    );
}

#[test]
fn a_group_is_born() {
    let mut seen = Seen::default();
    check(
        &seen,
        ms(0),
        &expect![[r#"
        nothing
        Available no NoView: there is no view, so nobody leads
        FullyReplicated ? NoView: there is no view to judge by
        FailoverInProgress no NoGroup: there is no group yet
        QuorumLost ? NoView: there is no view to judge by
        Degraded no AllWell: every member answers and is sound
        ViewLost no Known: the view is not older than what members know
    "#]],
    );
    seen.stored(Store::Missing, false, ms(1));
    for n in 0..3 {
        seen.linked(&pod(n), Link::Up, ms(2));
        seen.answered(blank(n), ms(3));
    }
    check(
        &seen,
        ms(3),
        &expect![[r#"
        read the store
        Available no NoView: there is no view, so nobody leads
        FullyReplicated ? NoView: there is no view to judge by
        FailoverInProgress no None: the primary is not in doubt
        QuorumLost ? NoView: there is no view to judge by
        Degraded no AllWell: every member answers and is sound
        ViewLost ? Reading: the view is being read afresh
    "#]],
    );
    seen.stored(Store::Missing, true, ms(4));
    check(
        &seen,
        ms(5),
        &expect![[r#"
        create version 1: replica-0 leads epoch 1 with [replica-0, replica-1, replica-2], Birth
        Available no NoView: there is no view, so nobody leads
        FullyReplicated ? NoView: there is no view to judge by
        FailoverInProgress no None: the primary is not in doubt
        QuorumLost ? NoView: there is no view to judge by
        Degraded no AllWell: every member answers and is sound
        ViewLost no Known: the view is not older than what members know
    "#]],
    );
}

#[test]
fn the_view_is_deleted_by_hand() {
    let mut seen = well();
    seen.stored(Store::Missing, false, ms(0));
    check(
        &seen,
        ms(0),
        &expect![[r#"
            read the store
            Available yes PrimaryServes: replica-0 serves epoch 2
            FullyReplicated yes AllInSync: 3 of 3 in sync
            FailoverInProgress no None: the primary is not in doubt
            QuorumLost no EnoughDisks: 3 disks of the set answer
            Degraded no AllWell: every member answers and is sound
            ViewLost ? Reading: the view is being read afresh
        "#]],
    );
}

#[test]
fn v3_a_rebuild_that_was_begun_and_not_ended_is_told_with_the_way_out() {
    let mut seen = well();
    for n in 0..3 {
        let role = if n == 0 { Role::Draining } else { Role::Backup };
        seen.answered(Status { promised: Epoch::new(1, 0), role, ..status(n) }, ms(0));
    }
    // Even if the view is back.
    seen.stored(Store::Is(view()), true, ms(1));
    check(
        &seen,
        ms(2),
        &expect![[r#"
        nothing
        Available no Fenced: replica-0 waits for the view to be rebuilt
        FullyReplicated yes AllInSync: 3 of 3 in sync
        FailoverInProgress no None: the primary is not in doubt
        QuorumLost no EnoughDisks: 3 disks of the set answer
        Degraded no AllWell: every member answers and is sound
        ViewLost yes Older: replica-0 knows epoch 1.0, version 0, which is higher than what is stored; a rebuild was begun and has not ended; until it is, nobody is promoted, and a primary that has promised takes no orders; run `jh cluster rebuild-view` again
    "#]],
    );
}

#[test]
fn a_damaged_view_is_read_again_and_again() {
    let mut seen = well();
    seen.stored(Store::Unreadable("the view in view.6 is damaged: EOF".into()), false, ms(0));
    check(
        &seen,
        ms(0),
        &expect![[r#"
            read the store
            Available yes PrimaryServes: replica-0 serves epoch 2
            FullyReplicated yes AllInSync: 3 of 3 in sync
            FailoverInProgress no None: the primary is not in doubt
            QuorumLost no EnoughDisks: 3 disks of the set answer
            Degraded no AllWell: every member answers and is sound
            ViewLost yes Unreadable: the view in view.6 is damaged: EOF; replicas serve on and change nothing; restore the view, or run `jh cluster rebuild-view`
        "#]],
    );
    seen.stored(Store::Unreadable("the view in view.6 is damaged: EOF".into()), true, ms(1));
    check(
        &seen,
        ms(50),
        &expect![[r#"
            nothing, again in 151 ms
            Available yes PrimaryServes: replica-0 serves epoch 2
            FullyReplicated yes AllInSync: 3 of 3 in sync
            FailoverInProgress no None: the primary is not in doubt
            QuorumLost no EnoughDisks: 3 disks of the set answer
            Degraded no AllWell: every member answers and is sound
            ViewLost yes Unreadable: the view in view.6 is damaged: EOF; replicas serve on and change nothing; restore the view, or run `jh cluster rebuild-view`
        "#]],
    );
}

#[test]
fn after_a_write_that_failed_nothing_is_written_for_a_while() {
    let mut seen = well();
    seen.linked(&pod(0), Link::Refused, ms(0));
    for n in 1..3 {
        seen.answered(status(n), ms(1));
    }
    let plan = |at| plan(&seen, &wish(), Some(ms(200)), Now { mono: at, wall: 0 });
    assert_eq!((plan(ms(2)).step, plan(ms(2)).look_again), (Step::Nothing, Some(ms(200))));
    assert!(matches!(plan(ms(200)).step, Step::Write { .. }));
}
