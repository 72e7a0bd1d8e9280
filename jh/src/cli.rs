//! The command line as a whole, and who answers it. The only file that names every program.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::server::Server;
use crate::{NAME, up};

/// Online food ordering that survives the death of any of its servers.
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: client::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[command(subcommand_help_heading = "Programs")]
enum Command {
    /// Run everything on this machine until Ctrl-C
    Up(up::Args),
    #[command(flatten)]
    Client(client::Command),
    /// Server: names another primary when one fails
    Controller(Server<controller::Args>),
    /// Server: takes orders over HTTP
    Frontend(Server<frontend::Args>),
    /// Server: keeps a copy of the order book
    Replica(Server<replica::Args>),
    /// Server: says where postcodes are
    Postcode(Server<postcode::Args>),
    /// Server: plays the outside postcode services, also how they fail
    Outside(Server<postcode::simulator::Args>),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

pub(crate) fn run(cli: Cli) -> ExitCode {
    let Cli { global, command } = cli;
    match command {
        Command::Up(args) => up::run(args),
        Command::Controller(server) => server.run("controller", controller::run),
        Command::Frontend(server) => server.run("frontend", frontend::run),
        Command::Replica(server) => server.run("replica", replica::run),
        Command::Postcode(server) => server.run("postcode", postcode::run),
        Command::Outside(server) => server.run("outside", postcode::simulator::run),
        Command::Client(command) => client::run(global, command).into(),
        Command::Completions { shell } => completions(shell),
    }
}

fn completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    // Whoever closes the pipe has read enough.
    let _closed = std::io::stdout().write_all(&script);
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_for_people_may_stand_before_and_after_the_command() {
        for line in ["jh -o json order list", "jh order list -o json", "jh order -o json list"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.global.output, client::Format::Json, "{line}");
        }
    }

    #[test]
    fn a_wrong_flag_is_a_usage_error() {
        for line in ["jh", "jh up --port 70000", "jh order place --nonsense", "jh kitchen accept", "jh frobnicate"] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn every_shell_gets_its_completions() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
            assert!(String::from_utf8(script).unwrap().contains("watch"), "{shell}");
        }
    }
}
