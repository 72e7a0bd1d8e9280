//! `jh courier`: what a courier does with an order that is ready. Knows the verbs, not when they are allowed.

use clap::Subcommand;
use serde_json::Value;

use crate::command::Context;
use crate::failure::Failure;
use crate::transition::{self, Target};

/// What a courier does.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Take the delivery of an order on
    Claim {
        #[command(flatten)]
        target: Target,
        /// Who you are
        #[arg(long, default_value = "courier-1")]
        courier: String,
    },
    /// The order is in the bag
    PickUp {
        #[command(flatten)]
        target: Target,
        /// Who you are
        #[arg(long, default_value = "courier-1")]
        courier: String,
    },
    /// The customer has it
    Deliver {
        #[command(flatten)]
        target: Target,
        /// Who you are
        #[arg(long, default_value = "courier-1")]
        courier: String,
    },
    /// It could not be delivered
    Fail {
        #[command(flatten)]
        target: Target,
        /// Who you are
        #[arg(long, default_value = "courier-1")]
        courier: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    let (verb, target, courier, reason) = match command {
        Command::Claim { target, courier } => ("claim", target, courier, None),
        Command::PickUp { target, courier } => ("pick_up", target, courier, None),
        Command::Deliver { target, courier } => ("deliver", target, courier, None),
        Command::Fail { target, courier, reason } => ("fail", target, courier, Some(reason)),
    };
    let fields = [("courier", Some(Value::from(courier))), ("reason", reason.map(Value::from))];
    transition::run(context, verb, target, &fields).await
}
