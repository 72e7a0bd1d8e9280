//! What every server program has in common around its own `run`: its log, and ending with whoever started it.

use std::io::Write;
use std::process::ExitCode;

use crate::{logging, parent, respawn};

/// The flags of one server, and those of all.
#[derive(Debug, clap::Args)]
pub(crate) struct Server<T: clap::Args> {
    #[command(flatten)]
    args: T,
    /// What to log, in the form of RUST_LOG
    #[arg(long, default_value = "info", value_name = "FILTER")]
    log: String,
    /// End when the process with this id, which must be the parent, ends
    #[arg(long, value_name = "PID", hide = true)]
    die_with_parent: Option<u32>,
    /// Be a small parent that starts the server and starts it again at once when it dies; for the first process of a container
    #[arg(long, conflicts_with = "die_with_parent")]
    supervise: bool,
}

impl<T: clap::Args> Server<T> {
    /// Runs the server to its end. Exit code 1 where it could not go on; why is said on standard error.
    pub(crate) fn run(self, name: &str, run: impl FnOnce(T) -> anyhow::Result<()>) -> ExitCode {
        let Server { args, log, die_with_parent, supervise } = self;
        let outcome = die_with_parent.map_or(Ok(()), parent::die_with).and_then(|()| logging::start(&log));
        let run = || if supervise { respawn::run() } else { run(args).map(|()| ExitCode::SUCCESS) };
        match outcome.and_then(|()| run()) {
            Ok(code) => code,
            Err(error) => {
                // With standard error gone there is nobody to tell, and the exit code says it too.
                let _gone = writeln!(std::io::stderr().lock(), "jh {name}: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}
