//! `jh order list` and `jh kitchen queue`: orders, a page after the other.

use serde_json::{Value, json};

use crate::api_client::{Api, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::rows;
use crate::shapes::{Order, OrderPage, read};
use crate::table::Table;

/// Which orders.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Only orders of this restaurant
    #[arg(long)]
    restaurant: Option<String>,
    /// Only orders in this stage (placed, accepted, preparing, …)
    #[arg(long)]
    stage: Option<String>,
    /// Stop after so many
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,
}

/// The stages in which a restaurant has something to do.
const KITCHEN_STAGES: [&str; 4] = ["placed", "accepted", "preparing", "ready"];

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let Args { restaurant, stage, limit } = args;
    let orders = collect(&context.api, restaurant.as_deref(), stage.as_deref(), limit).await?;
    print(context, orders)
}

pub(crate) async fn queue(context: &Context, restaurant: &str) -> Result<(), Failure> {
    let mut orders = Vec::new();
    for stage in KITCHEN_STAGES {
        orders.extend(collect(&context.api, Some(restaurant), Some(stage), usize::MAX).await?);
    }
    print(context, orders)
}

/// Up to `limit` orders, following the pages.
pub(crate) async fn collect(
    api: &Api,
    restaurant: Option<&str>,
    stage: Option<&str>,
    limit: usize,
) -> Result<Vec<Value>, Failure> {
    let mut orders = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let given = [("restaurant", restaurant), ("stage", stage), ("cursor", cursor.as_deref())];
        let query: Vec<_> = given.iter().filter_map(|(n, v)| Some(format!("{n}={}", escape((*v)?)))).collect();
        let (_, page) = api.get::<OrderPage>(&format!("/v1/orders?{}", query.join("&"))).await?;
        let is_empty = page.orders.is_empty();
        orders.extend(page.orders);
        orders.truncate(limit);
        cursor = page.next;
        if cursor.is_none() || is_empty || orders.len() == limit {
            return Ok(orders);
        }
    }
}

fn print(context: &Context, orders: Vec<Value>) -> Result<(), Failure> {
    context.out.answer(&json!({"orders": orders}), || {
        let mut table = Table::new(&["ORDER", "RESTAURANT", "STAGE", ">VERSION", "PLACED", ">TOTAL"]);
        for order in &orders {
            let Order { id, restaurant, stage, version, placed_at, total, .. } = read(order)?;
            table.row([id, restaurant, stage, version.to_string(), placed_at, total.to_string()]);
        }
        Ok(rows(table, "no orders"))
    })
}
