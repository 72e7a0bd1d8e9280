//! Every planted mistake in a play that refutes it.
use super::{NONE, ONE};
use crate::mistake::Mistake;
use crate::play::{Budget, Play};

/// Every planted mistake in a play that refutes it.
pub fn mistaken() -> Vec<Play> {
    let two = |max| Play { pods: 2, in_sync: 2, min: 1, instant_disks: false, ..Play::of("", "two pods", max) };
    let learner = |promotions| {
        let max = Budget { restarts: 1, promotions, ..ONE };
        Play { in_sync: 2, ..Play::of("", "a learner", max) }
    };
    let dies = Budget { crashes: 1, restarts: 1, promotions: 1, ..ONE };
    let plays = [
        (Mistake::AcknowledgesBeforeSync, two(Budget { power_cuts: 1, restarts: 2, promotions: 1, ..ONE })),
        (Mistake::ForgetsPromise, two(Budget { operations: 2, ..dies })),
        (Mistake::WritesBlindly, two(Budget { operations: 2, doubts: 1, promotions: 1, ..NONE })),
        (Mistake::PromotesOutsider, learner(1)),
        (Mistake::AddsToSet, learner(2)),
        (Mistake::AnswersAtOnce, Play::of("", "a read", Budget { reads: 1, promotions: 1, ..ONE })),
        (Mistake::AnswersBeforeCommit, Play::of("", "a repetition", Budget { repeats: 1, promotions: 1, ..ONE })),
        (Mistake::KeepsStorage, Play::of("", "an emptied disk", Budget { wipes: 1, promotions: 1, ..ONE })),
        (Mistake::PublishesUncommitted, Play { instant_disks: true, ..two(Budget { snapshots: 1, ..dies }) }),
        (
            Mistake::RebuildsFromSome,
            Play { instant_disks: true, ..two(Budget { doubts: 1, losses: 1, rebuilds: 1, ..ONE }) },
        ),
        (
            Mistake::RebuildsUnfenced,
            Play::of("", "a promotion that vanishes", Budget { losses: 1, rebuilds: 1, promotions: 2, ..ONE }),
        ),
        (Mistake::ForgetsKeys, Play::of("", "a repetition", Budget { repeats: 1, promotions: 1, ..ONE })),
    ];
    let plant = |(mistake, play)| Play { name: mistake_name(mistake), mistake: Some(mistake), ..play };
    plays.into_iter().map(plant).collect()
}

fn mistake_name(mistake: Mistake) -> &'static str {
    match mistake {
        Mistake::AcknowledgesBeforeSync => "acknowledges-before-sync",
        Mistake::ForgetsPromise => "forgets-promise",
        Mistake::WritesBlindly => "writes-blindly",
        Mistake::PromotesOutsider => "promotes-outsider",
        Mistake::AddsToSet => "adds-to-set",
        Mistake::AnswersAtOnce => "answers-at-once",
        Mistake::AnswersBeforeCommit => "answers-before-commit",
        Mistake::KeepsStorage => "keeps-storage",
        Mistake::PublishesUncommitted => "publishes-uncommitted",
        Mistake::RebuildsFromSome => "rebuilds-from-some",
        Mistake::RebuildsUnfenced => "rebuilds-unfenced",
        Mistake::ForgetsKeys => "forgets-keys",
    }
}
