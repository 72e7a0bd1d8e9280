//! Orders as they are told: the whole one, the list, the quote. Knows shapes, not stages' rules.
use crate::v1::issue::Issue;
use crate::v1::money::Money;
use crate::v1::place::{Customer, PayBy, Service};
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
    /// What the customer says at the counter: the last four characters of the id.
    pub code: String,
    /// Grows by one with every change; also the `ETag`.
    pub version: u64,
    /// How far it has come.
    pub stage: Stage,
    /// Where its delivery stands: `unassigned`, `assigned`, `at_restaurant` …; `collection` if there is none.
    #[serde(default)]
    pub leg: String,
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
    /// Everything that any of its items contains, of the 14 allergens that the law names.
    #[serde(default)]
    pub allergens: Vec<String>,
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
    /// When something happens by itself: the restaurant's time to answer ends, or a scheduled order is passed on to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// When the food is promised to be ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_by: Option<Timestamp>,
    /// Who brings it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
    /// Why it was rejected, cancelled or not delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The items that were not to be had, of a rejection for that reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What happened, oldest first.
    #[serde(default)]
    pub history: Vec<Moment>,
    /// The commands that its stage allows, whoever may give them.
    pub allowed: Vec<String>,
    /// How it is paid, and how far.
    #[serde(default)]
    pub payment: Payment,
}

/// How an order is paid.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    /// By what.
    pub method: PayBy,
    /// `due` (cash), `authorised` (card), `captured`, `voided`, `refunded` or `half_refunded`.
    pub state: PaymentState,
    /// What the card's bank set aside when the order was placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorised: Option<Money>,
    /// What was taken, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<Money>,
    /// What was given back of it, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Money>,
}

/// Where a payment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// To be paid in cash when the food is handed over.
    #[default]
    Due,
    /// The card's bank has set the total aside.
    Authorised,
    /// Paid.
    Captured,
    /// Nothing was taken, nothing will be.
    Voided,
    /// All that was taken was given back.
    Refunded,
    /// Half of what was taken was given back.
    HalfRefunded,
}

/// One step of an order's history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Moment {
    /// When, by log time.
    pub at: Timestamp,
    /// What happened: `order.placed`, `order.accepted`, `order.courier_assigned` …
    pub event: String,
    /// The stage it led to.
    pub stage: Stage,
    /// Who did it: `customer`, `restaurant`, `courier`, `ops` or `system`.
    pub by: String,
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
    /// What it contains, its options included.
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
    /// How the postcode is known, and how well.
    pub provenance: Provenance,
}

/// How a postcode was known when the order was placed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Provenance {
    /// The service or data set that answered; `local` if nobody could be asked.
    pub source: String,
    /// When it was asked.
    pub fetched_at: Timestamp,
    /// `fresh`, `stale`, `embedded` or `local`.
    pub freshness: String,
    /// `premise`, `building`, `postcode_centroid` or `outcode`.
    pub precision: String,
    /// Whether a source knows this very postcode. If not, only its shape was checked.
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
    /// The menu's revision it was priced by; 0 if there is none.
    pub menu_revision: u64,
    /// The lines that could be priced.
    pub lines: Vec<Line>,
    /// What it would cost.
    pub totals: Totals,
    /// When the food would be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_by: Option<Timestamp>,
    /// What to send as `quote` of the same body to be held to this price; absent if it cannot be ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<SignedQuote>,
}

/// A quote that an order can refer to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignedQuote {
    /// Send it unchanged.
    pub token: String,
    /// Until when.
    pub expires_at: Timestamp,
}
