//! zipcloud: Japanese postcodes and the towns they stand for, free and without a key. It knows no coordinates, and says
//! in the body what others say by the status.

use serde::Deserialize;

use super::page::{Page, joined};
use super::{Service, is_of, keep};
use crate::code::Code;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct Zipcloud;

const ATTRIBUTION: &[&str] = &["Postcode data of Japan Post, by zipcloud."];

#[derive(Deserialize)]
struct Body {
    status: u16,
    results: Option<Vec<Town>>,
}

#[derive(Deserialize)]
struct Town {
    zipcode: String,
    address1: String,
    address2: String,
    address3: String,
}

impl Service for Zipcloud {
    fn name(&self) -> &'static str {
        "zipcloud"
    }

    fn home(&self) -> &'static str {
        "https://zipcloud.ibsnet.co.jp"
    }

    fn covers(&self, code: Code) -> bool {
        is_of(code, "JP")
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    fn target(&self, code: Code) -> String {
        format!("/api/search?zipcode={}", code.compact())
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 {
            return page.refusal();
        }
        // It calls its JSON plain text.
        let Some(body) = page.json_whatever_its_media::<Body>() else { return Outcome::Malformed };
        match (body.status, body.results) {
            (200, None) => Outcome::NotFound,
            (200, Some(towns)) => name(code, &towns)
                .map_or(Outcome::Malformed, |name| Outcome::Found(Place { name: Some(name), ..Place::default() })),
            (400, _) => Outcome::Invalid,
            (500.., _) => Outcome::Transient,
            _ => Outcome::Malformed,
        }
    }
}

/// Prefecture, city and town; without the town where a code stands for several.
fn name(code: Code, towns: &[Town]) -> Option<String> {
    let first = towns.first().filter(|_| towns.iter().all(|town| code.is_meant_by(&town.zipcode)))?;
    let town = (towns.len() == 1).then_some(first.address3.as_str());
    joined([Some(first.address1.as_str()), Some(first.address2.as_str()), town], "")
}
