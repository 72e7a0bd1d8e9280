//! Watches the machine itself while scenarios run: how long somebody who wants to run waits for a processor, and how long a synced
//! write takes. What is slow while neither is so is ours. Knows no Kubernetes.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The watch sleeps for so long at a time: what it sleeps longer is a stall.
const NAP: Duration = Duration::from_millis(5);
/// Stalls below this are what timers are like.
const STALL_US: u64 = 3_000;
/// A synced write is tried so often, of as many bytes as the smallest batch of a replica's log has.
const SYNC_EVERY: Duration = Duration::from_millis(100);
const SYNC_BYTES: usize = 4096;

/// A watch over this machine; ends with it.
#[derive(Debug)]
pub(super) struct Machine {
    began: Instant,
    /// What the clock of those who ask said when it began, in µs.
    base_us: u64,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    delays: Mutex<Vec<Delay>>,
    is_over: AtomicBool,
}

/// Something that the machine was late with, in µs from the beginning of the watch.
#[derive(Debug, Clone, Copy)]
struct Delay {
    is_disk: bool,
    begun_us: u64,
    done_us: u64,
}

/// The worst of a stretch of time, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Worst {
    /// The longest wait for a processor.
    pub(super) stall_ms: f64,
    /// The longest synced write.
    pub(super) sync_ms: f64,
}

impl Machine {
    /// Begins to watch processors, and the disk that this directory is on.
    pub(super) fn watch(now_us: u64, dir: Option<&Path>) -> Machine {
        let machine = Machine { began: Instant::now(), base_us: now_us, seen: Arc::default() };
        let (began, seen) = (machine.began, Arc::clone(&machine.seen));
        std::thread::spawn(move || seen.watch_processors(began));
        if let Some(path) = dir.map(|dir| dir.join("watched")) {
            let (began, seen) = (machine.began, Arc::clone(&machine.seen));
            std::thread::spawn(move || seen.watch_disk(began, path));
        }
        machine
    }

    /// What was worst between these two moments.
    pub(super) fn worst(&self, from_us: u64, to_us: u64) -> Worst {
        let (from_us, to_us) = (from_us.saturating_sub(self.base_us), to_us.saturating_sub(self.base_us));
        let delays = self.seen.delays.lock().unwrap_or_else(PoisonError::into_inner);
        worst(&delays, from_us, to_us)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.seen.is_over.store(true, Ordering::Relaxed);
    }
}

impl Seen {
    fn watch_processors(&self, began: Instant) {
        while !self.is_over.load(Ordering::Relaxed) {
            let (from, due) = (Instant::now(), Instant::now() + NAP);
            std::thread::sleep(NAP);
            if us(due.elapsed()) >= STALL_US {
                self.note(false, us(from - began), us(began.elapsed()));
            }
        }
    }

    fn watch_disk(&self, began: Instant, path: PathBuf) {
        let Ok(file) = File::create(&path) else { return };
        while !self.is_over.load(Ordering::Relaxed) {
            let from = Instant::now();
            if file.write_all_at(&[0; SYNC_BYTES], 0).and_then(|()| file.sync_data()).is_err() {
                break;
            }
            self.note(true, us(from - began), us(began.elapsed()));
            std::thread::sleep(SYNC_EVERY);
        }
        let _gone = std::fs::remove_file(path);
    }

    fn note(&self, is_disk: bool, begun_us: u64, done_us: u64) {
        let delay = Delay { is_disk, begun_us, done_us };
        self.delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
    }
}

impl Worst {
    /// The worse of both, of either kind.
    pub(super) fn and(self, other: Worst) -> Worst {
        Worst { stall_ms: self.stall_ms.max(other.stall_ms), sync_ms: self.sync_ms.max(other.sync_ms) }
    }

    /// The longer of both.
    pub(crate) fn longest_ms(&self) -> f64 {
        self.stall_ms.max(self.sync_ms)
    }

    /// In words, beside what was slow.
    pub(crate) fn told(&self) -> String {
        let Worst { stall_ms, sync_ms } = self;
        format!("a processor was waited for up to {stall_ms:.0} ms, a synced write took up to {sync_ms:.0} ms")
    }
}

fn worst(delays: &[Delay], from_us: u64, to_us: u64) -> Worst {
    let met = delays.iter().rev().filter(|delay| delay.begun_us <= to_us && delay.done_us >= from_us);
    met.fold(Worst::default(), |worst, delay| {
        #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
        let ms = (delay.done_us - delay.begun_us) as f64 / 1e3;
        worst.and(if delay.is_disk {
            Worst { sync_ms: ms, ..Worst::default() }
        } else {
            Worst { stall_ms: ms, ..Worst::default() }
        })
    })
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// How many programs want to run, on average of the last minute.
pub(super) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_met_a_stretch_of_time_counts_for_it() {
        let delay = |is_disk, begun_us, done_us| Delay { is_disk, begun_us, done_us };
        let delays = [delay(false, 0, 90_000), delay(true, 100_000, 104_000), delay(false, 150_000, 170_000)];
        assert_eq!(worst(&delays, 95_000, 160_000), Worst { stall_ms: 20.0, sync_ms: 4.0 });
        assert_eq!(worst(&delays, 50_000, 99_000), Worst { stall_ms: 90.0, sync_ms: 0.0 });
        assert_eq!(worst(&delays, 200_000, 300_000), Worst::default());
    }
}
