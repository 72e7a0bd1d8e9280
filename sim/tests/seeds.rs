//! Fixed seeds, the seeds that once found a defect, and the proof that a seed decides everything. More seeds: `cargo run --release -p sim`.
use sim::{Kind, Length, Mix, Run, Trace, run};
use std::collections::BTreeSet;

/// Seeds that once broke a law, each with what was wrong. What a seed does changes with the simulator: the test that is named holds what
/// it found.
const REGRESSIONS: &[(u64, Length, &str)] = &[
    (206, Length::Whole, "v3_an_unsound_disk_of_the_set_is_kept_while_the_view_is_lost"),
    (300_016, Length::Whole, "a_fetch_goes_on_while_the_epoch_lasts_even_if_the_learner_knew_the_epoch_from_its_disk"),
    (801, Length::Whole, "p5_a_process_does_not_answer_for_its_successor"),
    (5_004_213, Length::Whole, "what_arrives_late_of_an_earlier_fetch_does_not_end_the_one_that_was_begun_since"),
    (5_006_505, Length::Whole, "p5_a_disk_that_told_of_more_does_not_lead_even_when_the_view_was_rebuilt_meanwhile"),
    (6_005_612, Length::Whole, "v3_a_disk_that_was_not_kept_is_given_up_only_by_a_view_that_is_there"),
    (7_002_413, Length::Whole, "u1_a_learner_that_is_being_filled_is_not_left_behind"),
    (12_000_235, Length::Whole, "v3_a_fenced_primary_answers_and_commits_nothing_more"),
    (13_045_115, Length::Whole, "v3_a_fence_that_comes_late_stops_nobody_who_has_gone_on"),
    (12_040_289, Length::Whole, "v3_behind_a_fence_the_view_is_lost_even_if_it_comes_back"),
    (202_244_248_931_741, Length::Whole, "f1_the_word_of_a_process_that_is_gone_does_not_count"),
];
/// The seeds are tested in so many shares, side by side.
const SHARES: u64 = 8;
/// Seeds that always run.
const SEEDS: u64 = 1_000;

fn keeps_every_law(seed: u64, length: Length) {
    let Run { violation, .. } = run(seed, length, &BTreeSet::new(), Trace::none());
    assert_eq!(violation, None, "cargo run --release -p sim -- --seed {seed}, {length:?}");
}
fn share(number: u64) {
    (0..SEEDS).filter(|seed| seed % SHARES == number).for_each(|seed| keeps_every_law(seed, Length::Short));
}

#[test]
fn fixed_seeds_keep_every_law_and_heal_first_share() {
    share(0);
}
#[test]
fn fixed_seeds_keep_every_law_and_heal_second_share() {
    share(1);
}
#[test]
fn fixed_seeds_keep_every_law_and_heal_third_share() {
    share(2);
}
#[test]
fn fixed_seeds_keep_every_law_and_heal_fourth_share() {
    share(3);
}
#[test]
fn fixed_seeds_keep_every_law_and_heal_fifth_share() {
    share(4);
}
#[test]
fn fixed_seeds_keep_every_law_and_heal_sixth_share() {
    share(5);
}
#[test]
fn fixed_seeds_keep_every_law_and_heal_seventh_share() {
    share(6);
}
#[test]
fn fixed_seeds_keep_every_law_and_heal_eighth_share() {
    share(7);
}

#[test]
fn whole_runs_keep_every_law_and_heal() {
    (0..4).for_each(|seed| keeps_every_law(seed, Length::Whole));
}

#[test]
fn no_defect_that_was_found_comes_back() {
    REGRESSIONS.iter().for_each(|(seed, length, _)| keeps_every_law(*seed, *length));
}

#[test]
fn the_same_seed_twice_is_the_same_trace_byte_for_byte() {
    for seed in [3, 14] {
        let traces =
            [(); 2].map(|()| run(seed, Length::Whole, &BTreeSet::new(), Trace::kept()).trace.lines().join("\n"));
        assert!(traces[0].len() > 10_000);
        assert!(traces[0] == traces[1], "seed {seed} has two traces");
    }
}

#[test]
fn every_kind_of_fault_is_drawn() {
    assert!(Kind::ALL.len() >= 25);
    for length in [Length::Whole, Length::Short] {
        let faults = (0..1_000).flat_map(|seed| Mix::draw(seed, length).faults);
        let drawn: BTreeSet<Kind> = faults.map(|fault| fault.kind).collect();
        assert_eq!(drawn.len(), Kind::ALL.len());
    }
}
