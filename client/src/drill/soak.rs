//! `jh soak`: drills with faults drawn at random, for a given time, and a ledger of all they found. Knows the drill, and no process.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;

use super::fault::Fault;
use super::linearity::Verdict;
use super::load::Rate;
use super::report::Report;
use super::{Faults, Judged, Leg, leg};
use crate::command::Context;
use crate::config::state_dir;
use crate::failure::Failure;
use crate::output::talk;

/// How long, how hard.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// How long to go on, in seconds; the leg that is under way then is finished
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    seconds: u64,
    /// Decides which faults come; drawn and told if it is not given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Faults in one leg, after which everything is read back and judged
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Orders each second, or `max`
    #[arg(long, default_value = "100", value_name = "N|max")]
    rate: String,
    /// The directory `jh up` uses [default: the user's state directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Append the ledger here after every leg, as one line of JSON
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

/// Everything that all legs have found.
#[derive(Debug, Clone, Default, Serialize)]
struct Ledger {
    seed: u64,
    legs: usize,
    seconds: f64,
    /// How often each fault was done.
    faults: BTreeMap<String, usize>,
    /// Changes of the primary that were forced, not planned.
    failovers_forced: usize,
    orders: usize,
    placed: usize,
    errors: usize,
    refused: usize,
    lost: usize,
    changed: usize,
    doubled: usize,
    histories: usize,
    not_linearizable: usize,
    unknown_verdicts: usize,
    not_recovered: usize,
    /// Hand-overs by plan that the cluster did not do: the primary leads on, which is no failure. The leg ends there.
    promotions_refused: usize,
    gap_max_ms: f64,
    /// What was wrong, in words.
    findings: Vec<String>,
}

/// Draws the same for the same seed.
struct Luck(u64);

impl Luck {
    fn draw(&mut self) -> Fault {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let faults: Vec<Fault> =
            Fault::value_variants().iter().copied().filter(|fault| *fault != Fault::None).collect();
        let (half, which) = (mixed >> 63, usize::try_from(mixed & 0xFFFF).unwrap_or(0));
        // Half of all faults kill the primary: that is what is promised most of.
        if half == 0 { Fault::Kill } else { faults[which % faults.len()] }
    }
}

/// Whether a change of the primary under this fault was forced upon the group.
fn forces(fault: Fault) -> bool {
    matches!(fault, Fault::Kill | Fault::Freeze | Fault::KillAll)
}

impl Ledger {
    fn add(&mut self, faults: &[Fault], report: &Report) {
        self.legs += 1;
        for (fault, round) in faults.iter().zip(&report.rounds) {
            *self.faults.entry(fault.name()).or_default() += 1;
            self.failovers_forced += usize::from(forces(*fault) && round.epoch_after > round.epoch_before);
            self.gap_max_ms = self.gap_max_ms.max(round.gap_ms.unwrap_or(0.0));
        }
        self.orders += report.orders;
        self.placed += report.placed;
        self.errors += report.errors + report.stale + report.read_errors;
        self.refused += report.refused;
        self.lost += report.findings.lost.len();
        self.changed += report.findings.changed.len();
        self.doubled += report.findings.doubled.len();
        self.histories += report.linearity.orders;
        self.not_linearizable += report.linearity.not.len();
        self.unknown_verdicts += report.linearity.unknown.len();
        self.not_recovered += report.not_recovered;
        self.findings.extend(report.fault_found());
        self.findings.extend(report.why.iter().take(3).cloned());
        if report.linearity.verdict != Verdict::Linearizable {
            self.findings.extend(report.linearity.not.iter().take(3).cloned());
        }
    }

    /// Only a hand-over asks for something that may be refused.
    fn forgives(&mut self, stopped: &Failure) -> bool {
        let is_refused = matches!(stopped, Failure::Refused(_));
        self.promotions_refused += usize::from(is_refused);
        is_refused
    }

    fn is_clean(&self) -> bool {
        let wrong = self.lost + self.changed + self.doubled + self.not_linearizable + self.unknown_verdicts;
        wrong + self.errors + self.refused + self.not_recovered == 0
    }

    fn text(&self) -> String {
        let Ledger { seed, legs, seconds, failovers_forced, orders, placed, lost, changed, doubled, .. } = self;
        let rounds: usize = self.faults.values().sum();
        let mut text = format!(
            "seed {seed}: {rounds} faults in {legs} legs, {seconds:.0} s\n\
             \x20 failovers forced {failovers_forced}\n\
             \x20 orders           {orders}: {placed} acknowledged, {} errors, {} refused\n\
             \x20 read back        {lost} lost, {changed} changed, {doubled} doubled\n\
             \x20 histories        {}: {} not linearizable, {} unknown\n\
             \x20 worst gap        {:.1} ms\n",
            self.errors, self.refused, self.histories, self.not_linearizable, self.unknown_verdicts, self.gap_max_ms,
        );
        if self.promotions_refused > 0 {
            text += &format!("  hand-overs       {} refused, each the end of a leg\n", self.promotions_refused);
        }
        for finding in &self.findings {
            text += &format!("  {finding}\n");
        }
        text
    }
}

fn append(path: &Path, ledger: &Ledger) -> Result<(), Failure> {
    let line = serde_json::to_string(ledger).expect("a ledger is always JSON");
    let written = OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| {
        writeln!(file, "{line}")?;
        file.sync_all()
    });
    written.map_err(Failure::local("write", path))
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let Args { seconds, seed, rounds, rate, dir, ledger: path } = args;
    let rate: Rate = rate.parse()?;
    let no_home = || Failure::Usage("no home directory is known; say where `jh up` runs with --dir DIR".to_owned());
    let dir = dir.or_else(state_dir).ok_or_else(no_home)?;
    let clients = if rate == Rate::Max { 128 } else { 256 };
    let seed = seed.unwrap_or_else(|| u64::from(getrandom::u32().unwrap_or(1)));
    talk(&format!("seed {seed}"));
    let (mut ledger, mut luck) = (Ledger { seed, ..Ledger::default() }, Luck(seed));
    let begun = Instant::now();
    let mut stopped = None;
    while begun.elapsed() < Duration::from_secs(seconds) && stopped.is_none() {
        let faults: Vec<Fault> = (0..rounds).map(|_| luck.draw()).collect();
        let name = format!("leg {}", ledger.legs + 1);
        let plan = Faults::Rounds(faults.clone());
        let judged = leg(context, Leg { name, faults: plan, rate, clients, dir: dir.clone(), history: None }).await?;
        let Judged { report, records: _, stopped: why } = judged;
        ledger.add(&faults, &report);
        ledger.seconds = begun.elapsed().as_secs_f64();
        if let Some(path) = &path {
            append(path, &ledger)?;
        }
        talk(ledger.text().trim_end());
        stopped = why.filter(|why| !ledger.forgives(why));
    }
    let json = serde_json::to_value(&ledger).expect("a ledger is always JSON");
    context.out.answer(&json, || Ok(ledger.text()))?;
    match stopped {
        Some(failure) => Err(failure),
        None if ledger.is_clean() => Ok(()),
        None => Err(Failure::Wrong("something was lost, wrong or without an answer; see the ledger".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_faults_and_every_fault_comes() {
        let draw = |seed| {
            let mut luck = Luck(seed);
            (0..400).map(|_| luck.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let drawn = draw(7);
        let wanted = Fault::value_variants().iter().filter(|fault| **fault != Fault::None);
        wanted.for_each(|fault| assert!(drawn.contains(fault), "{fault:?} never comes"));
        assert!(!drawn.contains(&Fault::None));
        assert!(drawn.iter().filter(|fault| **fault == Fault::Kill).count() > 150);
    }

    #[test]
    fn a_hand_over_that_is_refused_ends_its_leg_and_is_told_and_nothing_else_is_forgiven() {
        let mut ledger = Ledger::default();
        assert!(!ledger.forgives(&Failure::Unavailable { what: "nobody answers".to_owned() }));
        assert!(!ledger.forgives(&Failure::Wrong("an order is lost".to_owned())));
        assert!(!ledger.text().contains("hand-overs"));
        assert!(ledger.forgives(&Failure::Refused(Box::default())));
        assert!(ledger.text().contains("hand-overs       1 refused"), "{}", ledger.text());
        assert!(ledger.is_clean());
    }
}
