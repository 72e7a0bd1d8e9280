//! Nominatim: any place of OpenStreetMap, the last to be asked. One request a second for the whole application, a real
//! user agent, answers to be kept, no autocomplete: that is its usage policy.

use serde::Deserialize;

use super::page::{Number, Page, position, text};
use super::{Service, escape, keep};
use crate::code::Code;
use crate::country::BRITAIN;
use crate::pace::Pace;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct Nominatim;

const ATTRIBUTION: &[&str] = &["© OpenStreetMap contributors, ODbL 1.0."];

#[derive(Deserialize)]
struct Hit {
    lat: Number,
    lon: Number,
    display_name: Option<String>,
    address: Option<Address>,
}

#[derive(Deserialize)]
struct Address {
    postcode: Option<String>,
    city: Option<String>,
    town: Option<String>,
    village: Option<String>,
}

impl Service for Nominatim {
    fn name(&self) -> &'static str {
        "nominatim"
    }

    fn home(&self) -> &'static str {
        "https://nominatim.openstreetmap.org"
    }

    fn covers(&self, code: Code) -> bool {
        code.country() != BRITAIN
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    fn pace(&self) -> Pace {
        Pace::per_second(1)
    }

    fn target(&self, code: Code) -> String {
        let (code, country) = (escape(&code.to_string()), code.country().as_str().to_lowercase());
        format!("/search?postalcode={code}&countrycodes={country}&format=jsonv2&addressdetails=1&limit=1")
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 {
            return page.refusal();
        }
        let Some(hits) = page.json::<Vec<Hit>>() else { return Outcome::Malformed };
        let Some(hit) = hits.first() else { return Outcome::NotFound };
        let Some(address) = &hit.address else { return Outcome::Malformed };
        if !address.postcode.as_deref().is_some_and(|text| code.is_meant_by(text)) {
            return Outcome::Malformed;
        }
        let town = [&address.city, &address.town, &address.village, &hit.display_name];
        Outcome::Found(Place {
            name: town.into_iter().find_map(|name| text(name.as_deref())),
            position: position(Some(&hit.lat), Some(&hit.lon)),
            ..Place::default()
        })
    }
}
