//! `jh kitchen`: what a restaurant does with its orders. Knows the verbs, not when they are allowed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::v1::command::{Accept, Cancel, Delay, HandOver, Party, Reject};
use api::v1::time::Timestamp;
use clap::Subcommand;

use crate::command::Context;
use crate::failure::Failure;
use crate::order::list;
use crate::transition::{self, Nothing, Target};

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
        /// When it will be ready, from now [default: after the restaurant's usual time]
        #[arg(long, value_name = "MINUTES")]
        ready_in: Option<u32>,
    },
    /// Turn an order down
    Reject {
        #[command(flatten)]
        target: Target,
        /// busy, closing_early, item_unavailable, too_far, no_courier or other
        #[arg(long)]
        reason: String,
        /// Which item cannot be had; repeat for each
        #[arg(long = "item", value_name = "ITEM")]
        items: Vec<String>,
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
    match command {
        Command::Queue { restaurant } => list::queue(context, &restaurant).await,
        Command::Accept { target, ready_in } => {
            let body = Accept { ready_by: None, ready_in_minutes: ready_in };
            transition::run(context, "accept", target, &body).await
        }
        Command::Reject { target, reason, items } => {
            transition::run(context, "reject", target, &Reject { reason, items }).await
        }
        Command::Start(target) => transition::run(context, "start", target, &Nothing {}).await,
        Command::Ready(target) => transition::run(context, "ready", target, &Nothing {}).await,
        Command::Delay { target, ready_in } => {
            transition::run(context, "delay", target, &Delay { ready_by: in_minutes(ready_in) }).await
        }
        Command::HandOver { target, code } => transition::run(context, "hand_over", target, &HandOver { code }).await,
        Command::Cancel { target, reason } => {
            let body = Cancel { reason: Some(reason), by: Some(Party::Restaurant) };
            transition::run(context, "cancel", target, &body).await
        }
    }
}

/// The moment so many minutes from now, by this machine's clock.
fn in_minutes(minutes: u32) -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let then = since_1970 + Duration::from_secs(u64::from(minutes) * 60);
    Timestamp::from_ms(u64::try_from(then.as_millis()).unwrap_or(u64::MAX))
}
