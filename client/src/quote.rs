//! `jh quote`: prices an order without placing it. Knows one route; the body is that of `order place`.

use api::v1::order::{Quote, SignedQuote};

use crate::api_client::Call;
use crate::command::Context;
use crate::failure::Failure;
use crate::order::place::Wanted;
use crate::output::rows;
use crate::problem;
use crate::table::Table;
use crate::words;

/// What to price.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    wanted: Wanted,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let order = args.wanted.into_order(&context.state, None)?;
    let answer = context.api.send(&Call::post("/v1/quotes", order.body)).await?;
    context.out.answer(&answer.json, || Ok(show(&words::read(&answer.json)?)))
}

fn show(quote: &Quote) -> String {
    let mut table = Table::new(&["ITEM", ">QUANTITY", ">PRICE"]);
    for line in &quote.lines {
        table.row([words::line(line), line.quantity.to_string(), words::money(&line.total)]);
    }
    table.row(["delivery".to_owned(), String::new(), words::money(&quote.totals.delivery_fee)]);
    table.row(["total".to_owned(), String::new(), words::money(&quote.totals.total)]);
    let issues: String = quote.issues.iter().map(|issue| format!("  - {}\n", problem::issue_text(issue))).collect();
    let verdict = if quote.fulfillable { "It can be ordered.\n" } else { "It cannot be ordered yet:\n" };
    format!("{}{verdict}{issues}{}", rows(table, ""), quote.quote.as_ref().map(promise).unwrap_or_default())
}

/// How to be held to this price, and until when.
fn promise(quote: &SignedQuote) -> String {
    let SignedQuote { token, expires_at } = quote;
    format!("At this price until {expires_at}, with the same words and\n  --quote {token}\n")
}
