//! `jh address`: what is known of a postcode, and from whom. Knows one route.

use clap::Subcommand;
use serde_json::Value;

use crate::api_client::{Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::{facts, plain};

/// About addresses.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Where a postcode is; suggestions for one that is not quite right
    Lookup {
        /// A postcode, with or without its space
        #[arg(required = true, num_args = 1..=2)]
        postcode: Vec<String>,
        /// The country's two letters; Britain if there are none
        #[arg(long, value_name = "LETTERS")]
        country: Option<String>,
        /// Say what was asked of whom, what came back, and why this answer won
        #[arg(long)]
        explain: bool,
        /// Ask for streets and numbers, where a service is configured that knows them
        #[arg(long)]
        addresses: bool,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    let Command::Lookup { postcode, country, explain, addresses } = command;
    let below = if addresses { "/addresses" } else { "" };
    let country = country.map(|country| format!("country={}", escape(&country)));
    let asked: Vec<String> = country.into_iter().chain(explain.then(|| "explain=true".to_owned())).collect();
    let question = if asked.is_empty() { String::new() } else { format!("?{}", asked.join("&")) };
    let path = format!("/v1/postcodes/{}{below}{question}", escape(&postcode.join(" ")));
    let answer = context.api.send(&Call::get(path)).await?;
    context.out.answer(&answer.json, || Ok(text(&answer.json)))
}

/// The facts, and the explanation below them in sentences.
fn text(json: &Value) -> String {
    let mut facts_alone = json.clone();
    let explanation = facts_alone.as_object_mut().and_then(|object| object.remove("explanation"));
    let explained = explanation.map(|explanation| format!("\n{}", explained(&explanation)));
    format!("{}{}", facts(&facts_alone), explained.unwrap_or_default())
}

fn explained(explanation: &Value) -> String {
    let mut lines =
        vec![format!("because  {}", plain(&explanation["why"])), format!("cache    {}", plain(&explanation["cache"]))];
    for step in explanation["steps"].as_array().into_iter().flatten() {
        let said = |name: &str| step.get(name).map(plain);
        let request = said("request").unwrap_or_else(|| "not asked".to_owned());
        let status = said("status").map(|status| format!(" ({status})")).unwrap_or_default();
        let detail = said("detail").map(|detail| format!(": {detail}")).unwrap_or_default();
        let [began, took, source, cause, outcome] =
            ["began_ms", "took_ms", "source", "cause", "outcome"].map(|name| said(name).unwrap_or_default());
        lines.push(format!("{began:>5} ms  {source} [{cause}]  {request} -> {outcome}{status}{detail}, {took} ms"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_explanation_is_told_in_lines() {
        let json = json!({"postcode": "DH1 3LE", "explanation": {"why": "postcodes.io knows it", "cache": "fwd=miss",
            "steps": [{"source": "postcodes.io", "request": "GET http://x/postcodes/DH1%203LE", "cause": "turn",
                "outcome": "found", "status": 200, "began_ms": 0, "took_ms": 12},
                {"source": "other", "cause": "hedge", "outcome": "skipped", "detail": "it rests", "began_ms": 9, "took_ms": 0}]}});
        let text = text(&json);
        assert!(text.contains("because  postcodes.io knows it"), "{text}");
        assert!(text.contains("postcodes.io [turn]  GET http://x/postcodes/DH1%203LE -> found (200), 12 ms"), "{text}");
        assert!(text.contains("other [hedge]  not asked -> skipped: it rests, 0 ms"), "{text}");
    }
}
