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
    /// What it cooks.
    pub cuisine: String,
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
    /// What it cooks.
    pub cuisine: String,
    /// Where it is.
    pub address: Vec<String>,
    /// Its postcode.
    pub postcode: String,
    /// Its IANA time zone: opening hours are local.
    pub time_zone: String,
    /// Whether it takes orders at this moment.
    pub open: bool,
    /// Until when it takes none, if it has paused.
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
    /// The current menu's revision.
    pub menu_revision: u64,
}

/// A menu, as it is told: one immutable revision, with what cannot be had at this moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Menu {
    /// The restaurant's id.
    pub restaurant: String,
    /// Grows with every new menu; also part of the `ETag`.
    pub revision: u64,
    /// Its parts.
    pub categories: Vec<Category>,
}

/// A part of a menu.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Category {
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
    #[serde(default)]
    pub description: String,
    /// Without options.
    pub price: Money,
    /// What it contains, of the 14 that the law names.
    #[serde(default)]
    pub allergens: Vec<String>,
    /// Only for grown-ups.
    #[serde(default)]
    pub age_restricted: bool,
    /// Whether it can be had at this moment.
    #[serde(default = "yes")]
    pub available: bool,
    /// What can be chosen.
    #[serde(default)]
    pub option_groups: Vec<OptionGroup>,
}

fn yes() -> bool {
    true
}

/// Options of which some number must be chosen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OptionGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// At least this many.
    #[serde(default)]
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
    #[serde(default = "one")]
    pub max_quantity: u32,
    /// What it adds of the 14 allergens.
    #[serde(default)]
    pub allergens: Vec<String>,
}

fn one() -> u32 {
    1
}

/// The body of `PUT …/menu`: the next revision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMenu {
    /// Its parts.
    pub categories: Vec<Category>,
}

/// The body of `PUT …/availability`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// Whether it can be had.
    pub available: bool,
}

/// The body of `POST …/pause`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// How long; absent: until it resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
}
