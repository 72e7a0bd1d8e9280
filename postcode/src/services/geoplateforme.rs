//! Géoplateforme: French postcodes from the national address base, free and without a key.

use serde::Deserialize;

use super::page::{Page, text};
use super::{Service, is_of, keep};
use crate::code::Code;
use crate::grid::Position;
use crate::pace::Pace;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct Geoplateforme;

const ATTRIBUTION: &[&str] = &["Source: Base Adresse Nationale, Licence Ouverte 2.0 (Etalab), via Géoplateforme."];

#[derive(Deserialize)]
struct Body {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    geometry: Geometry,
    properties: Properties,
}

#[derive(Deserialize)]
struct Geometry {
    coordinates: [f64; 2],
}

#[derive(Deserialize)]
struct Properties {
    postcode: Option<String>,
    city: Option<String>,
}

impl Service for Geoplateforme {
    fn name(&self) -> &'static str {
        "geoplateforme"
    }

    fn home(&self) -> &'static str {
        "https://data.geopf.fr"
    }

    fn covers(&self, code: Code) -> bool {
        is_of(code, "FR")
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    /// Fifty a second and address; beyond them it is closed for five seconds, so a little less.
    fn pace(&self) -> Pace {
        Pace::per_second(40)
    }

    fn target(&self, code: Code) -> String {
        let code = code.compact();
        format!("/geocodage/search?q={code}&postcode={code}&limit=5")
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 {
            return page.refusal();
        }
        let Some(body) = page.json::<Body>() else { return Outcome::Malformed };
        if body.features.is_empty() {
            return Outcome::NotFound;
        }
        let meant =
            |feature: &&Feature| feature.properties.postcode.as_deref().is_some_and(|text| code.is_meant_by(text));
        let Some(first) = body.features.iter().find(meant) else { return Outcome::Malformed };
        let [longitude, latitude] = first.geometry.coordinates;
        Outcome::Found(Place {
            name: text(first.properties.city.as_deref()),
            position: Some(Position { latitude, longitude }),
            ..Place::default()
        })
    }
}
