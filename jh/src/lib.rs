//! The one program, `jh`: reads the command line and hands over to a server, a command for people, or `up`. Knows which
//! there are; knows nothing of what they do.
//!
//! A harness that wants the servers without a second binary re-executes itself: it starts its own executable with
//! `argv[0]` set to [`NAME`] and calls [`main`] where [`is_invoked`] says so. The children of `up` are started the same
//! way.

mod cli;
mod kubectl;
mod logging;
mod parent;
mod respawn;
mod server;
mod supervise;
mod up;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

/// The name of this program, as `argv[0]` and as users type it.
pub const NAME: &str = "jh";

/// Whether this process was started under the name `jh`.
pub fn is_invoked() -> bool {
    is_called(NAME)
}

fn is_called(wanted: &str) -> bool {
    let name = std::env::args_os().next();
    name.is_some_and(|name| Path::new(&name).file_stem().is_some_and(|stem| stem == wanted))
}

/// Runs what the command line asks for and says how it ended. Wrong flags end the process here, with exit code 2. Under the name
/// `kubectl-jh` it is a plugin of kubectl.
pub fn main() -> ExitCode {
    if is_called(kubectl::NAME) { kubectl::main() } else { cli::run(cli::Cli::parse()) }
}
