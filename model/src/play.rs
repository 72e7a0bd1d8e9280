//! What may happen in one exploration, and how often: the bounds. Knows no state.
use crate::mistake::Mistake;

/// How often each thing may happen, or has happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Budget {
    /// Operations with a key of their own.
    pub operations: u8,
    /// Repetitions of an operation under its key.
    pub repeats: u8,
    /// Reads.
    pub reads: u8,
    /// Promotions by a controller.
    pub promotions: u8,
    /// A primary believes that a living member is gone.
    pub doubts: u8,
    /// Deaths of a process.
    pub crashes: u8,
    /// The power fails for everyone.
    pub power_cuts: u8,
    /// Starts of a process that is down.
    pub restarts: u8,
    /// A pod comes back with an empty disk.
    pub wipes: u8,
    /// A disk is set back to an older copy (P5).
    pub set_backs: u8,
    /// A connection breaks and what was under way is lost.
    pub breaks: u8,
    /// Members leave by plan (H1).
    pub leaves: u8,
    /// Hand-overs are asked for (H1).
    pub hand_overs: u8,
    /// The clock of one member passes all patience.
    pub waits: u8,
    /// Snapshots.
    pub snapshots: u8,
    /// Changes of members and minimum (V1, V5), in their order.
    pub wishes: u8,
    /// The view vanishes (V3).
    pub losses: u8,
    /// The view is set back to an older one (V3).
    pub rollbacks: u8,
    /// The operator rebuilds the view (V3).
    pub rebuilds: u8,
    /// The operator accepts a loss (U1).
    pub forces: u8,
}

/// One exploration.
#[derive(Clone, Debug)]
pub struct Play {
    /// By what name it is asked for.
    pub name: &'static str,
    /// What it is about.
    pub what: &'static str,
    /// Pods; they are `a`, `b`, …, and `a` leads at first.
    pub pods: usize,
    /// The first so many pods are in the set at first; the others are down.
    pub in_sync: usize,
    /// The minimum at first.
    pub min: usize,
    /// What may happen.
    pub max: Budget,
    /// Disks do at once what they are asked: right where nothing dies.
    pub instant_disks: bool,
    /// Members may see an older view than the newest.
    pub stale_views: bool,
    /// A controller's write may land later than it was decided.
    pub late_promotions: bool,
    /// A controller decides only when every disk of the set whose process is up has answered.
    pub all_answer: bool,
    /// What controllers wish for: how many pods are members, and the minimum.
    pub wishes: &'static [(usize, usize)],
    /// What must have happened on some way, or the exploration shows nothing.
    pub reaches: &'static [Reached],
    /// What is done wrong on purpose.
    pub mistake: Option<Mistake>,
}

impl Play {
    /// Three pods in sync, a minimum of two; nothing may happen yet.
    pub const fn of(name: &'static str, what: &'static str, max: Budget) -> Play {
        Play {
            name,
            what,
            pods: 3,
            in_sync: 3,
            min: 2,
            max,
            instant_disks: true,
            stale_views: false,
            late_promotions: false,
            all_answer: false,
            wishes: &[],
            reaches: &[],
            mistake: None,
        }
    }
}

/// Something that a way may lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Reached {
    /// An operation was acknowledged.
    Acknowledged,
    /// An operation was acknowledged in a later epoch than the first.
    AcknowledgedLater,
    /// A repetition was answered like the first.
    Repeated,
    /// A read was answered in a later epoch than the first.
    ReadLater,
    /// The set has become smaller.
    Shrunk,
    /// The set has become larger, or has another disk.
    Grown,
    /// A primary has resigned.
    Resigned,
    /// A snapshot was installed.
    Installed,
    /// Members or minimum have changed.
    Wished,
    /// A lost view was rebuilt.
    Rebuilt,
    /// A loss was forced and the group works again.
    Forced,
    /// A disk that was set back was given up.
    GivenUp,
}
