//! OS Places: streets and numbers of British postcodes from Ordnance Survey, for a key under contract. Nothing is kept.

use serde::Deserialize;

use super::page::{Number, Page, position, text};
use super::{Key, Service, do_not_keep, escape};
use crate::code::Code;
use crate::limits;
use crate::pace::Pace;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct OsPlaces;

pub(super) const NAME: &str = "os-places";
const ATTRIBUTION: &[&str] =
    &["© Crown copyright and database rights, Ordnance Survey.", "Contains Royal Mail address data © Royal Mail."];

#[derive(Deserialize)]
struct Body {
    header: Header,
    #[serde(default)]
    results: Vec<Entry>,
}

#[derive(Deserialize)]
struct Header {
    totalresults: u32,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "DPA")]
    point: DeliveryPoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct DeliveryPoint {
    address: String,
    postcode: String,
    post_town: Option<String>,
    lat: Option<Number>,
    lng: Option<Number>,
}

impl Service for OsPlaces {
    fn name(&self) -> &'static str {
        NAME
    }

    fn home(&self) -> &'static str {
        "https://api.os.uk"
    }

    fn covers(&self, code: Code) -> bool {
        code.is_in_pack_land()
    }

    fn terms(&self, _: Code) -> Terms {
        do_not_keep(ATTRIBUTION)
    }

    fn pace(&self) -> Pace {
        Pace::per_second(10)
    }

    fn key(&self) -> Key {
        Key::Query("key")
    }

    fn target(&self, code: Code) -> String {
        format!("/search/places/v1/postcode?postcode={}&output_srs=EPSG:4326", escape(&code.compact()))
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 {
            return page.refusal();
        }
        let Some(body) = page.json::<Body>() else { return Outcome::Malformed };
        if body.results.is_empty() {
            return if body.header.totalresults == 0 { Outcome::NotFound } else { Outcome::Malformed };
        }
        let points = || body.results.iter().map(|entry| &entry.point);
        if !points().all(|point| code.is_meant_by(&point.postcode)) {
            return Outcome::Malformed;
        }
        Outcome::Found(Place {
            name: points().find_map(|point| text(point.post_town.as_deref())),
            position: points().find_map(|point| position(point.lat.as_ref(), point.lng.as_ref())),
            is_building: false,
            addresses: points().filter_map(|point| text(Some(&point.address))).take(limits::ADDRESSES_MAX).collect(),
        })
    }
}
