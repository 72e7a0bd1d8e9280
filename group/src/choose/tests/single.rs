//! Stories of one condition each: without it the choice would be another one. Found by deleting the conditions one at a time.
use super::repairs::rebuild_of;
use super::*;
use crate::limits::{ANSWER_AGE_MS, REPORTS};

/// Three blank disks, and a store that holds nothing.
fn unborn() -> Story {
    let mut story = Story::begin();
    story.statuses = (0..3).map(|n| (pod(n), blank(n))).collect();
    for n in 0..3 {
        story.link(n, Link::Up).answers(n);
    }
    story.pass(1).store(Store::Missing);
    story
}

#[test]
fn v2_the_second_controller_lets_the_first_make_the_view() {
    let mut story = unborn();
    story.wish.jitter_ms = 40;
    assert!(matches!(story.decide(), Decision::Wait { until: Some(_), why: Why::Jitter }), "{:?}", story.decide());
    story.pass(40).all_answer();
    assert!(matches!(story.decide(), Decision::Birth(_)), "{:?}", story.decide());
}

#[test]
fn v2_a_group_is_not_born_on_an_unsound_disk_or_on_old_answers() {
    let mut story = unborn();
    story.changes(2, |status| status.unhealthy = Some("torn".into())).answers(2);
    assert_eq!(story.waits_for(), Why::Birth);
    let mut story = unborn();
    story.pass(ANSWER_AGE_MS + 1).answers(0).answers(1);
    assert_eq!(story.waits_for(), Why::Birth);
    story.answers(2);
    assert!(matches!(story.decide(), Decision::Birth(_)), "{:?}", story.decide());
}

#[test]
fn detector_a_disk_outside_the_set_is_no_witness() {
    let mut story = Story::well();
    story.changes(1, |status| status.me.storage = StorageId(55)).suspects(1, 0, Sign::Silent).link(0, Link::Silent);
    assert_eq!(story.waits_for(), Why::Witness);
}

#[test]
fn detector_a_backup_tells_that_nothing_is_committed() {
    let mut story = Story::well();
    story.changes(2, |status| status.stalled = true).all_answer();
    assert_eq!(story.writes().change.cause, Cause::Stalled);
}

#[test]
fn detector_a_primary_whose_disk_is_unsound_is_replaced_though_it_leads() {
    let mut story = Story::well();
    story.changes(0, |status| status.unhealthy = Some("its disk fails".into())).all_answer();
    assert_eq!(story.writes().primary.as_str(), "replica-1");
}

#[test]
fn p1_a_primary_that_does_not_work_is_not_named_again_however_long_its_log() {
    let mut story = Story::well();
    story.changes(0, |status| {
        status.stalled = true;
        tail(status, 2, 90);
    });
    story.all_answer();
    assert_eq!(story.writes().primary.as_str(), "replica-1");
}

#[test]
fn v3_a_promise_counts_as_a_view_that_is_known() {
    let mut story = Story::well();
    story.changes(2, |status| status.promised = Epoch::new(0, 3)).all_answer().link(0, Link::Refused);
    assert_eq!(story.decide(), Decision::ReadStore);
    story.pass(1).store(Store::Is(view()));
    assert!(matches!(story.decide(), Decision::Lost(Loss::Older { .. })), "{:?}", story.decide());
}

#[test]
fn p1_a_disk_that_belongs_to_no_group_does_not_lead() {
    let mut story = Story::well();
    story.changes(1, |status| {
        status.group = None;
        tail(status, 2, 90);
    });
    story.all_answer().link(0, Link::Refused);
    assert_eq!(story.writes().primary.as_str(), "replica-2");
}

#[test]
fn p5_the_only_disk_that_answers_does_not_lead_if_it_was_set_back() {
    let mut story = Story::well();
    story.restarts(1).changes(1, |status| {
        tail(status, 2, 49);
        status.commit = 40;
    });
    story.pass(100).all_answer().pass(100).link(2, Link::Closed).link(0, Link::Refused);
    story.pass(3_000);
    assert_eq!(story.waits_for(), Why::NoCandidate);
}

#[test]
fn p5_an_answer_that_was_under_way_when_more_was_committed_is_not_below_it() {
    let mut story = Story::well();
    story.changes(0, |status| {
        tail(status, 2, 60);
        status.commit = 60;
    });
    story.answers(0).changes(1, |status| tail(status, 2, 59)).changes(2, |status| tail(status, 2, 58));
    story.link(0, Link::Refused);
    assert_eq!(story.writes().primary.as_str(), "replica-1");
}

#[test]
fn p5_a_disk_that_told_of_more_does_not_lead_even_when_the_view_was_rebuilt_meanwhile() {
    let mut story = Story::well();
    story.changes(0, |status| tail(status, 2, 60)).changes(1, |status| tail(status, 2, 60));
    story.changes(1, |status| status.commit = 60).all_answer().store(Store::Missing);
    story.changes(1, |status| (status.tail.seq, status.commit) = (20, 20));
    story.link(2, Link::Closed).restarts(1);
    // No disk's promise tells of the loss number that the rebuilt view has, so nobody's commit index is a floor in it.
    let view = View { epoch: Epoch::new(1, 3), version: 6, ..view().without(&[pod(2)].into()) };
    story.store(Store::Is(view)).restarts(1).link(0, Link::Refused).pass(3_000);
    assert_eq!(story.waits_for(), Why::NoCandidate);
    story.changes(1, |status| status.me.storage = StorageId(71)).restarts(1);
    assert_eq!(story.waits_for(), Why::NoCandidate, "another disk is not the one that the set names");
}

#[test]
fn p5_what_another_group_committed_is_no_floor() {
    let mut story = Story::well();
    story.store(Store::Is(view().without(&[pod(2)].into()))).changes(2, |status| {
        status.group = Some(GroupId(8));
        (status.me.storage, status.commit, status.view) = (StorageId(88), 1_000, None);
    });
    story.all_answer().pass(10).all_answer().pass(10).all_answer().link(0, Link::Refused);
    assert_eq!(story.writes().primary.as_str(), "replica-1");
}

#[test]
fn v1_without_a_wish_nothing_is_written() {
    let mut story = Story::well();
    story.wish.members.clear();
    assert_eq!(story.decide(), Decision::Nothing);
}

#[test]
fn v3_a_watch_that_lags_does_not_take_back_what_was_read() {
    let mut story = Story::well();
    let older = View { version: 4, ..view() };
    story.seen.stored(Store::Is(older), false, story.now);
    assert_eq!(story.seen.view(), Some(&view()));
}

#[test]
fn a_silence_that_ends_leaves_the_connection_what_it_was() {
    let mut story = Story::well();
    story.link(1, Link::Silent).pass(10).answers(1).pass(1).link(1, Link::Up);
    let is_heard = |story: &Story| story.seen.member(&pod(1)).and_then(Member::answer).is_some();
    assert!(is_heard(&story), "the word that ended the silence counts");
    story.link(1, Link::Closed).pass(10).link(1, Link::Up);
    assert!(!is_heard(&story), "another process may answer there");
}

#[test]
fn what_front_ends_say_is_bounded() {
    let mut story = Story::well();
    for name in 0..REPORTS + 10 {
        story.seen.told(&format!("front-{name}"), &pod(0), BootId(100), Sign::Silent, story.now);
    }
    assert_eq!(story.seen.reports(&pod(0), BootId(100), story.now).count(), REPORTS);
}

#[test]
fn what_was_held_against_a_primary_is_not_held_against_the_next_one() {
    let mut story = Story::well();
    story.link(0, Link::Refused);
    let (since, next) = (story.seen.doubted(), story.writes());
    assert!(since.is_some());
    story.link(1, Link::Closed).pass(100).store(Store::Is(next));
    assert_eq!(story.seen.doubted(), Some(story.now), "what counts against this one has just begun");
}

#[test]
fn p5_a_disk_that_is_met_below_what_others_committed_does_not_lead() {
    let mut story = Story::begin();
    story.store(Store::Is(view()));
    story.link(0, Link::Up).answers(0).link(2, Link::Up).answers(2).pass(1_000).all_answer();
    // It has told this controller nothing before: only what the others say shows that it was set back.
    story.changes(1, |status| (status.tail.seq, status.commit) = (49, 40)).link(1, Link::Up).answers(1);
    story.pass(1_000).all_answer().link(2, Link::Refused).link(0, Link::Refused);
    let decision = story.ask_and_decide();
    assert!(matches!(decision, Decision::Wait { why: Why::NoCandidate | Why::Gathering, .. }), "{decision:?}");
    // With all of that it may lead.
    story.changes(1, |status| status.tail.seq = 50).answers(1);
    assert_eq!(story.writes().primary, pod(1));
}

#[test]
fn v3_a_member_that_halted_because_the_view_is_lost_may_lead_the_rebuilt_one() {
    let mut story = Story::well();
    for n in 0..3 {
        story.changes(n, |status| (status.role, status.view_lost) = (Role::Halted, true));
    }
    story.all_answer().store(Store::Missing);
    assert!(rebuild_of(&mut story, None, 2).is_ok());
    story.changes(1, |status| status.view = status.view.take().map(|view| View { group: GroupId(8), ..view }));
    story.all_answer();
    let two = CannotRepair::TwoGroups { one: GROUP, other: GroupId(8) };
    assert_eq!(rebuild_of(&mut story, None, 2), Err(two));
}

#[test]
fn u1_a_loss_is_forced_in_the_expected_epoch_and_on_a_disk_of_the_group() {
    let mut story = Story::well();
    let now = Now { mono: story.now, wall: 5 };
    let is = Epoch::new(0, 2);
    assert_eq!(force_loss(&story.seen, Some(5), 1, &pod(2), now), Err(CannotRepair::Epoch { expected: 1, is }));
    story.changes(2, |status| (status.group, status.view) = (None, None)).answers(2);
    let refused = force_loss(&story.seen, Some(5), 2, &pod(2), now);
    assert!(matches!(refused, Err(CannotRepair::CannotKeep { .. })), "{refused:?}");
}
