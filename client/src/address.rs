//! `jh address`: what is known of a postcode, and from whom. Knows one route.

use clap::Subcommand;

use crate::api_client::{Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::facts;

/// About addresses.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Where a postcode is; suggestions for one that is not quite right
    Lookup {
        /// A postcode, with or without its space
        #[arg(required = true, num_args = 1..=2)]
        postcode: Vec<String>,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    let Command::Lookup { postcode } = command;
    let answer = context.api.send(&Call::get(format!("/v1/postcodes/{}", escape(&postcode.join(" "))))).await?;
    context.out.answer(&answer.json, || Ok(facts(&answer.json)))
}
