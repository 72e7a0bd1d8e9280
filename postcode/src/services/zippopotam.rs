//! Zippopotam.us: towns and points of postcodes in many countries, a hobby service, free and without a key. Its names have
//! blanks in them and its numbers are texts.

use serde::Deserialize;

use super::page::{Number, Page, position, text};
use super::{Service, escape, keep};
use crate::code::Code;
use crate::pace::Pace;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct Zippopotam;

const ATTRIBUTION: &[&str] = &["Postcode data of GeoNames (CC BY), by Zippopotam.us."];

/// Where it knows whole codes. Of British ones it knows the first half only, which the pack knows better.
const COUNTRIES: [&str; 19] =
    ["AT", "AU", "BE", "BR", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "IT", "JP", "LI", "LU", "PL", "PT", "SE", "US"];

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "post code")]
    post_code: String,
    places: Vec<Town>,
}

#[derive(Deserialize)]
struct Town {
    #[serde(rename = "place name")]
    name: String,
    latitude: Option<Number>,
    longitude: Option<Number>,
}

impl Service for Zippopotam {
    fn name(&self) -> &'static str {
        "zippopotam"
    }

    fn home(&self) -> &'static str {
        "https://api.zippopotam.us"
    }

    fn covers(&self, code: Code) -> bool {
        COUNTRIES.contains(&code.country().as_str())
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    fn pace(&self) -> Pace {
        Pace::per_second(5)
    }

    fn target(&self, code: Code) -> String {
        format!("/{}/{}", code.country().as_str().to_lowercase(), escape(&code.to_string()))
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        match page.status {
            200 => {}
            // Unknown is an empty object. A page of another kind says that the service itself is not there.
            404 if page.body.trim_ascii() == b"{}" => return Outcome::NotFound,
            _ => return page.refusal(),
        }
        let Some(body) = page.json::<Body>() else { return Outcome::Malformed };
        match body.places.first() {
            Some(first) if code.is_meant_by(&body.post_code) => Outcome::Found(Place {
                name: text(Some(&first.name)),
                position: position(first.latitude.as_ref(), first.longitude.as_ref()),
                ..Place::default()
            }),
            _ => Outcome::Malformed,
        }
    }
}
