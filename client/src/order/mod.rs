//! `jh order`: place, see, follow and cancel. The list of subcommands; each is a file of its own.

mod finish;
pub(crate) mod list;
pub(crate) mod place;
mod resume;
pub(crate) mod show;
mod watch;

use api::v1::command::{Cancel, Party};
use clap::Subcommand;

use crate::command::Context;
use crate::failure::Failure;
use crate::transition::{self, Target};

/// About orders.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Place an order; safe to interrupt at any time
    Place(Box<place::Args>),
    /// Show one order
    Show {
        /// The order's id
        id: String,
    },
    /// List orders
    List(list::Args),
    /// Follow an order until it has ended, across fail-overs
    Watch {
        /// The order's id
        id: String,
    },
    /// Call an order off
    Cancel {
        #[command(flatten)]
        target: Target,
        /// Why
        #[arg(long, default_value = "changed_mind")]
        reason: String,
    },
    /// Finish placing what a crash or an unknown outcome interrupted
    Resume,
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Place(args) => place::run(context, *args).await,
        Command::Show { id } => show::run(context, &id).await,
        Command::List(args) => list::run(context, args).await,
        Command::Watch { id } => watch::run(context, &id).await,
        Command::Cancel { target, reason } => {
            let body = Cancel { reason: Some(reason), by: Some(Party::Customer) };
            transition::run(context, "cancel", target, &body).await
        }
        Command::Resume => resume::run(context).await,
    }
}
