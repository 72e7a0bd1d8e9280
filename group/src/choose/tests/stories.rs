//! Stories of promotion, patience, birth and loss, each named by its rule.
use super::*;

#[test]
fn p1_a_refused_primary_is_replaced_at_once_by_those_who_answer() {
    let mut story = Story::well();
    story.link(0, Link::Refused);
    let asked = story.decide();
    assert!(matches!(&asked, Decision::Ask { pods, .. } if *pods == [pod(1), pod(2)].into()), "{asked:?}");
    let next = story.writes();
    assert_eq!((next.primary.as_str(), next.primary_boot), ("replica-1", BootId(101)));
    assert_eq!(next.epoch, Epoch::new(0, 3));
    assert_eq!(set(&next), ["replica-1", "replica-2"]);
    assert_eq!(next.change.cause, Cause::Died);
    assert_eq!(next.change.decided_at - next.change.suspected_at, 1, "one round of questions");
}

#[test]
fn p1_a_primary_that_was_born_again_is_replaced() {
    let mut story = Story::well();
    story.restarts(0);
    let next = story.writes();
    assert_eq!(next.primary.as_str(), "replica-1", "of equal logs not the one that has just died");
    assert_eq!(set(&next), PODS, "it answers, so it stays in the set");
}

#[test]
fn p1_the_longest_log_leads_and_a_later_epoch_is_longer() {
    let mut story = Story::well();
    story.changes(1, |status| tail(status, 2, 51)).changes(2, |status| tail(status, 2, 60)).link(0, Link::Refused);
    assert_eq!(story.writes().primary.as_str(), "replica-2");
    story.changes(1, |status| tail(status, 3, 52)).answers(1);
    assert_eq!(story.writes().primary.as_str(), "replica-1");
}

#[test]
fn p1_one_who_is_connected_but_silent_is_waited_for_and_then_left_to_the_set_change() {
    let mut story = Story::well();
    story.link(0, Link::Refused);
    story.seen.asked(&[pod(1), pod(2)], story.now);
    story.pass(1).answers(1);
    assert_eq!(story.waits_for(), Why::Answers);
    story.pass(30);
    let next = story.writes();
    assert_eq!(next.primary.as_str(), "replica-1");
    assert_eq!(set(&next), PODS, "one disk is fewer than minInSync: the set stays");
}

#[test]
fn p1_an_answer_from_before_the_doubt_or_from_long_ago_is_none() {
    let mut story = Story::well();
    story.pass(100).link(0, Link::Closed).answers(1).answers(2);
    story.pass(400).link(0, Link::Refused);
    let asked = story.decide();
    assert!(matches!(&asked, Decision::Ask { pods, .. } if pods.len() == 2), "{asked:?}");
}

#[test]
fn p1_an_unsound_or_halted_disk_never_leads() {
    let mut story = Story::well();
    story.changes(1, |status| status.unhealthy = Some("a batch does not match its checksum".into()));
    story.link(0, Link::Refused);
    assert_eq!(story.writes().primary.as_str(), "replica-2");
    story.changes(2, |status| status.role = Role::Halted).answers(2);
    assert_eq!(story.waits_for(), Why::Gathering, "nobody is fit");
    story.pass(3_000).all_answer();
    assert_eq!(story.waits_for(), Why::NoCandidate);
}

#[test]
fn u1_a_disk_from_outside_the_set_never_leads_however_long_its_log() {
    let mut story = Story::well();
    let shrunk = view().without(&[pod(1)].into());
    story.store(Store::Is(shrunk)).changes(1, |status| tail(status, 2, 900)).all_answer();
    story.link(0, Link::Refused);
    let next = story.writes();
    assert_eq!(next.primary.as_str(), "replica-2");
    assert!(!next.in_sync.contains_key(&pod(1)));
}

#[test]
fn u1_a_wiped_disk_of_a_pod_of_the_set_never_leads() {
    let mut story = Story::well();
    story.changes(1, |status| status.me.storage = StorageId(77)).restarts(1).link(0, Link::Refused);
    let next = story.writes();
    assert_eq!(next.primary.as_str(), "replica-2");
    assert_eq!(next.in_sync, view().in_sync, "the set names the lost disk until the primary swaps it");
}

#[test]
fn p5_a_disk_below_what_is_known_committed_counts_as_wiped() {
    let mut story = Story::well();
    story.restarts(1).changes(1, |status| {
        tail(status, 2, 49);
        status.commit = 40;
    });
    story.pass(100).all_answer().pass(100).link(0, Link::Refused);
    let next = story.writes();
    assert_eq!(next.primary.as_str(), "replica-2");
}

#[test]
fn p5_being_a_few_entries_behind_a_working_primary_is_not_being_set_back() {
    let mut story = Story::well();
    for seq in [60, 70, 80] {
        story.pass(100).answers(1).changes(0, |status| {
            tail(status, 2, seq);
            status.commit = seq;
        });
        story.answers(0).changes(1, |status| tail(status, 2, seq)).changes(2, |status| tail(status, 2, seq)).answers(2);
    }
    // replica-1's last status is one round older than the commit that replica-0 told of since.
    story.pass(1).changes(1, |status| tail(status, 2, 80)).link(0, Link::Refused);
    assert_eq!(set(&story.writes()), ["replica-1", "replica-2"]);
}

#[test]
fn v5_the_last_disk_of_the_set_may_lead_though_it_can_commit_nothing_alone() {
    let mut story = Story::well();
    let shrunk = view().without(&[pod(2)].into());
    story.store(Store::Is(shrunk)).all_answer().link(0, Link::Refused);
    let next = story.writes();
    assert_eq!(next.primary.as_str(), "replica-1");
    assert_eq!(set(&next), ["replica-0", "replica-1"], "unchanged");
}

#[test]
fn detector_silence_needs_a_second_witness() {
    let mut story = Story::well();
    story.pass(600).all_answer().link(0, Link::Silent);
    assert_eq!(story.waits_for(), Why::Witness);
    story.pass(1).suspects(1, 0, Sign::Silent);
    let next = story.writes();
    assert_eq!(next.change.cause, Cause::Silent);
    assert_eq!(set(&next), ["replica-1", "replica-2"]);
}

#[test]
fn detector_a_front_end_is_a_second_witness_for_a_second() {
    let mut story = Story::well();
    story.pass(600).all_answer().link(0, Link::Silent);
    story.seen.told("front", &pod(0), BootId(99), Sign::Silent, story.now);
    assert_eq!(story.waits_for(), Why::Witness, "its word is about another process");
    story.seen.told("front", &pod(0), BootId(100), Sign::Silent, story.now);
    assert_eq!(story.writes().change.cause, Cause::Silent);
    story.pass(1_001).all_answer();
    assert_eq!(story.waits_for(), Why::Witness);
}

#[test]
fn detector_a_connection_that_the_primary_closed_and_a_second_witness_mean_that_it_died() {
    let mut story = Story::well();
    story.link(0, Link::Closed);
    assert_eq!(story.waits_for(), Why::Witness, "perhaps only the connection died");
    story.seen.told("front", &pod(0), BootId(100), Sign::Silent, story.now);
    assert_eq!(story.writes().change.cause, Cause::Died);
}

#[test]
fn detector_the_first_sign_is_enough_to_ask_so_that_the_second_is_enough_to_decide() {
    let mut story = Story::well();
    story.link(0, Link::Closed);
    assert_eq!(story.waits_for(), Why::Witness, "asked, answered, and still only a hint");
    story.pass(1).link(0, Link::Refused);
    assert!(matches!(story.decide(), Decision::Write { .. }), "{:?}", story.decide());
}

#[test]
fn detector_one_deaf_backup_is_no_reason_while_the_primary_answers() {
    let mut story = Story::well();
    story.suspects(1, 0, Sign::Silent);
    assert_eq!(story.decide(), Decision::Nothing);
    story.seen.told("front", &pod(0), BootId(100), Sign::Silent, story.now);
    assert_eq!(story.decide(), Decision::Nothing);
    story.suspects(2, 0, Sign::Silent);
    let next = story.writes();
    assert_eq!(set(&next), ["replica-1", "replica-2"], "no backup hears it: nothing can commit");
}

#[test]
fn detector_a_refusal_that_someone_else_saw_counts_unless_the_process_is_heard() {
    let mut story = Story::well();
    story.suspects(1, 0, Sign::Refused);
    assert_eq!(story.decide(), Decision::Nothing, "this controller hears it");
    story.link(0, Link::Closed);
    assert_eq!(story.writes().change.cause, Cause::Died);
}

#[test]
fn detector_a_word_about_an_earlier_epoch_does_not_count() {
    let mut story = Story::well();
    story.changes(1, |status| status.view.as_mut().unwrap().epoch = Epoch::new(0, 1));
    story.link(0, Link::Closed).suspects(1, 0, Sign::Refused);
    assert_eq!(story.waits_for(), Why::Witness);
}

#[test]
fn detector_a_primary_that_commits_nothing_is_replaced_if_that_can_help() {
    let mut story = Story::well();
    story.changes(0, |status| status.stalled = true).answers(0);
    let next = story.writes();
    assert_eq!((next.change.cause, next.primary.as_str()), (Cause::Stalled, "replica-1"));
    assert_eq!(set(&next), ["replica-1", "replica-2"], "it would hold up the next one as well");
}

#[test]
fn detector_a_stall_that_a_backup_causes_does_not_cost_the_primary_its_place() {
    let mut story = Story::well();
    story.changes(0, |status| status.stalled = true).link(2, Link::Silent).answers(0).answers(1);
    assert_eq!(story.waits_for(), Why::NoHelp);
    // The primary has removed it; the writes that waited go through now.
    story.store(Store::Is(view().without(&[pod(2)].into()))).all_answer();
    assert_eq!(story.waits_for(), Why::NoHelp);
}

#[test]
fn detector_a_stall_just_after_a_set_change_is_given_time() {
    let mut story = Story::well();
    let again = View { version: 6, ..view() };
    story.store(Store::Is(again)).changes(0, |status| status.stalled = true).all_answer();
    assert_eq!(story.waits_for(), Why::Grace);
    story.pass(500).all_answer();
    assert_eq!(story.writes().change.cause, Cause::Stalled);
}

#[test]
fn detector_a_halted_primary_is_replaced() {
    let mut story = Story::well();
    story.changes(0, |status| {
        status.role = Role::Halted;
        status.unhealthy = Some("was told to drop a committed entry".into());
    });
    story.answers(0);
    assert_eq!(story.writes().primary.as_str(), "replica-1");
}

#[test]
fn p1_a_new_epoch_is_left_alone_unless_its_process_is_dead() {
    let mut story = Story::well();
    story.link(0, Link::Refused);
    let second = story.writes();
    story.store(Store::Is(second.clone()));
    for n in [1, 2] {
        story.changes(n, |status| status.view = Some(second.clone())).answers(n);
    }
    assert_eq!(story.decide(), Decision::Nothing, "it has not begun yet");
    story.pass(1).link(1, Link::Silent).suspects(2, 1, Sign::Silent);
    assert_eq!(story.waits_for(), Why::Grace);
    story.link(1, Link::Refused);
    assert_eq!(story.writes().primary.as_str(), "replica-2", "dead is dead");
}

#[test]
fn p1_the_grace_doubles_while_epochs_pass_without_a_commit() {
    let mut story = Story::well();
    let graces: Vec<u64> = (3..9)
        .map(|epoch| {
            let next = View { version: epoch + 5, epoch: Epoch::new(0, epoch), ..view() };
            story.pass(6_000).store(Store::Is(next));
            story.seen.grace().ms_since(story.now)
        })
        .collect();
    assert_eq!(graces, [500, 1_000, 2_000, 4_000, 5_000, 5_000], "the first follows one that committed");
    story.changes(0, |status| {
        (status.promised, status.commit) = (Epoch::new(0, 8), 51);
        tail(status, 8, 51);
    });
    story.answers(0).store(Store::Is(View { version: 20, epoch: Epoch::new(0, 9), ..view() }));
    assert_eq!(story.seen.grace().ms_since(story.now), 500, "and so does this one");
}

#[test]
fn p1_a_primary_that_never_takes_up_its_epoch_is_replaced_after_the_grace() {
    let mut story = Story::well();
    let next = View { version: 6, epoch: Epoch::new(0, 3), primary: pod(1), primary_boot: BootId(101), ..view() };
    story.store(Store::Is(next)).all_answer();
    assert_eq!(story.decide(), Decision::Nothing);
    story.pass(499).all_answer();
    assert_eq!(story.decide(), Decision::Nothing);
    story.pass(1).all_answer();
    assert_eq!(story.writes().change.cause, Cause::Stalled);
}

#[test]
fn p1_the_second_controller_lets_the_first_go_first() {
    let mut story = Story::well();
    story.wish.jitter_ms = 35;
    story.link(0, Link::Refused);
    assert_eq!(story.waits_for(), Why::Jitter);
    story.pass(35).all_answer();
    assert_eq!(story.writes().primary.as_str(), "replica-1");
}

#[test]
fn a1_when_all_have_restarted_the_last_is_waited_for_up_to_two_seconds() {
    let mut story = Story::well();
    story.link(0, Link::Closed).link(1, Link::Closed).link(2, Link::Closed);
    story.pass(50).link(0, Link::Refused).link(1, Link::Refused).link(2, Link::Refused).pass(300);
    story.restarts(1).restarts(2);
    assert_eq!(story.waits_for(), Why::Gathering);
    story.changes(0, |status| tail(status, 2, 58)).restarts(0);
    let next = story.writes();
    assert_eq!(next.primary.as_str(), "replica-0", "the longest log, though it led before");
    assert_eq!((set(&next), next.change.cause), (PODS.to_vec(), Cause::Restarted));
}

#[test]
fn a1_a_connection_on_which_nothing_was_said_yet_does_not_end_the_doubt() {
    let mut story = Story::well();
    story.link(0, Link::Refused).link(1, Link::Refused).link(2, Link::Refused).pass(300);
    story.restarts(1).restarts(2).link(0, Link::Up).pass(5).restarts(0);
    let next = story.writes();
    assert_eq!(
        (set(&next), next.change.cause),
        (PODS.to_vec(), Cause::Restarted),
        "all were met since the doubt began"
    );
}

#[test]
fn a1_after_two_seconds_any_disk_of_the_set_will_do() {
    let mut story = Story::well();
    for n in 0..3 {
        story.link(n, Link::Refused);
    }
    story.pass(500).restarts(2);
    assert_eq!(story.waits_for(), Why::Gathering);
    story.pass(1_600).all_answer();
    let next = story.writes();
    assert_eq!((next.primary.as_str(), set(&next)), ("replica-2", PODS.to_vec()));
}

#[test]
fn v2_a_group_is_born_when_every_configured_member_reports_a_blank_disk() {
    let mut story = Story::begin();
    assert_eq!(story.waits_for(), Why::Unread);
    story.store(Store::Missing);
    for n in 0..2 {
        story.statuses.insert(pod(n), blank(n));
        story.link(n, Link::Up).answers(n);
    }
    assert_eq!(story.waits_for(), Why::Birth);
    story.statuses.insert(pod(2), blank(2));
    story.pass(1).link(2, Link::Up).answers(2);
    assert_eq!(story.decide(), Decision::ReadStore, "that there is none must be known");
    story.pass(1).store(Store::Missing);
    let Decision::Birth(first) = story.decide() else { panic!("{:?}", story.decide()) };
    assert_eq!((first.version, first.epoch, first.group), (1, Epoch::new(0, 1), GroupId(99)));
    assert_eq!((set(&first), first.min_in_sync, &first.members), (PODS.to_vec(), 2, &view().members));
}

#[test]
fn v2_two_pods_with_one_disk_or_too_few_pods_are_no_group() {
    let mut story = Story::begin();
    for n in 0..3 {
        story.statuses.insert(pod(n), blank(n));
        story.changes(n, |status| status.me.storage = StorageId(1)).link(n, Link::Up).answers(n);
    }
    story.pass(1).store(Store::Missing);
    assert_eq!(story.waits_for(), Why::Birth);
    story.wish.min_in_sync = 4;
    assert_eq!(story.waits_for(), Why::TooFew);
}

#[test]
fn v3_a_missing_view_is_lost_and_never_created() {
    let mut story = Story::well();
    story.seen.stored(Store::Missing, false, story.now);
    assert_eq!(story.decide(), Decision::ReadStore, "perhaps only the watch is late");
    story.pass(1).store(Store::Missing);
    assert_eq!(story.decide(), Decision::Lost(Loss::Missing));
    // Even one member that remembers a group among blank ones is enough.
    let mut story = Story::begin();
    story.store(Store::Missing);
    for n in 0..3 {
        story.statuses.insert(pod(n), if n == 1 { status(1) } else { blank(n) });
        story.link(n, Link::Up).answers(n);
    }
    story.pass(1).store(Store::Missing);
    assert_eq!(story.decide(), Decision::Lost(Loss::Missing));
}

#[test]
fn v3_nobody_is_promoted_while_a_member_knows_a_higher_view() {
    let mut story = Story::well();
    let knows = (Epoch::new(0, 2), 6);
    story.changes(2, |status| status.view = Some(View { version: 6, ..view() })).answers(2).link(0, Link::Refused);
    assert_eq!(story.decide(), Decision::ReadStore, "perhaps only the watch is late");
    story.pass(1).store(Store::Is(view()));
    assert_eq!(story.decide(), Decision::Lost(Loss::Older { pod: pod(2), knows }));
    story.link(2, Link::Refused);
    assert!(matches!(story.decide(), Decision::Lost(_)), "what it knew is true though it is gone");
    story.store(Store::Is(View { version: 6, ..view() }));
    assert!(matches!(story.decide(), Decision::Ask { .. }));
}

#[test]
fn v3_a_store_that_was_set_back_is_read_again_and_then_reported() {
    let mut story = Story::well();
    let older = Store::Is(View { version: 4, ..view() });
    story.seen.stored(older.clone(), false, story.now);
    assert_eq!(story.decide(), Decision::ReadStore);
    story.pass(1).store(older);
    assert!(matches!(story.decide(), Decision::Lost(Loss::Older { .. })));
}

#[test]
fn v3_another_group_under_the_same_name_is_a_loss_but_a_foreign_disk_is_none() {
    let mut story = Story::well();
    story.changes(2, |status| (status.group, status.me.storage) = (Some(GroupId(8)), StorageId(55))).restarts(2);
    assert_eq!(story.decide(), Decision::Nothing);
    story.store(Store::Is(View { group: GroupId(9), ..view() })).all_answer();
    assert!(matches!(story.decide(), Decision::Lost(Loss::OtherGroup { .. })));
    story.store(Store::Unreadable("it is damaged".into()));
    assert_eq!(story.decide(), Decision::Lost(Loss::Unreadable("it is damaged".into())));
}

#[test]
fn v5_the_minimum_rises_only_when_the_set_is_that_large() {
    let mut story = Story::well();
    story.wish.min_in_sync = 3;
    assert_eq!(story.writes().min_in_sync, 3);
    story.store(Store::Is(view().without(&[pod(2)].into()))).all_answer();
    assert_eq!(story.decide(), Decision::Nothing);
    story.wish.min_in_sync = 1;
    assert_eq!(story.writes().min_in_sync, 1);
}

#[test]
fn v1_members_are_as_wished_but_the_primary_is_not_shut_out() {
    let mut story = Story::well();
    story.wish.members = [pod(1), pod(2), "replica-3".into(), "replica-4".into()].into();
    let next = story.writes();
    assert_eq!(next.members.len(), 5);
    assert!(next.members.contains(&pod(0)));
    assert_eq!((next.epoch, &next.in_sync), (view().epoch, &view().in_sync));
}
