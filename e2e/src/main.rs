//! End-to-end tests on a real Kubernetes cluster: makes one where there is none, breaks it in every way that is promised to
//! be harmless, and holds the service to its promises. This file is the way in.

mod checks;
mod cli;
mod cluster;
mod harness;
mod image;
mod scenarios;
mod sh;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Exit code when nothing can be said: 1 is that something is not as it should be.
const BROKEN: u8 = 2;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let outcome = runtime.block_on(interruptible(cli));
    // What still blocks on a thread of its own has been told to end.
    runtime.shutdown_background();
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("e2e: {error:#}");
            ExitCode::from(BROKEN)
        }
    }
}

/// The work is done on a thread of its own: this one stays awake for whoever wants to end us.
async fn interruptible(cli: cli::Cli) -> anyhow::Result<bool> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut work = tokio::task::spawn_blocking(move || cli::run(cli));
    loop {
        tokio::select! {
            outcome = &mut work => return outcome?,
            _ = interrupt.recv() => sh::interrupt(),
            _ = terminate.recv() => sh::interrupt(),
            _ = hang_up.recv() => sh::interrupt(),
        }
    }
}
