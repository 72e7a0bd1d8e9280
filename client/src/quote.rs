//! `jh quote`: prices an order without placing it. Knows one route; the body is that of `order place`.

use crate::api_client::Call;
use crate::command::Context;
use crate::failure::Failure;
use crate::order::place::Wanted;
use crate::output::rows;
use crate::shapes::{Quote, read};
use crate::table::Table;

/// What to price.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    wanted: Wanted,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let order = args.wanted.into_order(&context.state)?;
    let answer = context.api.send(&Call::post("/v1/quotes", order.body)).await?;
    context.out.answer(&answer.json, || Ok(show(&read(&answer.json)?)))
}

fn show(quote: &Quote) -> String {
    let mut table = Table::new(&["ITEM", ">QUANTITY", ">PRICE"]);
    for line in &quote.lines {
        table.row([line.name(), line.quantity.to_string(), line.total.to_string()]);
    }
    for fee in quote.fees() {
        table.row([fee.0.to_owned(), String::new(), fee.1.to_string()]);
    }
    table.row(["total".to_owned(), String::new(), quote.total.to_string()]);
    let issues: String = quote.issues.iter().map(|issue| format!("  - {issue}\n")).collect();
    let verdict = if quote.issues.is_empty() { "It can be ordered.\n" } else { "It cannot be ordered yet:\n" };
    format!("{}{verdict}{issues}", rows(table, ""))
}
