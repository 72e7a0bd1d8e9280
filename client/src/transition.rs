//! Moves an order to its next stage: the one call behind `kitchen`, `courier` and `order cancel`. Knows the route, not
//! who may do what: the service does.

use serde_json::{Map, Value};

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

/// Asks for `verb` with the given fields; those that are None are left out.
pub(crate) async fn run(
    context: &Context,
    verb: &str,
    target: Target,
    fields: &[(&str, Option<Value>)],
) -> Result<(), Failure> {
    let given = fields.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
    let body = Value::Object(given.collect::<Map<_, _>>()).to_string();
    let path = format!("/v1/orders/{}/{verb}", escape(&target.id));
    // With a key of its own, repeating through a fail-over does not meet the effect of the first attempt as a conflict.
    let call = Call::post(path, body).with_key(&new_key()).if_version(target.if_match);
    let answer = context.api.send(&call).await?;
    show::print(context, &answer.json)
}
