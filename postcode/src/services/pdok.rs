//! PDOK Locatieserver: Dutch postcodes from the open address register, free and without a key. A code is one side of a
//! street, so it knows the street.

use serde::Deserialize;

use super::page::{Page, joined};
use super::{Service, is_of, keep};
use crate::code::Code;
use crate::grid::Position;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct Pdok;

const ATTRIBUTION: &[&str] = &["Bron: Basisregistratie Adressen en Gebouwen, Kadaster, via PDOK."];

#[derive(Deserialize)]
struct Body {
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    num_found: u32,
    docs: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    postcode: Option<String>,
    straatnaam: Option<String>,
    woonplaatsnaam: Option<String>,
    centroide_ll: Option<String>,
}

impl Service for Pdok {
    fn name(&self) -> &'static str {
        "pdok"
    }

    fn home(&self) -> &'static str {
        "https://api.pdok.nl"
    }

    fn covers(&self, code: Code) -> bool {
        is_of(code, "NL")
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    fn target(&self, code: Code) -> String {
        format!("/bzk/locatieserver/search/v3_1/free?fq=postcode:{}", code.compact())
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 {
            return page.refusal();
        }
        let Some(Body { response }) = page.json::<Body>() else { return Outcome::Malformed };
        if response.num_found == 0 {
            return Outcome::NotFound;
        }
        let meant = |document: &&Document| document.postcode.as_deref().is_some_and(|text| code.is_meant_by(text));
        let Some(first) = response.docs.iter().find(meant) else { return Outcome::Malformed };
        Outcome::Found(Place {
            name: joined([first.straatnaam.as_deref(), first.woonplaatsnaam.as_deref()], ", "),
            position: first.centroide_ll.as_deref().and_then(point),
            ..Place::default()
        })
    }
}

/// Reads `POINT(4.89 52.37)`: longitude, then latitude.
fn point(text: &str) -> Option<Position> {
    let (longitude, latitude) = text.strip_prefix("POINT(")?.strip_suffix(')')?.split_once(' ')?;
    Some(Position { latitude: latitude.trim().parse().ok()?, longitude: longitude.parse().ok()? })
}
