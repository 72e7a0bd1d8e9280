//! Restaurants and menus on the wire. Knows shapes only.
use crate::v1::money::Money;
use crate::v1::place::Service;
use crate::v1::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer of `GET /v1/restaurants`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RestaurantList {
    /// Those that deliver there first.
    pub restaurants: Vec<Offer>,
    /// The postcode asked for, in its one form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    /// Whether some service confirmed the postcode; without it only its first half decides.
    pub verified: bool,
}

/// A restaurant as seen from a postcode.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Offer {
    /// The restaurant's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A sentence about it; may be empty.
    pub description: String,
    /// Whether it delivers there.
    pub delivers: bool,
    /// Whether it takes orders at this moment.
    pub open: bool,
    /// What the way costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Money>,
    /// The least to order.
    pub minimum: Money,
    /// Minutes until the food would be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_minutes: Option<u32>,
    /// Metres as the crow flies, if the place is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<u32>,
    /// Why it cannot deliver there now: issue codes.
    pub why_not: Vec<String>,
    /// When it opens next, if it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_open_at: Option<Timestamp>,
}

/// One restaurant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Restaurant {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A sentence about it; may be empty.
    pub description: String,
    /// Where it is.
    pub address: Vec<String>,
    /// Its postcode.
    pub postcode: String,
    /// Whether it takes orders at this moment.
    pub open: bool,
    /// Whether it has paused.
    pub paused: bool,
    /// Until when it takes none, if it has paused for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// When it opens next, if it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_open_at: Option<Timestamp>,
    /// What it offers.
    pub services: Vec<Service>,
    /// The least to order.
    pub minimum: Money,
    /// Minutes it usually cooks.
    pub prep_minutes: u32,
    /// Orders that its kitchen takes for one quarter of an hour; absent: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_capacity: Option<u32>,
    /// Grows by one with every change of the restaurant; also the `ETag`.
    pub version: u64,
    /// The current menu's revision; 0 before the first.
    pub menu_revision: u64,
}

/// A menu, as it is told: one immutable revision, with what cannot be had at this moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Menu {
    /// The restaurant's id.
    pub restaurant: String,
    /// Grows by one with every new menu; also the `ETag`, with a mark added while something is not to be had.
    pub revision: u64,
    /// Its parts.
    pub categories: Vec<Category>,
}

/// A part of a menu.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Category {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is in it.
    pub items: Vec<MenuItem>,
}

/// Something to eat or drink.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MenuItem {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Without options.
    pub price: Money,
    /// What it contains, of the 14 that the law names.
    pub allergens: Vec<String>,
    /// Only for grown-ups.
    pub age_restricted: bool,
    /// Whether it can be had at this moment.
    pub available: bool,
    /// What can be chosen.
    pub option_groups: Vec<OptionGroup>,
}

/// Options of which some number must be chosen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OptionGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// At least this many.
    pub min: u32,
    /// At most this many.
    pub max: u32,
    /// The choices.
    pub options: Vec<MenuOption>,
}

/// One choice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MenuOption {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What one adds to the price.
    pub price: Money,
    /// At most this many of it.
    pub max_quantity: u32,
    /// What it adds of the 14 allergens.
    pub allergens: Vec<String>,
    /// Whether it can be had at this moment.
    pub available: bool,
}

/// The body of `PUT …/availability`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// Whether it can be had.
    pub available: bool,
    /// Portions left, if they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<u32>,
}

/// The body of `POST …/pause`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// How long; absent: until it resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
}
