//! Open Postcode Geo by getthedata.com: points of British postcodes, live and terminated, free and without a key.

use serde::Deserialize;

use super::page::{Number, Page, position};
use super::{Service, escape, keep};
use crate::code::Code;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct OpenPostcodeGeo;

const ATTRIBUTION: &[&str] = &[
    "Contains OS data © Crown copyright and database right.",
    "Contains Royal Mail data © Royal Mail copyright and database right.",
    "Contains National Statistics data © Crown copyright and database right.",
];

#[derive(Deserialize)]
struct Body {
    status: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    postcode: String,
    status: String,
    latitude: Option<Number>,
    longitude: Option<Number>,
}

impl Service for OpenPostcodeGeo {
    fn name(&self) -> &'static str {
        "open-postcode-geo"
    }

    /// Its documentation gives plain HTTP only. What leaves is a postcode, and what comes back is checked.
    fn home(&self) -> &'static str {
        "http://api.getthedata.com"
    }

    fn covers(&self, code: Code) -> bool {
        code.is_in_pack_land()
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    fn target(&self, code: Code) -> String {
        format!("/postcode/{}", escape(&code.to_string()).replace("%20", "+"))
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 {
            return page.refusal();
        }
        // Its documentation does not say how it calls its JSON, so the shape alone decides.
        let Some(body) = page.json_whatever_its_media::<Body>() else { return Outcome::Malformed };
        match (body.status.as_str(), body.data) {
            ("no_match", _) => Outcome::NotFound,
            ("match", Some(data)) if code.is_meant_by(&data.postcode) => match data.status.as_str() {
                "live" => Outcome::Found(Place {
                    position: position(data.latitude.as_ref(), data.longitude.as_ref()),
                    ..Place::default()
                }),
                "terminated" => Outcome::Terminated,
                _ => Outcome::Malformed,
            },
            _ => Outcome::Malformed,
        }
    }
}
