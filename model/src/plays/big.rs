//! Explorations for the command: minutes each.
use super::{NONE, ONE};
use crate::play::Reached::{
    AcknowledgedLater, Forced, GivenUp, Grown, Installed, ReadLater, Rebuilt, Repeated, Resigned, Shrunk, Wished,
};
use crate::play::{Budget, Play};

/// The table.
pub const BIG: &[Play] = &[
    Play {
        reaches: &[AcknowledgedLater, Repeated],
        late_promotions: true,
        stale_views: true,
        ..Play::of(
            "big-once",
            "an operation, repeated, two promotions, late writes, old views",
            Budget { repeats: 1, promotions: 2, ..ONE },
        )
    },
    Play {
        reaches: &[ReadLater, Shrunk],
        ..Play::of(
            "big-reads",
            "a read while a member is doubted and another primary is named",
            Budget { reads: 1, promotions: 1, doubts: 1, ..ONE },
        )
    },
    Play {
        reaches: &[Resigned, Shrunk, Grown],
        ..Play::of(
            "big-leave",
            "H1: two leave, one clock passes all patience, another primary is named",
            Budget { leaves: 2, waits: 1, promotions: 1, ..ONE },
        )
    },
    Play {
        reaches: &[Resigned],
        ..Play::of(
            "big-hand-over",
            "H1: a hand-over is asked for, is undone, lands late, a member is doubted, a read",
            Budget { hand_overs: 1, waits: 1, doubts: 1, reads: 1, ..ONE },
        )
    },
    Play {
        wishes: &[(2, 1), (3, 2), (2, 2)],
        reaches: &[Wished, Shrunk],
        ..Play::of(
            "big-wishes",
            "V1, V5: members and minimum change, a member is doubted, another primary is named",
            Budget { wishes: 3, doubts: 1, promotions: 1, ..ONE },
        )
    },
    Play {
        all_answer: true,
        reaches: &[Rebuilt],
        ..Play::of(
            "big-view-lost",
            "V3: the view vanishes, a member is doubted, it is rebuilt, a promotion",
            Budget { losses: 1, rebuilds: 1, doubts: 1, promotions: 1, ..ONE },
        )
    },
    Play {
        all_answer: true,
        reaches: &[Rebuilt],
        ..Play::of(
            "big-lost-twice",
            "V3: the view vanishes and is rebuilt, perhaps unheard, vanishes again and is rebuilt again",
            Budget { losses: 2, rebuilds: 2, ..ONE },
        )
    },
    Play {
        all_answer: true,
        reaches: &[Rebuilt, Shrunk],
        ..Play::of(
            "big-rolled-back",
            "V3: the view is set back after a shrink, and rebuilt",
            Budget { rollbacks: 1, rebuilds: 1, doubts: 1, promotions: 1, ..ONE },
        )
    },
    Play {
        reaches: &[Forced],
        ..Play::of(
            "big-forced",
            "U1: a loss is forced beside a promotion, operations before and after",
            Budget { operations: 2, forces: 1, restarts: 2, promotions: 1, ..NONE },
        )
    },
    Play {
        in_sync: 2,
        reaches: &[Installed, Grown],
        ..Play::of(
            "big-snapshots",
            "W5: a learner is filled while two operations flow and another primary is named",
            Budget { operations: 2, snapshots: 2, restarts: 1, promotions: 1, ..NONE },
        )
    },
    Play {
        all_answer: true,
        reaches: &[GivenUp],
        ..Play::of(
            "big-set-back",
            "P5: a volume is restored, another primary is named",
            Budget { operations: 2, set_backs: 1, promotions: 1, ..NONE },
        )
    },
    Play {
        instant_disks: false,
        reaches: &[AcknowledgedLater],
        ..Play::of(
            "big-dies",
            "a process dies, returns, two promotions",
            Budget { crashes: 1, restarts: 1, promotions: 2, ..ONE },
        )
    },
    Play {
        instant_disks: false,
        reaches: &[AcknowledgedLater],
        ..Play::of(
            "big-heir-dies",
            "P3, W2: a process dies, perhaps the new primary before its promise is on its disk, and returns",
            Budget { crashes: 1, restarts: 1, promotions: 1, ..ONE },
        )
    },
    Play {
        instant_disks: false,
        reaches: &[AcknowledgedLater],
        ..Play::of(
            "big-power",
            "A1: the power fails for all, all return, a promotion",
            Budget { power_cuts: 1, restarts: 3, promotions: 1, ..ONE },
        )
    },
    Play {
        in_sync: 2,
        reaches: &[Grown],
        ..Play::of(
            "big-swap",
            "S2: at the minimum a member comes back empty and is swapped; a promotion",
            Budget { wipes: 1, promotions: 1, ..ONE },
        )
    },
    Play {
        reaches: &[AcknowledgedLater],
        ..Play::of(
            "big-breaks",
            "connections break and lose what was under way",
            Budget { breaks: 2, promotions: 1, ..ONE },
        )
    },
];
