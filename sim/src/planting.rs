//! The test of the test: plants every mistake, and tells which seed finds it. Each is a process of its own: an assertion that finds one may end it.
use sim::mistakes::MISTAKES;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A mistake must be found within so many seeds.
const SEEDS: u64 = 500;

/// In which seed a mistake was found, and by what; none: it was not.
type Found = Option<(u64, String)>;

pub(crate) fn test_of_the_test(only: Option<u64>, threads: usize) -> ExitCode {
    let wanted: Vec<(u8, &str)> =
        MISTAKES.iter().copied().filter(|(mistake, _)| only.is_none_or(|only| only == u64::from(*mistake))).collect();
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(usize, Found)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((mistake, name)) = wanted.get(at) else { return };
                    let came = find(*mistake);
                    eprintln!("{name}: {came:?}");
                    found.lock().expect("nobody panics with it").push((at, came));
                }
            });
        }
    });
    let mut found = found.into_inner().expect("all threads have ended");
    found.sort_unstable_by_key(|(at, _)| *at);
    println!("| mistake | seeds | found by |\n|---|---|---|");
    for (at, came) in &found {
        match came {
            Some((seed, law)) => println!("| {} | {} | {law} |", wanted[*at].1, seed + 1),
            None => println!("| {} | **not in {SEEDS}** | |", wanted[*at].1),
        }
    }
    let missed = found.iter().filter(|(_, came)| came.is_none()).count();
    println!("\n{} of {} mistakes found", found.len() - missed, found.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn find(mistake: u8) -> Found {
    let me = std::env::current_exe().expect("a program knows where it is");
    let (seeds, mistake) = (format!("0..{SEEDS}"), mistake.to_string());
    let ran =
        Command::new(me).args(["--seeds", &seeds, "--mistake", &mistake]).output().expect("a program can start itself");
    let said = String::from_utf8_lossy(&ran.stdout);
    let mut lines = said.lines().skip_while(|line| !line.starts_with("seed "));
    let (seed, law) = lines.next()?.strip_prefix("seed ")?.split_once(": ")?;
    let law = if law.starts_with("an assertion") {
        format!("assertion: {}", lines.next().unwrap_or_default())
    } else {
        law.to_owned()
    };
    Some((seed.parse().ok()?, law))
}
