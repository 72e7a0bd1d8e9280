//! Explorations for every run of the tests: seconds each, in a debug build too.
use super::{NONE, ONE};
use crate::play::Reached::{
    Acknowledged, AcknowledgedLater, Forced, GivenUp, Grown, Installed, ReadLater, Rebuilt, Repeated, Resigned, Shrunk,
    Wished,
};
use crate::play::{Budget, Play};

/// The table.
pub const SMALL: &[Play] = &[
    Play {
        reaches: &[Acknowledged, AcknowledgedLater, Repeated],
        ..Play::of(
            "once",
            "E1-E3, P1, P3: an operation is sent again while another primary is named",
            Budget { repeats: 1, promotions: 1, ..ONE },
        )
    },
    Play {
        reaches: &[ReadLater],
        ..Play::of("reads", "R1, W4: a read while another primary is named", Budget { reads: 1, promotions: 1, ..ONE })
    },
    Play {
        reaches: &[Shrunk, Grown],
        ..Play::of(
            "sets",
            "S1, S2, V4: a living member is doubted, leaves the set and returns",
            Budget { doubts: 1, ..ONE },
        )
    },
    Play {
        reaches: &[Shrunk, Grown],
        ..Play::of(
            "heir-doubts",
            "S1: a new primary takes a living member for dead and still hears its last words",
            Budget { promotions: 1, doubts: 1, ..NONE },
        )
    },
    Play {
        reaches: &[Resigned, AcknowledgedLater],
        ..Play::of("resign", "H1: the primary leaves by plan, perhaps too late", Budget { leaves: 1, waits: 1, ..ONE })
    },
    Play {
        reaches: &[Resigned, Shrunk],
        ..Play::of(
            "leave",
            "H1: two members leave by plan, the primary perhaps among them",
            Budget { leaves: 2, ..ONE },
        )
    },
    Play {
        wishes: &[(2, 1), (3, 2)],
        reaches: &[Wished, Shrunk],
        ..Play::of("wishes", "V1, V5: members and minimum change while operations flow", Budget { wishes: 2, ..ONE })
    },
    Play {
        all_answer: true,
        reaches: &[Rebuilt, AcknowledgedLater],
        ..Play::of("view-lost", "V3: the view vanishes and is rebuilt", Budget { losses: 1, rebuilds: 1, ..ONE })
    },
    Play {
        reaches: &[Forced],
        ..Play::of("forced", "U1: a loss is forced, the others come back", Budget { forces: 1, restarts: 1, ..ONE })
    },
    Play {
        in_sync: 2,
        reaches: &[Installed, Grown],
        ..Play::of(
            "snapshots",
            "W5, C1: a learner is filled by a snapshot that was walked while operations flow",
            Budget { snapshots: 2, restarts: 1, ..ONE },
        )
    },
    Play {
        all_answer: true,
        reaches: &[GivenUp],
        ..Play::of("set-back", "P5: a volume is restored from a copy", Budget { set_backs: 1, ..ONE })
    },
    Play {
        pods: 2,
        in_sync: 2,
        min: 1,
        instant_disks: false,
        reaches: &[AcknowledgedLater],
        ..Play::of(
            "dies",
            "W1, W2: one of two dies between write and sync, and returns",
            Budget { crashes: 1, restarts: 1, promotions: 1, ..ONE },
        )
    },
];
