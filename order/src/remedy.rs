//! Says for every problem what would make the request succeed. Knows the problems, not how they are found.

use crate::acquirer::Decline;
use crate::allergen::{Allergen, AllergenSet};
use crate::issue::Problem;
use crate::postcode::Postcode;

impl Problem {
    /// What would make the request succeed, in a sentence.
    pub fn remedy(&self) -> String {
        use Problem::*;
        match self {
            RestaurantUnknown { restaurant } => {
                format!("no restaurant is called {restaurant}; choose one of those near the postcode")
            }
            RestaurantClosed { next_open_at_ms } => closed(*next_open_at_ms).into(),
            RestaurantPaused { until_ms: Some(_) } => "the kitchen is pausing; order again afterwards".into(),
            RestaurantPaused { until_ms: None } => {
                "the restaurant takes no orders until further notice; choose another".into()
            }
            ServiceUnavailable { .. } => "choose a service that the restaurant offers".into(),
            MenuMissing => "the restaurant has no menu yet; choose another".into(),
            ItemsRequired => "order at least one item".into(),
            LinesMax { max } => format!("order at most {max} lines"),
            ItemUnknown { item } => format!("{item} is not on the menu; read the menu again"),
            ItemUnavailable { left: Some(left), .. } if *left > 0 => format!("order at most {left}"),
            ItemUnavailable { item, .. } => format!("{item} has run out; choose something else"),
            OptionUnknown { option } => format!("the item has no option {option}; read the menu again"),
            OptionUnavailable { option } => format!("{option} has run out; choose another option"),
            OptionGroupMin { group, min, chosen, .. } => {
                format!("choose {} more of {group} (at least {min})", min - chosen.min(min))
            }
            OptionGroupMax { group, max, .. } => format!("choose at most {max} of {group}"),
            OptionMax { option, max } => format!("take {option} at most {max} times"),
            QuantityRange { min, max } => format!("order between {min} and {max}"),
            SlotFull { next_slot_ms } => slot_full(*next_slot_ms).into(),
            Quote(fault) => fault.remedy().into(),
            PaymentDeclined { reason } => declined(*reason),
            MenuChanged { menu_revision } => {
                format!("the menu has changed; look at revision {menu_revision} and order again")
            }
            PriceChanged { total } => format!("it costs {total}; order again expecting that"),
            MinimumNotMet { minimum, additional_spend_required } => {
                format!("the minimum is {minimum}; add {additional_spend_required} to the order")
            }
            OutsideZone { zones, .. } => {
                format!("give an address in {}, or choose another restaurant or collection", zones.join(", "))
            }
            PostcodeInvalid { why, suggestions } => with_suggestions(&why.to_string(), suggestions),
            PostcodeUnknown { suggestions } => with_suggestions("this postcode does not exist; check it", suggestions),
            PostcodeTerminated { suggestions } => {
                with_suggestions("this postcode is no longer in use; give its successor", suggestions)
            }
            PostcodeUnverified => {
                "where this postcode is cannot be found out at the moment; order again later, or choose collection"
                    .into()
            }
            PostcodeUndeliverable => "this postcode is no place to deliver to; give that of a door".into(),
            AddressRequired => "say where to deliver to".into(),
            AddressLinesRequired { max } => format!("give between 1 and {max} address lines, such as 12 North Road"),
            AllergenAckRequired { allergens, .. } => {
                format!("acknowledge {}, or choose items without", joined(*allergens))
            }
            AgeCheckRequired { .. } => {
                "confirm with age_confirmed that you are of age, or leave these items out".into()
            }
            FulfilAtUnavailable { earliest_ms: Some(_) } => {
                "choose the given time or a later one within opening hours".into()
            }
            FulfilAtUnavailable { earliest_ms: None } => "choose a time within the next two weeks".into(),
            TimeRange { .. } => "choose a time after the first and not after the last given".into(),
            ReasonUnlisted { allowed } => {
                format!("choose one of {}", allowed.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(", "))
            }
            CourierRequired => "say which courier".into(),
            CodeWrong => "ask the customer for the four characters at the end of the order's id".into(),
            Form(form) => form.remedy(),
        }
    }
}

fn closed(next_open_at_ms: Option<u64>) -> &'static str {
    match next_open_at_ms {
        Some(_) => "closed; order again when it opens, or give fulfil_at",
        None => "closed for the next two weeks; choose another restaurant",
    }
}

fn slot_full(next_slot_ms: Option<u64>) -> &'static str {
    match next_slot_ms {
        Some(_) => "the kitchen takes no more orders for that time; give the next slot as fulfil_at, or a later time",
        None => "the kitchen is full for the next two weeks; choose another restaurant",
    }
}

fn declined(reason: Decline) -> String {
    let why = match reason {
        Decline::Declined => "the bank declined the card",
        Decline::InsufficientFunds => "there is not enough money behind the card",
        Decline::LimitExceeded => "the total is beyond the card's limit",
        Decline::CardExpired => "the card is out of date",
        Decline::TokenUnknown => "the bank does not know this card token",
    };
    format!("{why}; pay by another card or in cash")
}

fn with_suggestions(text: &str, suggestions: &[Postcode]) -> String {
    let names: Vec<String> = suggestions.iter().map(Postcode::to_string).collect();
    if names.is_empty() { text.to_owned() } else { format!("{text}; did you mean {}?", names.join(" or ")) }
}

fn joined(allergens: AllergenSet) -> String {
    allergens.iter().map(Allergen::name).collect::<Vec<_>>().join(", ")
}
