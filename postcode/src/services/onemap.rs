//! OneMap by the Singapore Land Authority: a Singapore postcode is one building, so this knows real addresses. It wants a
//! token, which is given for an e-mail address and a password and lasts for three days.

use serde::Deserialize;

use super::page::{Number, Page, position, text};
use super::{Door, Key, Login, Service, is_of, keep};
use crate::code::Code;
use crate::limits;
use crate::pace::Pace;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct OneMap;

const ATTRIBUTION: &[&str] =
    &["Contains information from OneMap, Singapore Land Authority, under the Singapore Open Data Licence."];

#[derive(Deserialize)]
struct Body {
    found: u32,
    results: Vec<Hit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Hit {
    postal: String,
    road_name: Option<String>,
    address: Option<String>,
    latitude: Option<Number>,
    longitude: Option<Number>,
}

impl Service for OneMap {
    fn name(&self) -> &'static str {
        "onemap"
    }

    fn home(&self) -> &'static str {
        "https://www.onemap.gov.sg"
    }

    fn covers(&self, code: Code) -> bool {
        is_of(code, "SG")
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    fn pace(&self) -> Pace {
        Pace::per_second(4)
    }

    fn key(&self) -> Key {
        Key::Token
    }

    fn door(&self) -> Option<&dyn Door> {
        Some(self)
    }

    fn target(&self, code: Code) -> String {
        let code = code.compact();
        format!("/api/common/elastic/search?searchVal={code}&returnGeom=Y&getAddrDetails=Y&pageNum=1")
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 {
            return page.refusal();
        }
        let Some(body) = page.json::<Body>() else { return Outcome::Malformed };
        if body.found == 0 {
            return Outcome::NotFound;
        }
        // It searches in texts too: a house number may look like the code.
        let hits: Vec<&Hit> = body.results.iter().filter(|hit| code.is_meant_by(&hit.postal)).collect();
        let Some(first) = hits.first() else { return Outcome::Malformed };
        Outcome::Found(Place {
            name: said(first.road_name.as_deref()),
            position: position(first.latitude.as_ref(), first.longitude.as_ref()),
            is_building: true,
            addresses: hits.iter().filter_map(|hit| said(hit.address.as_deref())).take(limits::ADDRESSES_MAX).collect(),
        })
    }
}

/// The end is told in seconds, as a text.
#[derive(Deserialize)]
struct Token {
    access_token: String,
    expiry_timestamp: Number,
}

impl Door for OneMap {
    fn target(&self) -> &'static str {
        "/api/auth/post/getToken"
    }

    fn body(&self, login: &Login) -> String {
        serde_json::json!({ "email": login.email, "password": login.password }).to_string()
    }

    fn read(&self, page: &Page) -> Result<(String, u64), Outcome> {
        if page.status != 200 {
            return Err(page.refusal());
        }
        let token = page.json::<Token>().ok_or(Outcome::Malformed)?;
        let ends_s = token.expiry_timestamp.value().filter(|seconds| (0.0..1e12).contains(seconds));
        Ok((token.access_token, ends_s.ok_or(Outcome::Malformed)? as u64 * 1000))
    }
}

/// It writes "NIL" for nothing.
fn said(raw: Option<&str>) -> Option<String> {
    text(raw).filter(|text| text != "NIL")
}
