//! `jh order show`, and how one order is printed wherever one is the answer.

use serde_json::Value;

use crate::api_client::{Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::shapes::{Order, read};
use crate::table::Table;

pub(crate) async fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let answer = context.api.send(&Call::get(format!("/v1/orders/{}", escape(id)))).await?;
    print(context, &answer.json)
}

/// Prints one order.
pub(crate) fn print(context: &Context, json: &Value) -> Result<(), Failure> {
    context.out.answer(json, || Ok(text(&read(json)?)))
}

fn text(order: &Order) -> String {
    let mut text = format!(
        "order {}\n{} · {} (version {}) · placed {}\n",
        order.id, order.restaurant, order.stage, order.version, order.placed_at
    );
    let mut table = Table::new(&["ITEM", ">QUANTITY", ">PRICE"]);
    for line in &order.lines {
        table.row([line.name(), line.quantity.to_string(), line.total.to_string()]);
    }
    table.row(["total, with fees".to_owned(), String::new(), order.total.to_string()]);
    text.push_str(&table.to_string());
    text
}
