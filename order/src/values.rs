//! Gives the values of every problem by name, for machines. Knows no format.

use crate::id::Slug;
use crate::issue::{Problem, Value};
use crate::postcode::Postcode;

impl Problem {
    /// The values by name, for machines.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        use Problem::*;
        let number = |n: u32| Value::Number(i64::from(n));
        let slugs = |all: &[Slug]| Value::Texts(all.iter().map(Slug::to_string).collect());
        let codes = |all: &[Postcode]| Value::Texts(all.iter().map(Postcode::to_string).collect());
        match self {
            RestaurantUnknown { restaurant } => vec![("restaurant", Value::Text(restaurant.to_string()))],
            RestaurantClosed { next_open_at_ms } => time("next_open_at", *next_open_at_ms),
            RestaurantPaused { until_ms } => time("until", *until_ms),
            ServiceUnavailable { offered } => {
                vec![("offered", Value::Texts(offered.iter().map(|service| service.name().to_owned()).collect()))]
            }
            LinesMax { max } | AddressLinesRequired { max } => vec![("max", number(*max))],
            ItemUnknown { item } => vec![("item", Value::Text(item.to_string()))],
            ItemUnavailable { item, left } => {
                let left = left.map(|left| ("left", number(left)));
                [("item", Value::Text(item.to_string()))].into_iter().chain(left).collect()
            }
            OptionUnknown { option } | OptionUnavailable { option } => {
                vec![("option", Value::Text(option.to_string()))]
            }
            OptionGroupMin { group, min, chosen, options } => vec![
                ("group", Value::Text(group.to_string())),
                ("min", number(*min)),
                ("chosen", number(*chosen)),
                ("options", slugs(options)),
            ],
            OptionGroupMax { group, max, chosen } => {
                vec![("group", Value::Text(group.to_string())), ("max", number(*max)), ("chosen", number(*chosen))]
            }
            OptionMax { option, max } => vec![("option", Value::Text(option.to_string())), ("max", number(*max))],
            QuantityRange { min, max } => vec![("min", number(*min)), ("max", number(*max))],
            SlotFull { next_slot_ms } => time("next_slot", *next_slot_ms),
            Quote(fault) => fault.values(),
            PaymentDeclined { reason } => vec![("reason", Value::Text(reason.name().to_owned()))],
            MenuChanged { menu_revision } => vec![("menu_revision", number(*menu_revision))],
            PriceChanged { total } => vec![("total", Value::Money(*total))],
            MinimumNotMet { minimum, additional_spend_required } => vec![
                ("minimum", Value::Money(*minimum)),
                ("additional_spend_required", Value::Money(*additional_spend_required)),
            ],
            OutsideZone { distance_m, zones } => {
                let distance = distance_m.map(|metres| ("distance_m", number(metres)));
                distance.into_iter().chain([("zones", Value::Texts(zones.clone()))]).collect()
            }
            PostcodeInvalid { suggestions, .. }
            | PostcodeUnknown { suggestions }
            | PostcodeTerminated { suggestions } => {
                vec![("suggestions", codes(suggestions))]
            }
            AllergenAckRequired { items, allergens } => vec![
                ("items", slugs(items)),
                ("allergens", Value::Texts(allergens.iter().map(|allergen| allergen.name().to_owned()).collect())),
            ],
            AgeCheckRequired { items } => vec![("items", slugs(items))],
            FulfilAtUnavailable { earliest_ms } => time("earliest", *earliest_ms),
            TimeRange { after_ms, until_ms } => {
                vec![("after", Value::Time(*after_ms)), ("until", Value::Time(*until_ms))]
            }
            ReasonUnlisted { allowed } => {
                vec![("allowed", Value::Texts(allowed.iter().map(|reason| reason.name().to_owned()).collect()))]
            }
            Form(form) => form.values(),
            MenuMissing
            | ItemsRequired
            | PostcodeUnverified
            | PostcodeUndeliverable
            | AddressRequired
            | CourierRequired
            | CodeWrong => Vec::new(),
        }
    }
}

fn time(name: &'static str, at_ms: Option<u64>) -> Vec<(&'static str, Value)> {
    at_ms.map(|at_ms| (name, Value::Time(at_ms))).into_iter().collect()
}
