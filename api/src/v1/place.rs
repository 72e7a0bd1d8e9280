//! The order body: what a customer wants. Knows the shape of the request, not whether it can be fulfilled.
use crate::v1::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of `POST /v1/orders` and `POST /v1/quotes`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"restaurant": "cathedral-pizza", "service": "delivery",
    "items": [{"item": "margherita", "quantity": 2, "options": [{"option": "extra-cheese", "quantity": 1}]}],
    "customer": {"name": "Ada", "phone": "+441913341234"},
    "deliver_to": {"lines": ["12 North Road"], "postcode": "DH1 4SG"}, "note": "ring twice"}))]
pub struct PlaceOrder {
    /// The restaurant's id.
    pub restaurant: String,
    /// Delivered, or collected by the customer.
    pub service: Service,
    /// What to eat.
    pub items: Vec<Item>,
    /// Who orders.
    pub customer: Customer,
    /// Where to; required for a delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_to: Option<Address>,
    /// For the courier or the kitchen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What the customer was shown: refused if it has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// Allergens the customer knows of; if given, it must cover everything in the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allergens_acknowledged: Option<Vec<String>>,
    /// Whether the customer says that they are of age.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub age_confirmed: bool,
    /// When it shall be ready or delivered; absent: as soon as possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fulfil_at: Option<Timestamp>,
    /// How it is paid; absent: in cash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Tender>,
    /// The `quote.token` of an answer of `POST /v1/quotes` to the same body: refused with `quote_expired`, `menu_changed` or
    /// `price_changed` if that does not hold any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
}

/// How an order is to be paid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"method": "card", "token": "tok_ok"}))]
pub struct Tender {
    /// By what.
    pub method: PayBy,
    /// What stands for the card at the bank; required for a card. The bank is simulated: it knows the tokens that
    /// docs/orders.md lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// By what an order is paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayBy {
    /// At the door or the counter.
    #[default]
    Cash,
    /// By card, when the restaurant accepts.
    Card,
}

/// How the food reaches the customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// A courier brings it.
    Delivery,
    /// The customer fetches it.
    Collection,
}

/// One line of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The item's id on the menu.
    pub item: String,
    /// How many, 1–99.
    #[schema(minimum = 1, maximum = 99)]
    pub quantity: u32,
    /// With what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
}

/// An option of a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The option's id on the menu.
    pub option: String,
    /// How many for each one of the item.
    #[serde(default = "one")]
    #[schema(minimum = 1)]
    pub quantity: u32,
}

fn one() -> u32 {
    1
}

/// Who orders.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// The name to ask for at the door.
    pub name: String,
    /// E.164, like `+441913341234`.
    pub phone: String,
}

/// Where a delivery goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// House and street, as many lines as it takes.
    pub lines: Vec<String>,
    /// The postcode, in any spelling.
    pub postcode: String,
}

/// What the customer was shown before ordering.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The total in minor units; another one is refused with `price_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// The menu's revision; another one is refused with `menu_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub menu_revision: Option<u64>,
}
