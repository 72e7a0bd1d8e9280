//! The client as a whole against a small service on loopback.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod commands;
mod drill;
mod fake;
mod traffic;

use client::{Command, Exit, Global};

/// A command line as `jh` reads it.
#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Runs a command line; the first word is the program's name.
fn run(line: &[&str]) -> Exit {
    let Cli { global, command } = clap::Parser::try_parse_from(line).unwrap();
    client::run(global, command)
}
