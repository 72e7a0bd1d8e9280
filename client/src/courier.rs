//! `jh courier`: what a courier does. Knows the verbs, not when they are allowed.

use api::v1::command::{ByCourier, Fail};
use api::v1::courier::{Courier, Duty};
use clap::{Subcommand, ValueEnum};

use crate::api_client::{Call, escape, new_key};
use crate::command::Context;
use crate::failure::Failure;
use crate::transition::{self, Target};
use crate::words;

/// What a courier does.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Begin or end your duty
    Duty {
        /// Who you are
        courier: String,
        /// From now on
        state: Switch,
    },
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

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Orders may be assigned to you.
    On,
    /// None may.
    Off,
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
        Command::Duty { courier, state } => duty(context, &courier, state == Switch::On).await,
        Command::Jobs { courier } => show(context, &Call::get(format!("/v1/couriers/{}", escape(&courier)))).await,
        Command::Claim { target, courier } => {
            transition::run(context, "assign", target, &ByCourier { courier: Some(courier) }).await
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

async fn duty(context: &Context, courier: &str, on_duty: bool) -> Result<(), Failure> {
    let body = serde_json::to_string(&Duty { on_duty }).expect("one plain field is always JSON");
    show(context, &Call::put(format!("/v1/couriers/{}/duty", escape(courier)), body).with_key(&new_key())).await
}

async fn show(context: &Context, call: &Call) -> Result<(), Failure> {
    let answer = context.api.send(call).await?;
    context.out.answer(&answer.json, || {
        let Courier { id, on_duty, orders } = words::read(&answer.json)?;
        let duty = if on_duty { "on duty" } else { "off duty" };
        Ok(orders
            .iter()
            .fold(format!("{id}: {duty}, {} orders", orders.len()), |text, order| format!("{text}\n  {order}")))
    })
}
