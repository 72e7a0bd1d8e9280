//! `jh order show`, and how one order is printed wherever one is the answer.

use api::v1::order::Order;
use serde_json::Value;

use crate::api_client::{Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::table::Table;
use crate::words;

pub(crate) async fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let answer = context.api.send(&Call::get(format!("/v1/orders/{}", escape(id)))).await?;
    print(context, &answer.json)
}

/// Prints one order.
pub(crate) fn print(context: &Context, json: &Value) -> Result<(), Failure> {
    context.out.answer(json, || Ok(text(&words::read(json)?)))
}

fn text(order: &Order) -> String {
    let mut text = format!(
        "order {} (say: {})\n{} · {} (version {}) · placed {}\n",
        order.id,
        order.code,
        order.restaurant,
        words::stage(order.stage),
        order.version,
        order.placed_at
    );
    let mut table = Table::new(&["ITEM", ">QUANTITY", ">PRICE"]);
    for line in &order.lines {
        table.row([words::line(line), line.quantity.to_string(), words::money(&line.total)]);
    }
    table.row(["total, with fees".to_owned(), String::new(), words::money(&order.totals.total)]);
    text.push_str(&table.to_string());
    text.push_str(&words::payment(&order.payment));
    text
}
