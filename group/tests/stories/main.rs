//! Stories of the core: plays in the files beside this one, each named by the rule it shows. What the real cores did is compared
//! with what the file tells; `UPDATE_EXPECT=1` rewrites the files. README.md tells how to read and write one.
mod commands;
mod disk;
mod member;
mod names;
mod network;
mod play;
mod store;
mod world;

macro_rules! stories {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let text = include_str!(concat!(stringify!($name), ".txt"));
            expect_test::expect_file![concat!(stringify!($name), ".txt")].assert_eq(&play::played(text));
        })*
        const STORIES: &[(&str, &str)] = &[$((stringify!($name), include_str!(concat!(stringify!($name), ".txt")))),*];
    };
}

stories! {
    a1_all_restart_and_nobody_leads_until_one_is_named
    c1_a_fetch_that_was_given_up_is_begun_again
    c1_a_learner_far_behind_is_sent_a_snapshot_first
    c1_a_learner_whose_word_was_lost_says_it_again
    d1_a_demoted_primary_drops_what_it_holds_and_ends
    detector_a_backup_says_that_its_primary_refuses
    detector_a_late_tick_is_my_own_lateness
    detector_a_primary_that_commits_nothing_says_so
    detector_a_stall_of_220_ms_is_not_silence
    detector_whose_disk_is_stuck_is_asked_and_answers
    f1_a_new_format_waits_until_every_member_speaks_it
    f1_an_announcement_holds_for_the_process_that_made_it
    f1_the_word_of_a_process_that_is_gone_does_not_count
    h1_a_backup_is_shrunk_out_before_it_goes
    h1_a_backup_that_cannot_be_spared_goes_after_a_second
    h1_a_backup_that_leaves_and_is_promoted_resigns
    h1_a_controller_may_be_quicker_than_a_resignation
    h1_a_learner_goes_at_once
    h1_a_lost_resignation_is_decided_again_on_what_is_seen
    h1_a_primary_names_its_heir_itself
    h1_a_resignation_is_the_only_write
    h1_an_undone_resignation_may_still_land
    h1_at_the_minimum_the_old_primary_stays_in_the_set
    h1_the_heir_is_the_process_that_acknowledged_the_last_entry
    h1_nobody_resigns_on_a_view_that_is_not_on_disk
    h1_reads_are_answered_before_the_primary_resigns
    h1_whoever_leaves_is_gone_after_a_second
    log_an_unsound_disk_leads_no_one_and_comes_back_empty
    p2_a_process_on_another_disk_than_the_set_names_does_not_lead
    p2_only_the_named_process_leads
    p3_a_learner_of_another_line_is_cut_where_the_lines_part
    p3_a_new_primary_brings_everyone_to_its_log
    p3_a_new_primary_sends_no_entry_before_its_promise_is_on_disk
    p3_nothing_is_committed_before_the_start_of_the_epoch
    p4_asked_to_drop_a_committed_entry_it_halts
    p4_nothing_is_dropped_because_an_epoch_is_new
    p5_a_disk_that_lacks_what_it_acknowledged_counts_as_wiped
    p5_a_process_does_not_answer_for_its_successor
    p5_a_primary_that_knows_less_than_is_committed_steps_down
    r1_a_barrier_answered_by_another_disk_does_not_count
    r1_a_read_joins_no_append_that_is_in_flight
    r1_a_read_that_comes_later_takes_a_new_nonce
    r1_a_read_waits_for_every_member_of_the_set
    r1_below_the_minimum_reads_stop_as_well
    r1_reads_need_both_sets_while_a_change_is_open
    s1_a_disk_far_slower_than_the_others_is_shrunk_out
    s1_a_refusal_is_acted_on_at_once_and_only_silence_waits
    s1_a_shrink_keeps_nobody_who_does_not_answer
    s1_a_slow_disk_is_let_in_early_where_nothing_is_committed_without_it
    s1_a_slow_disk_is_shrunk_out_and_comes_back_after_ten_seconds_of_calm
    s1_one_write_removes_all_who_are_gone
    s1_the_last_words_of_the_dead_do_not_let_them_in_again
    s1_the_set_never_shrinks_below_the_minimum
    s2_a_learner_far_behind_is_not_waited_for
    s2_a_learner_holds_the_start_of_the_epoch_before_it_is_proposed
    s2_a_learner_near_the_tail_is_waited_for_before_it_is_proposed
    s2_a_swap_needs_both_disks_until_it_is_seen
    s2_giving_up_after_the_write_is_not_free
    s2_giving_up_before_the_write_is_free
    s2_only_members_are_let_in
    t1_log_time_is_the_middle_clock_and_never_falls
    u1_a_disk_outside_the_set_is_not_promoted
    u1_a_learner_that_is_being_filled_is_not_left_behind
    u1_after_a_forced_loss_all_others_start_anew
    v1_the_primary_changes_its_set_and_a_controller_does_not
    v2_a_member_without_a_view_waits_and_makes_none
    v3_a_fence_that_comes_late_stops_nobody_who_has_gone_on
    v3_a_fenced_primary_answers_and_commits_nothing_more
    v3_a_promotion_that_nobody_heard_of_counts_no_more_behind_a_fence
    v3_a_smaller_set_commits_only_when_it_is_on_the_primarys_disk
    v3_a_disk_that_was_not_kept_is_given_up_only_by_a_view_that_is_there
    v3_a_missing_view_is_lost_and_no_set_is_changed
    v3_an_unsound_disk_of_the_set_is_kept_while_the_view_is_lost
    v3_an_older_view_or_another_groups_is_lost_and_never_followed
    v4_a_read_that_shows_the_base_ends_nothing
    v4_a_shrink_counts_only_when_its_view_is_seen
    v4_a_write_may_land_long_after_it_was_given_up
    v4_commits_and_reads_need_every_set_that_is_proposed
    v5_the_minimum_is_raised_only_when_the_set_is_that_large
    v5_the_minimum_limits_commits_and_never_promotion
    w1_a_write_commits_when_every_disk_of_the_set_holds_it
    w1_an_acknowledgement_counts_for_the_disk_that_gave_it
    w1_one_disk_of_the_set_is_missing_and_nothing_commits
    w2_a_lower_epoch_is_refused
    w2_a_promise_is_on_disk_before_the_first_word_of_its_epoch
    w2_nothing_is_acknowledged_before_it_is_on_disk
    w3_a_log_of_another_line_is_not_extended
    w3_entries_are_taken_only_where_they_follow
    w4_every_answer_waits_for_what_it_was_computed_on
    w5_a_snapshot_holds_committed_entries_only
}

#[test]
fn every_story_is_played_and_told_of_in_the_readme() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if let Some(story) = name.strip_suffix(".txt") {
            assert!(STORIES.iter().any(|(name, _)| *name == story), "main.rs does not play {name}");
            assert!(readme.contains(story), "README.md does not tell of {name}");
        }
    }
}

/// The mistakes of the simulator's list (`sim/src/mistakes.rs`) that are planted in the core itself: each is one line of a rule.
#[cfg(feature = "mistakes")]
const IN_THE_CORE: [u8; 30] =
    [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 16, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 39, 40, 42, 43, 44, 45, 46];

/// `cargo test -p group --features mistakes --test stories planted -- --nocapture` shows which.
#[cfg(feature = "mistakes")]
#[test]
fn every_mistake_planted_in_the_core_changes_a_story() {
    let mut unnoticed = vec![];
    for mistake in IN_THE_CORE {
        group::mistake::plant(mistake);
        let is_changed = |text: &str| std::panic::catch_unwind(|| play::played(text)).map_or(true, |told| told != text);
        let changed: Vec<&str> = STORIES.iter().filter(|(_, text)| is_changed(text)).map(|(name, _)| *name).collect();
        println!("M{mistake}: {}", changed.join(" "));
        if changed.is_empty() {
            unnoticed.push(mistake);
        }
    }
    group::mistake::plant(0);
    assert!(unnoticed.is_empty(), "no story changes with {unnoticed:?}");
}
