//! `jh address`: what is known of a postcode, and from whom. Knows one route.

use clap::Subcommand;
use serde_json::Value;

use crate::api_client::{Call, escape};
use crate::command::Context;
use crate::failure::Failure;

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
    context.out.answer(&answer.json, || Ok(facts(&answer.json, 0)))
}

/// Every field on a line of its own: what a provider knows differs from place to place.
fn facts(json: &Value, depth: usize) -> String {
    let Value::Object(fields) = json else { return format!("{json}\n") };
    let indent = "  ".repeat(depth);
    let line = |(name, value): (&String, &Value)| match value {
        Value::Object(_) => format!("{indent}{name}:\n{}", facts(value, depth + 1)),
        Value::String(text) => format!("{indent}{name}: {text}\n"),
        Value::Null => String::new(),
        other => format!("{indent}{name}: {other}\n"),
    };
    fields.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn facts_of_a_place_are_read_line_by_line() {
        let json = json!({"postcode": "DH1 3LE", "place": {"lat": 54.7, "county": null}});
        assert_eq!(facts(&json, 0), "place:\n  lat: 54.7\npostcode: DH1 3LE\n");
    }
}
