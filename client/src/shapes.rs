//! The shapes of answers this client reads. A field it does not know is ignored; one that may be absent has a default.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;
use crate::problem::Issue;

/// An amount in the currency's minor unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Money {
    pub(crate) amount: i64,
    pub(crate) currency: String,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.currency.as_str() {
            "JPY" | "KRW" | "ISK" | "VND" | "CLP" => 0,
            "KWD" | "BHD" | "OMR" | "JOD" | "TND" => 3,
            _ => 2,
        };
        let sign = if self.amount < 0 { "-" } else { "" };
        let unit = 10_u64.pow(digits);
        let (whole, rest) = (self.amount.unsigned_abs() / unit, self.amount.unsigned_abs() % unit);
        match digits {
            0 => write!(f, "{sign}{whole} {}", self.currency),
            _ => write!(f, "{sign}{whole}.{rest:0width$} {}", self.currency, width = digits as usize),
        }
    }
}

/// `GET /v1/restaurants?postcode=`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Restaurants {
    pub(crate) restaurants: Vec<Restaurant>,
}

/// One restaurant, seen from a postcode.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Restaurant {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) delivers: bool,
    pub(crate) fee: Option<Money>,
    pub(crate) eta_minutes: Option<u32>,
    pub(crate) open: bool,
    pub(crate) why_not: Vec<String>,
}

/// `GET /v1/restaurants/{id}/menu`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Menu {
    pub(crate) revision: u64,
    pub(crate) categories: Vec<Category>,
}

/// Items under one heading.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Category {
    pub(crate) items: Vec<MenuItem>,
}

/// Something to order.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MenuItem {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) price: Money,
    pub(crate) available: bool,
    pub(crate) allergens: Vec<String>,
    pub(crate) option_groups: Vec<OptionGroup>,
}

/// Options of which some may be chosen.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OptionGroup {
    pub(crate) options: Vec<MenuOption>,
}

/// Something that may be added to an item.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MenuOption {
    pub(crate) id: String,
    pub(crate) price: Money,
}

impl Menu {
    pub(crate) fn items(&self) -> impl Iterator<Item = &MenuItem> {
        self.categories.iter().flat_map(|category| &category.items)
    }
}

/// `POST /v1/quotes`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Quote {
    pub(crate) lines: Vec<Line>,
    pub(crate) delivery_fee: Option<Money>,
    pub(crate) total: Money,
    pub(crate) issues: Vec<Issue>,
}

impl Quote {
    pub(crate) fn fees(&self) -> impl Iterator<Item = (&'static str, &Money)> {
        self.delivery_fee.iter().map(|fee| ("delivery", fee))
    }
}

/// One priced line of an order.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Line {
    pub(crate) item: String,
    pub(crate) quantity: u32,
    pub(crate) options: Vec<LineOption>,
    pub(crate) total: Money,
}

/// One chosen option of a line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LineOption {
    pub(crate) option: String,
    pub(crate) quantity: u32,
}

impl Line {
    /// The item with its options, as it is typed.
    pub(crate) fn name(&self) -> String {
        self.options.iter().fold(self.item.clone(), |name, choice| match choice.quantity {
            0 | 1 => format!("{name}+{}", choice.option),
            many => format!("{name}+{}:{many}", choice.option),
        })
    }
}

/// `GET /v1/orders/{id}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) restaurant: String,
    pub(crate) stage: String,
    pub(crate) version: u64,
    pub(crate) placed_at: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) total: Money,
}

/// `GET /v1/orders`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OrderPage {
    pub(crate) orders: Vec<Value>,
    /// The cursor of the page after this one.
    pub(crate) next: Option<String>,
}

/// The data of an event of an order; an order itself is read as one too.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OrderEvent {
    pub(crate) version: u64,
    pub(crate) stage: String,
    at: Option<String>,
    placed_at: Option<String>,
}

impl OrderEvent {
    pub(crate) fn at(&self) -> &str {
        self.at.as_deref().or(self.placed_at.as_deref()).unwrap_or("")
    }
}

/// Whether nothing can follow this stage.
pub(crate) fn is_final(stage: &str) -> bool {
    matches!(stage, "rejected" | "expired" | "cancelled" | "delivered" | "collected")
}

/// `GET /v1/cluster`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Cluster {
    pub(crate) group: String,
    pub(crate) version: u64,
    pub(crate) epoch: u64,
    pub(crate) primary: String,
    pub(crate) in_sync: Vec<String>,
    pub(crate) min_in_sync: u32,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) failovers: Vec<Value>,
}

/// One copy.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) epoch: u64,
    pub(crate) durable: u64,
    pub(crate) committed: u64,
    pub(crate) healthy: bool,
}

/// Reads an answer's JSON as `T`; fields `T` does not have are ignored.
pub(crate) fn read<T: DeserializeOwned>(json: &Value) -> Result<T, Failure> {
    T::deserialize(json).map_err(|error| Failure::Garbled { what: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_as_many_decimals_as_its_currency() {
        let money = |amount, currency: &str| Money { amount, currency: currency.into() }.to_string();
        assert_eq!(money(1250, "GBP"), "12.50 GBP");
        assert_eq!(money(-5, "GBP"), "-0.05 GBP");
        assert_eq!(money(1250, "JPY"), "1250 JPY");
        assert_eq!(money(1250, "KWD"), "1.250 KWD");
    }
}
