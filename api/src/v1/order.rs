//! Orders as they are told: the whole one, the list, the quote. Knows shapes, not stages' rules.
use crate::v1::issue::Issue;
use crate::v1::money::Money;
use crate::v1::place::{Customer, Service};
use crate::v1::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far an order has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Ordered for later.
    Scheduled,
    /// Waits for the restaurant.
    Placed,
    /// The restaurant took it.
    Accepted,
    /// The restaurant refused it.
    Rejected,
    /// The restaurant did not answer in time.
    Expired,
    /// Being cooked.
    Preparing,
    /// Cooked.
    Ready,
    /// With the courier.
    OutForDelivery,
    /// At the customer's.
    Delivered,
    /// Fetched by the customer.
    Collected,
    /// The courier could not hand it over.
    DeliveryFailed,
    /// Called off.
    Cancelled,
}

/// One order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Order {
    /// 26 characters; sorts by time and cannot be guessed.
    pub id: String,
    /// A short code for people to say aloud.
    pub code: String,
    /// Grows by one with every change; also the `ETag`.
    pub version: u64,
    /// How far it has come.
    pub stage: Stage,
    /// The restaurant's id.
    pub restaurant: String,
    /// Delivered or collected.
    pub service: Service,
    /// What was ordered, at the prices of that moment.
    pub lines: Vec<Line>,
    /// What it costs.
    pub totals: Totals,
    /// The menu's revision it was priced by.
    pub menu_revision: u64,
    /// Who ordered.
    pub customer: Customer,
    /// Where it goes, with how well the place is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_to: Option<Destination>,
    /// The customer's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
    /// When it shall be fulfilled, if not as soon as possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fulfil_at: Option<Timestamp>,
    /// Until when the restaurant may accept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_by: Option<Timestamp>,
    /// When the food will be ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_by: Option<Timestamp>,
    /// Who brings it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
    /// Why it was rejected, cancelled or not delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The commands that its stage allows.
    pub allowed: Vec<String>,
}

/// A priced line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// The item's id.
    pub item: String,
    /// Its name.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// The chosen options.
    pub options: Vec<LineOption>,
    /// One of it, with its options.
    pub unit_price: Money,
    /// All of it.
    pub total: Money,
    /// What it contains, of the 14 that the law names, its options' included.
    pub allergens: Vec<String>,
}

/// A chosen option.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LineOption {
    /// The option's id.
    pub option: String,
    /// Its name.
    pub name: String,
    /// How many for each one of the item.
    pub quantity: u32,
    /// What one adds to the price.
    pub price: Money,
}

/// What an order costs: `total` is the sum of the others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// All lines.
    pub items: Money,
    /// The way.
    pub delivery_fee: Money,
    /// To pay.
    pub total: Money,
}

/// Where a delivery goes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Destination {
    /// House and street.
    pub lines: Vec<String>,
    /// The postcode in its one form.
    pub postcode: String,
    /// Degrees north, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Which service knew the place; `none` if none did.
    pub source: String,
    /// Whether some service confirmed the postcode.
    pub verified: bool,
}

/// A page of orders, newest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OrderList {
    /// The page.
    pub orders: Vec<Order>,
    /// Give it as `?cursor=` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The answer of `POST /v1/quotes`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    /// Whether the order would be taken at this moment.
    pub fulfillable: bool,
    /// Everything that stands in the way.
    pub issues: Vec<Issue>,
    /// The restaurant's id.
    pub restaurant: String,
    /// The menu's revision it was priced by.
    pub menu_revision: u64,
    /// The lines that could be priced.
    pub lines: Vec<Line>,
    /// What it would cost.
    pub totals: Totals,
    /// When the food would be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_by: Option<Timestamp>,
}
