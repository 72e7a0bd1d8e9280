//! What a seed's run is made of: how large, how slow, and which faults (swarm testing: some runs know one kind, others nearly all).
use crate::luck::Luck;

/// µs in a millisecond.
pub(crate) const MS: u64 = 1_000;

/// How long a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// 38 s of virtual time, with faults for 20 s.
    Whole,
    /// 20 s of virtual time, with faults for 5 s.
    Short,
}

/// The moments of a run, in µs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Course {
    /// Faults happen until this moment.
    pub(crate) calm: u64,
    /// From here on everything must serve again.
    pub(crate) healed: u64,
    /// Clients ask nothing new after this moment.
    pub(crate) quiet: u64,
    /// The run is judged at this moment. Whoever gave up at the latest possible moment has given up by now.
    pub(crate) end: u64,
}

/// Who was too slow is let in again after 10 s of calm (S1); until then not all disks are in sync.
const HEALING: u64 = 12_000 * MS;

impl Length {
    /// Virtual time, in s.
    pub fn seconds(self) -> u64 {
        self.course().end / (1_000 * MS)
    }
    pub(crate) fn course(self) -> Course {
        let (calm, rest) = match self {
            Length::Whole => (20_000 * MS, 4_000 * MS),
            Length::Short => (5_000 * MS, 1_000 * MS),
        };
        let healed = calm + HEALING;
        Course { calm, healed, quiet: healed + rest, end: healed + rest + 2_000 * MS }
    }
}

macro_rules! kinds {
    ($($name:ident $text:literal,)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Kind { $(#[doc = $text] $name,)* }
        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];
            /// In words.
            pub fn text(self) -> &'static str {
                match self { $(Kind::$name => $text,)* }
            }
        }
    };
}

kinds! {
    Kill "a process is killed; what it wrote stays in the page cache",
    PowerCut "one machine loses power: unsynced sectors are lost or kept by the throw of a coin",
    PowerCutAll "all machines lose power at once",
    Torn "power fails in the middle of a write",
    Pause "a process is stopped and goes on later",
    Restarts "a process is killed again and again",
    Wipe "a machine comes back with a blank disk",
    Restore "a machine comes back with a disk of an earlier moment",
    ClockForth "a wall clock jumps forth",
    ClockBack "a wall clock jumps back",
    Version "a member comes back as a newer or older version",
    FlipLog "a bit of the log is inverted",
    FlipAny "a bit of any file is inverted",
    Misdirect "a write lands elsewhere in the file",
    LoseWrite "a write is acknowledged and never done",
    ErrorWrite "a write fails (EIO)",
    ErrorSync "a sync fails (EIO), and the next one says yes",
    Full "the disk is full for a while (ENOSPC)",
    SlowDisk "a disk is a hundred times slower for a while",
    Cut "two members cannot reach each other",
    OneWay "one direction between two members is cut",
    Isolate "a member is cut off from all members and the view, while front ends reach it",
    Split "the members fall into two halves; each front end reaches one",
    Clog "one direction between two is held up",
    Reset "connections are reset",
    CutStore "a member cannot reach the view",
    StoreOutage "the store of the view does not answer",
    StoreDelete "the view is deleted; an operator rebuilds it later",
    StoreRollback "the store is set back to an older view; an operator rebuilds it later",
    StaleWatch "watches of the view show nothing new for a while",
    HandOver "an operator asks another member to lead",
    Leave "a member leaves by plan and comes back",
    LeaveAll "a rollout: all members leave by plan, one after the other",
    Suspect "a front end speaks against a primary that is well",
    ControllerPause "a controller is stopped and goes on later",
    ControllerCrash "a controller is started anew",
    FrontCrash "a front end is started anew",
    FrontCut "a front end is cut off from all members, in both directions or in one, perhaps for longer than it parks",
    Ambush "whoever is let in next is stopped in that moment, and the primary does not hear whether its view was written",
}

/// One fault of a run, drawn before it begins, so that any of them can be left out.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// When, in µs.
    pub at: u64,
    /// What.
    pub kind: Kind,
    /// Chance of its own.
    pub dice: [u64; 4],
}

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Mix {
    pub(crate) course: Course,
    pub(crate) replicas: usize,
    pub(crate) clients: usize,
    pub(crate) min_in_sync: usize,
    /// A client waits up to twice so long between two requests, in ms.
    pub(crate) gap_ms: u64,
    pub(crate) delay_us: u64,
    pub(crate) disk_us: u64,
    pub(crate) loss_percent: u64,
    pub(crate) duplicate_percent: u64,
    pub(crate) reorder_percent: u64,
    /// Of the frames that are said on a connection of members within `YOUNG` so many more are lost.
    pub(crate) early_loss_percent: u64,
    pub(crate) late_write_percent: u64,
    pub(crate) lost_write_percent: u64,
    pub(crate) lost_reply_percent: u64,
    pub(crate) watch_lag_ms: u64,
    pub(crate) segment_bytes: u32,
    pub(crate) snapshot_every_bytes: usize,
    pub(crate) cached_reads: bool,
    /// The one machine whose disk may lie or be lost: more than one at a time is more than the promise covers.
    pub(crate) victim: usize,
    /// What goes wrong, by time.
    pub faults: Vec<Fault>,
}

impl Mix {
    /// The mix of a seed.
    pub fn draw(seed: u64, length: Length) -> Mix {
        let course = length.course();
        let luck = &mut Luck::new(seed, 1);
        let replicas = if luck.chance(85) { 3 } else { 5 };
        let rarely = |luck: &mut Luck, percent, most| if luck.chance(percent) { luck.between(1, most) } else { 0 };
        Mix {
            course,
            replicas,
            clients: luck.below(6) + 3,
            min_in_sync: if luck.chance(90) { 2 } else { 1 },
            gap_ms: luck.between(20, 200),
            delay_us: luck.between(50, 3_000),
            disk_us: luck.between(50, 4_000),
            loss_percent: rarely(luck, 25, 10),
            duplicate_percent: rarely(luck, 25, 10),
            reorder_percent: rarely(luck, 25, 20),
            early_loss_percent: early_loss_percent(seed),
            late_write_percent: rarely(luck, 40, 30),
            lost_write_percent: rarely(luck, 40, 20),
            lost_reply_percent: rarely(luck, 40, 30),
            watch_lag_ms: rarely(luck, 50, 500),
            segment_bytes: SEGMENT_BYTES,
            snapshot_every_bytes: usize::try_from(luck.between(16, 240)).expect("small") << 10,
            cached_reads: luck.chance(30),
            victim: luck.below(replicas),
            faults: with_scene(seed, course.calm, faults(luck, course.calm)),
        }
    }
}

const SEGMENT_BYTES: u32 = 256 << 10;

/// So long a connection is young, in µs.
pub(crate) const YOUNG: u64 = 500 * MS;

/// In some runs what is said when members meet again is lost more often: their logs are compared then.
fn early_loss_percent(seed: u64) -> u64 {
    let luck = &mut Luck::new(seed, 4);
    if luck.chance(25) { luck.between(20, 60) } else { 0 }
}

/// Some runs have faults that need time, or one another, to do harm, beside all others.
fn with_scene(seed: u64, calm: u64, mut faults: Vec<Fault>) -> Vec<Fault> {
    let luck = &mut Luck::new(seed, 3);
    if luck.chance(20) {
        let at = luck.between(calm / 20, calm / 3);
        put(&mut faults, luck, at, Kind::FrontCut);
    }
    let luck = &mut Luck::new(seed, 5);
    if luck.chance(10) {
        // Somebody is put out of the set, and let in again.
        let at = luck.between(calm / 20, calm / 2);
        put(&mut faults, luck, at, Kind::Ambush);
        put(&mut faults, luck, at + 1, Kind::Kill);
    }
    if luck.chance(5) {
        // A disk is found unsound while the view is lost, before it is rebuilt.
        let at = luck.between(calm / 20, calm / 2);
        put(&mut faults, luck, at, Kind::StoreDelete);
        put(&mut faults, luck, at + 100 * MS, Kind::FlipLog);
    }
    faults
}
fn put(faults: &mut Vec<Fault>, luck: &mut Luck, at: u64, kind: Kind) {
    let dice = [luck.draw(), luck.draw(), luck.draw(), luck.draw()];
    let place = faults.partition_point(|fault| fault.at <= at);
    faults.insert(place, Fault { at, kind, dice });
}

fn faults(luck: &mut Luck, calm: u64) -> Vec<Fault> {
    let share = luck.between(5, 60);
    let weights: Vec<(Kind, u64)> = Kind::ALL
        .iter()
        .filter(|kind| !matches!(kind, Kind::FrontCut | Kind::Ambush))
        .map(|kind| (*kind, u64::from(luck.chance(share)) * luck.between(1, 6)))
        .collect();
    let all: u64 = weights.iter().map(|(_, weight)| weight).sum();
    // As many in a short run as in a whole one, nearly.
    let every_ms = luck.between(100, calm / 8 / MS);
    let mut faults = vec![];
    let mut at = luck.between(500, calm / 20 * 3 / MS) * MS;
    while at < calm && all > 0 {
        let mut draw = luck.between(1, all);
        let kind = weights.iter().find(|(_, weight)| {
            let hit = draw <= *weight;
            draw = draw.saturating_sub(*weight);
            hit
        });
        let dice = [luck.draw(), luck.draw(), luck.draw(), luck.draw()];
        faults.push(Fault { at, kind: kind.map_or(Kind::Kill, |(kind, _)| *kind), dice });
        at += luck.between(every_ms / 2, every_ms * 2) * MS;
    }
    faults
}
