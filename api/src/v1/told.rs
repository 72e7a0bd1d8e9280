//! Tells the domain's things in the API's shapes. Decides nothing; what it needs, it is given.
mod issues;
mod menus;
mod orders;
mod refusals;

pub use menus::{menu, offer, offer_anywhere, restaurant};
pub use orders::quote;
pub use refusals::refusal;

use crate::v1::money::{Currency, Money};
use crate::v1::time::Timestamp;

impl From<order::money::Money> for Money {
    fn from(money: order::money::Money) -> Money {
        let currency = Currency::new(money.currency.code()).expect("both are three capital letters");
        Money { amount: money.amount, currency }
    }
}

fn times(at_ms: Option<u64>) -> Option<Timestamp> {
    at_ms.map(Timestamp::from_ms)
}

fn names(set: order::allergen::AllergenSet) -> Vec<String> {
    set.iter().map(|allergen| allergen.name().to_owned()).collect()
}
