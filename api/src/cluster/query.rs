//! Questions to the order book and their answers, as they travel.
use crate::cluster::Json;
use crate::wire::{coded, coded_enum};
use order::OrderId;
use order::command::PlaceOrder;
use order::place::Place;
use order::stage::Stage;

/// A question; it changes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Query {
    /// Restaurants, as seen from a place if one is given.
    Restaurants(Option<Place>),
    /// A restaurant by its public name.
    Restaurant(String),
    /// A restaurant's menu.
    Menu(String),
    /// The number that a restaurant's orders carry in their ids.
    Number(String),
    /// An order.
    Order(OrderId),
    /// Orders, newest first.
    Orders(Filter),
    /// What an order would cost and what stands in its way.
    Quote(Box<PlaceOrder>),
    /// A courier's jobs.
    Courier(String),
}

/// Which orders.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Of this restaurant only.
    pub restaurant: Option<String>,
    /// In this stage only.
    pub stage: Option<Stage>,
    /// Older than this one only.
    pub before: Option<OrderId>,
    /// So many at most.
    pub limit: u32,
}

/// The answer to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// What was asked for.
    Told {
        /// What stands in the `ETag`, without quotes; empty if there is none.
        tag: String,
        /// Of a page: from where the next one goes on.
        next: Option<OrderId>,
        /// The answer in the API's shape.
        json: Json,
    },
    /// A restaurant's number.
    Number(u32),
    /// Nothing, and why ([`crate::v1::error::Problem`]).
    Refused(Json),
}

coded_enum!(Query {
    0 => Restaurants(place),
    1 => Restaurant(slug),
    2 => Menu(slug),
    3 => Number(slug),
    4 => Order(id),
    5 => Orders(filter),
    6 => Quote(place),
    7 => Courier(id),
});
coded!(Filter { restaurant, stage, before, limit });
coded_enum!(Found { 0 => Told { tag, next, json }, 1 => Number(number), 2 => Refused(json) });
