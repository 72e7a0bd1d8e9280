//! `sim --seed N` runs one seed and tells what happened; `sim --seeds A..B` runs many and keeps a ledger. A seed that breaks a law is told
//! with the faults that it needs and what happened before. With `--ledger FILE` a long run that was stopped goes on where it was;
//! `--commit` names the build that does it. `sim --mistakes` is the test of the test.
mod ledger;
mod planting;

use ledger::Ledger;
use sim::mistakes::plant;
use sim::{Length, Mix, Run, Trace, run, shorten};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// A run makes and forgets many small things: a seventh of the time of the system's own allocator goes away.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: sim --seed N [--short] [--loud] [--mistake M]
       sim --seeds A..B [--short] [--threads T] [--mistake M] [--ledger FILE] [--commit NAME]
       sim --mistakes [--only M] [--threads T]";
/// Lines told of what happened before a violation.
const LINES: usize = 80;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|one| one == name);
    let value = |name: &str| arguments.iter().position(|one| one == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str| value(name).and_then(|number| number.parse::<u64>().ok());
    let mistake = number("--mistake").and_then(|mistake| u8::try_from(mistake).ok()).unwrap_or(0);
    let threads = number("--threads").and_then(|threads| usize::try_from(threads).ok()).unwrap_or(1);
    let length = if given("--short") { Length::Short } else { Length::Whole };
    if given("--mistakes") {
        return planting::test_of_the_test(number("--only"), threads);
    }
    if let Some(seed) = number("--seed") {
        plant(mistake);
        return one(seed, length, given("--loud"));
    }
    match value("--seeds").and_then(|seeds| range(seeds)) {
        Some(seeds) => {
            let (file, commit) = (value("--ledger").map(PathBuf::from), value("--commit").cloned().unwrap_or_default());
            match Ledger::open(seeds.clone(), length, threads, commit, file) {
                Ok(ledger) => many(seeds.end, length, threads, mistake, ledger),
                Err(error) => {
                    eprintln!("{error}");
                    ExitCode::from(2)
                }
            }
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn range(text: &str) -> Option<Range<u64>> {
    let (from, to) = text.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

fn one(seed: u64, length: Length, loud: bool) -> ExitCode {
    let began = Instant::now();
    let Run { sums, violation, trace } = run(seed, length, &BTreeSet::new(), Trace::kept());
    println!("seed {seed}: {sums:?}, {} ms", began.elapsed().as_millis());
    if loud {
        trace.lines().iter().for_each(|line| println!("{line}"));
    }
    if violation.is_none() { ExitCode::SUCCESS } else { tell(seed, length) }
}

/// Tells how a seed breaks a law.
fn tell(seed: u64, length: Length) -> ExitCode {
    let left_out = shorten(seed, length);
    let Run { violation, trace, .. } = run(seed, length, &left_out, Trace::kept());
    let lines = trace.lines();
    lines[lines.len().saturating_sub(LINES)..].iter().for_each(|line| println!("{line}"));
    println!("seed {seed} breaks a law with these faults:");
    let faults = Mix::draw(seed, length).faults;
    for (index, fault) in faults.iter().enumerate().filter(|(index, _)| !left_out.contains(index)) {
        println!("  {index:>3} at {:>6} ms: {}", fault.at / 1000, fault.kind.text());
    }
    if let Some(violation) = violation {
        println!("seed {seed}: {}", violation.law);
    }
    let short = if length == Length::Short { " --short" } else { "" };
    println!("again: cargo run --release -p sim -- --seed {seed}{short} --loud");
    ExitCode::FAILURE
}

thread_local! {
    /// What this thread runs.
    static SEED: Cell<u64> = const { Cell::new(0) };
}

fn many(end: u64, length: Length, threads: usize, mistake: u8, ledger: Ledger) -> ExitCode {
    let (next, found) = (AtomicU64::new(ledger.next()), AtomicBool::new(false));
    let ledger = Mutex::new(ledger);
    std::panic::set_hook(Box::new(|panic| println!("seed {}: an assertion: {panic}", SEED.get())));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // A mistake that was found is found; of defects all are told.
                while !(mistake > 0 && found.load(Ordering::Relaxed)) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    SEED.set(seed);
                    plant(mistake);
                    let ran = run(seed, length, &BTreeSet::new(), Trace::none());
                    if let Some(violation) = &ran.violation {
                        println!("seed {seed}: {}", violation.law);
                        found.store(true, Ordering::Relaxed);
                    }
                    ledger.lock().expect("nobody panics with it").enter(seed, ran);
                }
            });
        }
    });
    let mut ledger = ledger.into_inner().expect("all threads have ended");
    if mistake == 0 {
        ledger.keep();
        println!("{ledger}");
    }
    match ledger.failed().min() {
        None => ExitCode::SUCCESS,
        Some(_) if mistake > 0 => ExitCode::FAILURE,
        Some(first) => tell(first, length),
    }
}
