//! What goes wrong in a run: each seed draws its own mix, so that some runs know only crashes and others everything (swarm testing).
use crate::luck::Luck;

pub(crate) struct Mix {
    pub(crate) loss_percent: u64,
    pub(crate) duplicate_percent: u64,
    /// Messages of one connection stay in order, as TCP keeps them, unless this is set.
    pub(crate) reorder: bool,
    pub(crate) delay_us: u64,
    pub(crate) disk_us: u64,
    pub(crate) fault_every_ms: u64,
    pub(crate) crash: u64,
    pub(crate) wipe: u64,
    pub(crate) pause: u64,
    pub(crate) cut: u64,
    pub(crate) isolate: u64,
    pub(crate) suspect: u64,
    pub(crate) hand_over: u64,
    pub(crate) leave: u64,
    pub(crate) restore: u64,
    pub(crate) late_write_percent: u64,
    pub(crate) lost_write_percent: u64,
    pub(crate) min_in_sync: usize,
    pub(crate) replicas: usize,
    /// The controllers choose as real ones do; otherwise they promote on a whim, which tries more.
    pub(crate) real_controllers: bool,
}

impl Mix {
    pub(crate) fn draw(luck: &mut Luck) -> Mix {
        let mut weight = |most: u64| if luck.chance(50) { luck.between(1, most) } else { 0 };
        let (crash, wipe, pause, cut) = (weight(10) + 1, weight(3), weight(5), weight(6));
        let (suspect, hand_over, leave, restore) = (weight(5), weight(4), weight(4), weight(2));
        let isolate = weight(6);
        Mix {
            loss_percent: if luck.chance(30) { luck.between(1, 10) } else { 0 },
            duplicate_percent: if luck.chance(30) { luck.between(1, 10) } else { 0 },
            reorder: luck.chance(30),
            delay_us: luck.between(100, 5_000),
            disk_us: luck.between(50, 5_000),
            fault_every_ms: luck.between(100, 3_000),
            crash,
            wipe,
            pause,
            cut,
            isolate,
            suspect,
            hand_over,
            leave,
            restore,
            late_write_percent: if luck.chance(40) { luck.between(1, 30) } else { 0 },
            lost_write_percent: if luck.chance(40) { luck.between(1, 20) } else { 0 },
            min_in_sync: if luck.chance(85) { 2 } else { 1 },
            replicas: if luck.chance(80) { 3 } else { 5 },
            real_controllers: luck.chance(50),
        }
    }
    /// Which fault comes next.
    pub(crate) fn next(&self, luck: &mut Luck) -> Fault {
        use Fault::*;
        let weights = [
            (self.crash, Crash),
            (self.wipe, Wipe),
            (self.pause, Pause),
            (self.cut, Cut),
            (self.suspect, Suspect),
            (self.hand_over, HandOver),
            (self.leave, Leave),
            (self.restore, PowerCut),
            (self.isolate, Isolate),
        ];
        let mut at = luck.between(1, weights.iter().map(|(weight, _)| weight).sum());
        for (weight, fault) in weights {
            if at <= weight {
                return fault;
            }
            at -= weight;
        }
        Crash
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Crash,
    Wipe,
    Pause,
    Cut,
    Suspect,
    HandOver,
    Leave,
    PowerCut,
    /// Cut off from all members and from the view store, while clients still reach it.
    Isolate,
}
