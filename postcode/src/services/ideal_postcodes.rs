//! Ideal Postcodes: streets and numbers of British postcodes from Royal Mail's address file, for a key that costs money.
//! The licence restricts keeping addresses, so nothing of it is kept.

use serde::Deserialize;

use super::page::{Number, Page, joined, position, text};
use super::{Key, Service, do_not_keep, escape};
use crate::code::Code;
use crate::limits;
use crate::pace::Pace;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct IdealPostcodes;

pub(super) const NAME: &str = "ideal-postcodes";
const ATTRIBUTION: &[&str] = &["Contains Royal Mail address data © Royal Mail, by Ideal Postcodes."];

#[derive(Deserialize)]
struct Body {
    code: u32,
    result: Option<Vec<Address>>,
}

#[derive(Deserialize)]
struct Address {
    postcode: String,
    post_town: Option<String>,
    line_1: Option<String>,
    line_2: Option<String>,
    line_3: Option<String>,
    latitude: Option<Number>,
    longitude: Option<Number>,
}

impl Service for IdealPostcodes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn home(&self) -> &'static str {
        "https://api.ideal-postcodes.co.uk"
    }

    fn covers(&self, code: Code) -> bool {
        code.british().is_some()
    }

    fn terms(&self, _: Code) -> Terms {
        do_not_keep(ATTRIBUTION)
    }

    fn pace(&self) -> Pace {
        Pace::per_second(30)
    }

    fn key(&self) -> Key {
        Key::Authorization("api_key=\"", "\"")
    }

    fn target(&self, code: Code) -> String {
        format!("/v1/postcodes/{}", escape(&code.to_string()))
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        match page.status {
            200 | 404 => {}
            // That is how it says "too many requests".
            503 => return Outcome::RateLimited(page.retry_after),
            _ => return page.refusal(),
        }
        let Some(body) = page.json::<Body>() else { return Outcome::Malformed };
        match (page.status, body.code, body.result) {
            (404, 4040, _) => Outcome::NotFound,
            (200, 2000, Some(list)) if !list.is_empty() => {
                place(code, &list).map_or(Outcome::Malformed, Outcome::Found)
            }
            _ => Outcome::Malformed,
        }
    }
}

fn place(code: Code, list: &[Address]) -> Option<Place> {
    let all_of_it = list.iter().all(|address| code.is_meant_by(&address.postcode));
    let line = |address: &Address| {
        joined([address.line_1.as_deref(), address.line_2.as_deref(), address.line_3.as_deref()], ", ")
    };
    all_of_it.then(|| Place {
        name: list.first().and_then(|address| text(address.post_town.as_deref())),
        position: list.iter().find_map(|address| position(address.latitude.as_ref(), address.longitude.as_ref())),
        is_building: false,
        addresses: list.iter().filter_map(line).take(limits::ADDRESSES_MAX).collect(),
    })
}
