//! `jh kitchen`: what a restaurant does with its orders. Knows the verbs, not when they are allowed.

use clap::Subcommand;
use serde_json::Value;

use crate::command::Context;
use crate::failure::Failure;
use crate::order::list;
use crate::transition::{self, Target};

/// What a restaurant does.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Orders that wait for this restaurant
    Queue {
        /// The restaurant's id
        restaurant: String,
    },
    /// Take an order on
    Accept {
        #[command(flatten)]
        target: Target,
        /// When it will be ready, from now
        #[arg(long, value_name = "MINUTES", default_value_t = 20)]
        ready_in: u32,
    },
    /// Turn an order down
    Reject {
        #[command(flatten)]
        target: Target,
        /// busy, closing_early, item_unavailable, too_far, no_courier or other
        #[arg(long)]
        reason: String,
    },
    /// Begin to cook
    Start(Target),
    /// Cooked and packed
    Ready(Target),
    /// Tell the customer that it takes longer
    Delay {
        #[command(flatten)]
        target: Target,
        /// When it will be ready, from now
        #[arg(long, value_name = "MINUTES")]
        ready_in: u32,
    },
    /// Give an order for collection to the customer who says its code
    HandOver {
        #[command(flatten)]
        target: Target,
        /// What the customer says
        #[arg(long)]
        code: Option<String>,
    },
    /// Call an accepted order off
    Cancel {
        #[command(flatten)]
        target: Target,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    let text = |text: String| Some(Value::from(text));
    let minutes = |minutes: u32| Some(Value::from(minutes));
    match command {
        Command::Queue { restaurant } => list::queue(context, &restaurant).await,
        Command::Accept { target, ready_in } => {
            transition::run(context, "accept", target, &[("ready_in_minutes", minutes(ready_in))]).await
        }
        Command::Reject { target, reason } => {
            transition::run(context, "reject", target, &[("reason", text(reason))]).await
        }
        Command::Start(target) => transition::run(context, "start", target, &[]).await,
        Command::Ready(target) => transition::run(context, "ready", target, &[]).await,
        Command::Delay { target, ready_in } => {
            transition::run(context, "delay", target, &[("ready_in_minutes", minutes(ready_in))]).await
        }
        Command::HandOver { target, code } => {
            transition::run(context, "hand_over", target, &[("code", code.map(Value::from))]).await
        }
        Command::Cancel { target, reason } => {
            transition::run(context, "cancel", target, &[("reason", text(reason))]).await
        }
    }
}
