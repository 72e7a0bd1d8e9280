//! OpenPLZ: the towns of German, Austrian, Swiss and Liechtenstein postcodes, free and without a key. No coordinates.

use serde::Deserialize;

use super::page::{Page, text};
use super::{Service, keep};
use crate::code::Code;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct OpenPlz;

const ATTRIBUTION: &[&str] =
    &["Postcode data: OpenPLZ API project and the statistical offices it names (ODbL and open data)."];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Locality {
    postal_code: String,
    name: String,
}

impl Service for OpenPlz {
    fn name(&self) -> &'static str {
        "openplz"
    }

    fn home(&self) -> &'static str {
        "https://openplzapi.org"
    }

    fn covers(&self, code: Code) -> bool {
        matches!(code.country().as_str(), "DE" | "AT" | "CH" | "LI")
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    fn target(&self, code: Code) -> String {
        format!("/{}/Localities?postalCode={}", code.country().as_str().to_lowercase(), code.compact())
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 {
            return page.refusal();
        }
        let Some(list) = page.json::<Vec<Locality>>() else { return Outcome::Malformed };
        match list.first() {
            None => Outcome::NotFound,
            Some(first) if list.iter().all(|locality| code.is_meant_by(&locality.postal_code)) => {
                Outcome::Found(Place { name: text(Some(&first.name)), ..Place::default() })
            }
            Some(_) => Outcome::Malformed,
        }
    }
}
