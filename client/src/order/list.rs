//! `jh order list` and `jh kitchen queue`: orders, a page after the other.

use api::v1::order::{Order, OrderList};
use api::v1::paths;
use api::v1::time::Timestamp;
use serde_json::json;

use crate::api_client::{Api, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::rows;
use crate::table::Table;
use crate::words;

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
) -> Result<Vec<Order>, Failure> {
    let mut orders = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = page(api, restaurant, stage, cursor.as_deref()).await?;
        let is_empty = page.orders.is_empty();
        orders.extend(page.orders);
        orders.truncate(limit);
        cursor = page.next;
        if cursor.is_none() || is_empty || orders.len() == limit {
            return Ok(orders);
        }
    }
}

/// The orders of a restaurant that were placed at `since` or later.
pub(crate) async fn since(api: &Api, restaurant: &str, since: Timestamp) -> Result<Vec<Order>, Failure> {
    let mut orders = Vec::new();
    let mut cursor = None;
    loop {
        let page = page(api, Some(restaurant), None, cursor.as_deref()).await?;
        let is_older = |order: &Order| order.placed_at < since;
        // Newest first: from the first older one on, all are.
        let is_last = page.next.is_none() || page.orders.is_empty() || page.orders.iter().any(is_older);
        orders.extend(page.orders.into_iter().filter(|order| !is_older(order)));
        if is_last {
            return Ok(orders);
        }
        cursor = page.next;
    }
}

async fn page(
    api: &Api,
    restaurant: Option<&str>,
    stage: Option<&str>,
    cursor: Option<&str>,
) -> Result<OrderList, Failure> {
    let given = [("restaurant", restaurant), ("stage", stage), ("cursor", cursor)];
    let query: Vec<_> =
        given.iter().filter_map(|(name, value)| Some(format!("{name}={}", escape((*value)?)))).collect();
    Ok(api.get(&format!("{}?{}", paths::ORDERS, query.join("&"))).await?.1)
}

fn print(context: &Context, orders: Vec<Order>) -> Result<(), Failure> {
    context.out.answer(&json!({"orders": orders}), || {
        let mut table = Table::new(&["ORDER", "RESTAURANT", "STAGE", ">VERSION", "PLACED", ">TOTAL"]);
        for order in &orders {
            table.row([
                order.id.clone(),
                order.restaurant.clone(),
                words::stage(order.stage),
                order.version.to_string(),
                order.placed_at.to_string(),
                words::money(&order.totals.total),
            ]);
        }
        Ok(rows(table, "no orders"))
    })
}
