//! The keeper alone: when it leaves the disk to others, and when it does not.
use super::*;
use crate::disk::simulated::SimulatedDisk;
use crate::disk::{File, Lane};
use crate::log::STRETCH;
use crate::sync::thread::{spawn, yield_now};
use std::io;

/// A disk that others use: what it does in a pause is up to the test.
struct Shared<P>(SimulatedDisk, P);

impl<P: Fn(Duration) + Send + Sync> Disk for Shared<P> {
    fn names(&self) -> io::Result<Vec<String>> {
        self.0.names()
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.0.create(name)
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.0.open(name)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        self.0.sync_names()
    }
    fn reads_past_cache(&self) -> bool {
        self.0.reads_past_cache()
    }
    fn pause(&self, time: Duration) {
        (self.1)(time);
    }
    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        self.0.lane()
    }
}

const STRETCHES: usize = 5;
const BYTES: u32 = (STRETCHES * STRETCH) as u32;

fn keeper(hurry: &Hurry, pause: impl Fn(Duration) + Send + Sync + 'static, segments: Sender<Segment>) -> Keeper {
    let disk = Arc::new(Shared(SimulatedDisk::new(), pause));
    let slices = Arc::new(AtomicUsize::new(0));
    Keeper::new(disk, "here", Arc::new(|_| ()), segments, Arc::new(|_| ()), slices, hurry.clone())
}

#[test]
fn a_segment_is_made_at_leisure_until_somebody_waits_for_it() {
    for after in [0, 2, STRETCHES] {
        let scene = move || {
            let (hurry, pauses) = (Hurry::default(), Arc::new(AtomicUsize::new(0)));
            let (seen, counted) = (hurry.clone(), pauses.clone());
            hurry.set(after == 0);
            let pause = move |time| {
                assert_eq!(time, Duration::from_micros(SPARE_PAUSE_US));
                let so_far = counted.fetch_add(1, Ordering::Relaxed) + 1;
                seen.set(so_far == after);
            };
            let (sender, segments) = mpsc::channel();
            let mut keeper = keeper(&hurry, pause, sender);
            assert!(keeper.take(Chore::Segment(1, BYTES, None)).unwrap());
            assert_eq!(pauses.load(Ordering::Relaxed), after.min(STRETCHES - 1));
            assert_eq!(segments.recv().unwrap().number, 1);
        };
        shuttle::check_random(scene, 1);
    }
}

/// A pause here ends only when somebody waits, so this ends only if whoever waits says so.
#[test]
fn whoever_waits_for_a_segment_says_so() {
    let scene = || {
        let hurry = Hurry::default();
        let waits = hurry.clone();
        let pause = move |_| {
            while !waits.is_there() {
                yield_now();
            }
        };
        let (chores, queue) = mpsc::channel();
        let (mut supply, segments) = supply(chores.clone(), hurry.clone());
        let keeper = keeper(&hurry, pause, segments);
        let keeping = spawn(move || keeper.run(&queue));
        for number in 1..3 {
            supply.order(number, BYTES, None).unwrap();
            assert_eq!(supply.take().unwrap().number, number);
            assert!(!hurry.is_there(), "nobody waits now");
        }
        chores.send(Chore::Stop).unwrap();
        keeping.join().unwrap();
    };
    shuttle::check_random(scene, 50);
}
