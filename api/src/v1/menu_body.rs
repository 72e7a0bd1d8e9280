//! A menu as its restaurant writes it: the body of `PUT …/menu`. Knows the shape, not whether it contradicts itself.
use crate::v1::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The next revision of a menu. Prices are in minor units.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMenu {
    /// What prices are counted in: the restaurant's currency (ISO 4217); GBP if it is left out.
    #[serde(default = "pounds")]
    #[schema(value_type = String)]
    pub currency: Currency,
    /// Its parts, in the order to show them.
    pub categories: Vec<NewCategory>,
}

/// A part of a menu.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCategory {
    /// Its id, unique among categories.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is in it, in the order to show.
    pub items: Vec<NewItem>,
}

/// Something to eat or drink.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// Its id, unique in the menu.
    pub id: String,
    /// Its name.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// One of it, without options.
    pub price: i64,
    /// What it contains, of the 14 that the law names.
    pub allergens: Vec<String>,
    /// Whether the customer must be of age.
    #[serde(default)]
    pub age_restricted: bool,
    /// What can or must be chosen with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub option_groups: Vec<NewGroup>,
}

/// Options of which some number can or must be chosen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Its id, unique in the item.
    pub id: String,
    /// Its name.
    pub name: String,
    /// At least this many, all options together; 0 makes it optional.
    #[serde(default)]
    #[schema(maximum = 255)]
    pub min: u8,
    /// At most this many.
    #[schema(maximum = 255)]
    pub max: u8,
    /// What can be chosen.
    pub options: Vec<NewOption>,
}

/// One choice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOption {
    /// Its id, unique in the item.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Added to the price for each; may be negative.
    #[serde(default)]
    pub price: i64,
    /// At most this many on one portion of the item.
    #[serde(default = "one")]
    #[schema(maximum = 255)]
    pub max_quantity: u8,
    /// What it adds of the 14 allergens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allergens: Vec<String>,
}

fn pounds() -> Currency {
    Currency::new("GBP").expect("three capital letters")
}

fn one() -> u8 {
    1
}
