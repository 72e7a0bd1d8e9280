//! `jh courier`: what a courier does. Knows the verbs, not when they are allowed.

use api::v1::command::{ByCourier, Fail};
use api::v1::courier::Courier;
use clap::Subcommand;

use crate::api_client::{Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::transition::{self, Target};
use crate::words;

/// What a courier does.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Which orders are yours
    Jobs {
        /// Who you are
        courier: String,
    },
    /// Take the delivery of an order on
    Claim {
        #[command(flatten)]
        target: Target,
        /// Who you are
        #[arg(long)]
        courier: String,
    },
    /// The order is in the bag
    PickUp(Done),
    /// The customer has it
    Deliver(Done),
    /// It could not be delivered
    Fail {
        #[command(flatten)]
        done: Done,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Something a courier did with an order.
#[derive(Debug, Clone, clap::Args)]
pub struct Done {
    #[command(flatten)]
    target: Target,
    /// Who you are [default: the courier assigned]
    #[arg(long)]
    courier: Option<String>,
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Jobs { courier } => show(context, &Call::get(format!("/v1/couriers/{}", escape(&courier)))).await,
        Command::Claim { target, courier } => {
            transition::run(context, "claim", target, &ByCourier { courier: Some(courier) }).await
        }
        Command::PickUp(Done { target, courier }) => {
            transition::run(context, "pick_up", target, &ByCourier { courier }).await
        }
        Command::Deliver(Done { target, courier }) => {
            transition::run(context, "deliver", target, &ByCourier { courier }).await
        }
        Command::Fail { done: Done { target, courier }, reason } => {
            transition::run(context, "fail", target, &Fail { reason, courier }).await
        }
    }
}

async fn show(context: &Context, call: &Call) -> Result<(), Failure> {
    let answer = context.api.send(call).await?;
    context.out.answer(&answer.json, || {
        let Courier { id, orders, open } = words::read(&answer.json)?;
        let lines = |text: String, all: Vec<String>| all.iter().fold(text, |text, order| format!("{text}\n  {order}"));
        let theirs = lines(format!("{id}: {} orders", orders.len()), orders);
        Ok(lines(format!("{theirs}\nwaiting for a courier: {}", open.len()), open))
    })
}
