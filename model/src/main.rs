//! The large explorations, with their figures; or one of them, with the way to the law it breaks.
use clap::Parser;
use model::{Order, Play, Report, explore, plays};
use std::process::ExitCode;
use std::time::Duration;

/// Explores the group's core exhaustively within bounds.
#[derive(Parser)]
struct Args {
    /// The large bounds: minutes each.
    #[arg(long)]
    big: bool,
    /// The planted mistakes: each must be refuted.
    #[arg(long)]
    mistakes: bool,
    /// Only those whose name begins so.
    #[arg(long, default_value = "")]
    only: String,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// No more moments than this in one exploration.
    #[arg(long, default_value_t = 60_000_000)]
    most: usize,
    /// No more seconds than this in one exploration.
    #[arg(long, default_value_t = 900)]
    seconds: u64,
    /// Only names what there is.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.mistakes && cfg!(panic = "abort") {
        eprintln!("mistakes make members assert, which ends a release build: leave out --release");
        return ExitCode::FAILURE;
    }
    let table = match (args.mistakes, args.big) {
        (true, _) => plays::mistaken(),
        (_, true) => plays::BIG.to_vec(),
        _ => plays::SMALL.to_vec(),
    };
    if !table.iter().any(|play| play.name.starts_with(&args.only)) {
        eprintln!("no play's name begins with {}: --list names them, and with --big the large ones", args.only);
        return ExitCode::FAILURE;
    }
    let order = if args.big { Order::Deepest } else { Order::Nearest };
    let mut good = true;
    for play in table.iter().filter(|play| play.name.starts_with(&args.only)) {
        if args.list {
            println!("{:<22} {}", play.name, play.what);
            continue;
        }
        let report = explore(play, order, args.threads, args.most, Duration::from_secs(args.seconds));
        println!("{report}");
        good &= is_right(play, &report);
        if report.refuted.is_some() != play.mistake.is_some() || !args.only.is_empty() {
            show(&report);
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_right(play: &Play, report: &Report) -> bool {
    report.refuted.is_some() == play.mistake.is_some() && (play.mistake.is_some() || report.missed.is_empty())
}

fn show(report: &Report) {
    for (moment, step) in report.refuted.iter().flat_map(|(_, way)| way) {
        println!("    {moment}\n  * {step}");
    }
}
