//! Moves an order to its next stage: the one call behind `kitchen`, `courier` and `order cancel`. Knows the route, not
//! who may do what: the service does.

use api::v1::paths;
use serde::Serialize;

use crate::api_client::{Call, escape, new_key};
use crate::command::Context;
use crate::failure::Failure;
use crate::order::show;

/// Which order, and on which condition.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// The order's id
    pub id: String,
    /// Only if the order still has this version
    #[arg(long, value_name = "VERSION")]
    pub if_match: Option<u64>,
}

/// Asks for `verb` with this body.
pub(crate) async fn run(context: &Context, verb: &str, target: Target, body: &impl Serialize) -> Result<(), Failure> {
    let body = serde_json::to_string(body).expect("a command's body is always JSON");
    let path = paths::order_command(&escape(&target.id), verb);
    // With a key of its own, repeating through a fail-over does not meet the effect of the first attempt as a conflict.
    let call = Call::post(path, body).with_key(&new_key()).if_version(target.if_match);
    let answer = context.api.send(&call).await?;
    show::print(context, &answer.json)
}

/// The body of a command that needs none.
#[derive(Debug, Serialize)]
pub(crate) struct Nothing {}
