//! What many runs came to: figures, faults by kind, and which seeds broke a law. Says it now and then while they run.
use sim::{Kind, Length, Run, Sums};
use std::fmt;
use std::time::{Duration, Instant};

/// A long run says where it is this often.
const SAY_EVERY: Duration = Duration::from_secs(60);

pub(crate) struct Ledger {
    length: Length,
    threads: usize,
    began: Instant,
    said: Instant,
    runs: u64,
    sums: Sums,
    failed: Vec<u64>,
}

impl Ledger {
    pub(crate) fn new(length: Length, threads: usize) -> Ledger {
        let now = Instant::now();
        Ledger { length, threads, began: now, said: now, runs: 0, sums: Sums::default(), failed: vec![] }
    }
    pub(crate) fn enter(&mut self, seed: u64, run: &Run) {
        self.runs += 1;
        self.sums.add(&run.sums);
        if run.violation.is_some() {
            self.failed.push(seed);
        }
        if self.said.elapsed() >= SAY_EVERY {
            self.said = Instant::now();
            eprintln!("{self}");
        }
    }
    pub(crate) fn failed(&self) -> impl Iterator<Item = u64> {
        self.failed.iter().copied()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ledger { length, threads, runs, sums, failed, .. } = self;
        let (virtual_s, took) = (runs * length.seconds(), self.began.elapsed().as_secs_f64());
        let speed = virtual_s as f64 / took / *threads as f64;
        writeln!(f, "{runs} seeds of {} s: {virtual_s} s of virtual time in {took:.1} s", length.seconds())?;
        writeln!(f, "{speed:.0} times real time on each of {threads} threads")?;
        let Sums { events, reigns, answered, orders, unknown, fetched, unsound, committed, faults } = sums;
        writeln!(f, "{events} events, {reigns} reigns, {committed} entries committed")?;
        writeln!(f, "{answered} requests answered, {orders} orders acknowledged, {unknown} outcomes unknown")?;
        writeln!(f, "{fetched} snapshots fetched, {unsound} disks lost or found unsound")?;
        let kinds: Vec<String> =
            Kind::ALL.iter().map(|kind| format!("{kind:?} {}", faults.get(kind).unwrap_or(&0))).collect();
        writeln!(f, "{} faults: {}", faults.values().sum::<u64>(), kinds.join(", "))?;
        write!(f, "{} seeds broke a law {failed:?}", failed.len())
    }
}
