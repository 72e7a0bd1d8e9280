//! `jh drill`: places orders at a steady rate, breaks something for real, and reports what customers noticed. This file
//! is the course of a drill; each part of it is a file of its own.

pub(crate) mod check;
mod deal;
mod fault;
mod history;
pub(crate) mod linearity;
mod load;
pub(crate) mod measure;
mod record;
pub(crate) mod report;
pub(crate) mod soak;
mod svg;
mod ticket;
mod timeline;
pub(crate) mod traffic;
mod watch;
mod why;
mod wire;

use std::path::PathBuf;
use std::str::FromStr;

use tokio::signal::unix::{SignalKind, signal};

use crate::command::Context;
use crate::config::state_dir;
use crate::failure::Failure;
use crate::output::talk;
use check::{Checked, check};
use fault::Fault;
use load::{Deals, Load, Rate};
use record::{Clock, Record};
use report::{Report, Round};
use ticket::Tickets;
use watch::Drill;

/// What to do.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What to break
    #[arg(long, value_enum, default_value_t = Fault::Kill)]
    fault: Fault,
    /// How often
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Orders each second, or `max`: every client orders again as soon as it is answered
    #[arg(long, default_value = "200", value_name = "N|max")]
    rate: String,
    /// How many clients at most [default: 256, or 128 with --rate max]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    clients: Option<u16>,
    /// How long to run with --fault none, in seconds
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// The directory `jh up` uses [default: the user's state directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Draw the worst round as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write what every client saw, as JSON lines
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// What the arguments mean here.
#[derive(Debug, Clone)]
struct Config {
    fault: Fault,
    rounds: u16,
    rate: Rate,
    clients: usize,
    seconds: u32,
    dir: PathBuf,
    svg: Option<PathBuf>,
    history: Option<PathBuf>,
}

/// More orders each second than any machine could send.
const RATE_MAX: f64 = 1e6;

impl FromStr for Rate {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Rate, Failure> {
        match text.parse::<f64>() {
            _ if text == "max" => Ok(Rate::Max),
            Ok(rate) if rate > 0.0 && rate <= RATE_MAX => Ok(Rate::PerSecond(rate)),
            _ => Err(Failure::Usage(format!("--rate {text}: give orders each second, up to {RATE_MAX}, or `max`"))),
        }
    }
}

impl Config {
    fn new(args: Args) -> Result<Config, Failure> {
        let Args { fault, rounds, rate, clients, seconds, dir, svg, history } = args;
        let rate: Rate = rate.parse()?;
        let no_home = || Failure::Usage("no home directory is known; say where `jh up` runs with --dir DIR".to_owned());
        let dir = dir.or_else(state_dir).ok_or_else(no_home)?;
        let clients = clients.map_or(if rate == Rate::Max { 128 } else { 256 }, usize::from);
        for file in svg.iter().chain(&history) {
            // A file that cannot be written is better known now than after the drill.
            std::fs::File::create(file).map_err(Failure::local("write", file))?;
        }
        Ok(Config { fault, rounds, rate, clients, seconds, dir, svg, history })
    }
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    unless_interrupted(drill(context, args)).await
}

pub(crate) async fn soak_run(context: &Context, args: soak::Args) -> Result<(), Failure> {
    unless_interrupted(soak::run(context, args)).await
}

/// Dropped half-way, a drill thaws what it has frozen; killed by a signal it could not.
async fn unless_interrupted(what: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| Failure::Usage(error.to_string()))?;
    tokio::select! {
        outcome = what => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failure::Wrong("interrupted; nothing was checked".to_owned())),
        _ = terminate.recv() => Err(Failure::Wrong("interrupted; nothing was checked".to_owned())),
    }
}

/// One load, what is done to the installation meanwhile, and the judgement of both.
#[derive(Debug, Clone)]
struct Leg {
    name: String,
    faults: Faults,
    rate: Rate,
    clients: usize,
    dir: PathBuf,
    history: Option<PathBuf>,
}

/// What is done.
#[derive(Debug, Clone)]
enum Faults {
    /// Nothing, for so many seconds.
    Quiet(u32),
    /// These, one after the other.
    Rounds(Vec<Fault>),
}

/// What came of a leg: its report, all orders, and why it could not go on if it could not.
struct Judged {
    report: Report,
    records: Vec<Record>,
    stopped: Option<Failure>,
}

async fn leg(context: &Context, leg: Leg) -> Result<Judged, Failure> {
    let Leg { name, faults, rate, clients, dir, history } = leg;
    let authority = context.api.endpoint();
    let clock = Clock::start();
    let tickets = Tickets::new(authority, getrandom::u32().unwrap_or(0));
    let drill = Drill::new(context.api.clone(), clock, dir);
    let whole = drill.whole_cluster().await?;
    let deals = if rate == Rate::Max { Deals::None } else { Deals::Changes };
    let load = Load::start(clock, tickets.clone(), authority, rate, clients, deals);
    let mut course = drill.follow(&load, rate, whole);
    let (rounds, stopped) = match faults {
        Faults::Quiet(seconds) => {
            course.run_on(u64::from(seconds) * 1_000_000).await;
            (Vec::new(), None)
        }
        Faults::Rounds(faults) => course.rounds(&faults).await,
    };
    let end_us = clock.now_us();
    course.end();
    load.stop().await;
    // What was acknowledged is checked even where the drill could not go on.
    let records: Vec<Record> = load.records().to_vec();
    talk(&format!("reading {} orders back", records.iter().filter(|record| record.is_placed()).count()));
    let checked = Checked { tickets: tickets.clone(), authority: authority.to_owned(), clock };
    let (findings, looks) = check(&checked, &records).await?;
    let linearity = linearity::judge(load.calls().into_iter().chain(looks));
    if let Some(path) = &history {
        history::write(path, &clock, &tickets, &load)?;
    }
    let report = Report::new(name, rounds, &records, &load.glances(), end_us, findings, linearity);
    let report = report.with_why(load.whys());
    Ok(Judged { report, records, stopped })
}

async fn drill(context: &Context, args: Args) -> Result<(), Failure> {
    let Config { fault, rounds, rate, clients, seconds, dir, svg, history } = Config::new(args)?;
    let faults = match fault {
        Fault::None => Faults::Quiet(seconds),
        fault => Faults::Rounds(vec![fault; usize::from(rounds)]),
    };
    let judged = leg(context, Leg { name: fault.name(), faults, rate, clients, dir, history }).await?;
    let Judged { report, records, stopped } = judged;
    draw(&report, &records, svg)?;
    let json = serde_json::to_value(&report).expect("a report is always JSON");
    context.out.answer(&json, || Ok(report.text()))?;
    match (stopped, report.fault_found()) {
        (_, Some(found)) => Err(Failure::Wrong(found)),
        (Some(failure), None) => Err(failure),
        (None, None) => Ok(()),
    }
}

fn draw(report: &Report, records: &[Record], svg: Option<PathBuf>) -> Result<(), Failure> {
    let Some(path) = svg else { return Ok(()) };
    let worst = |a: &&Round, b: &&Round| {
        let gap = |round: &Round| round.gap_ms.unwrap_or(f64::INFINITY);
        gap(a).total_cmp(&gap(b))
    };
    match report.rounds.iter().max_by(worst) {
        Some(round) => {
            let picture = svg::draw(report, round, records);
            std::fs::write(&path, picture).map_err(Failure::local("write", &path))
        }
        None => {
            talk("no round to draw");
            Ok(())
        }
    }
}
