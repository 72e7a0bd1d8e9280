//! postcodes.io: the geography of British postcodes from the ONS Postcode Directory, free and without a key. It knows no
//! addresses. Its exact answers are those of its source, version 18.

use order::postcode::Class;
use serde::Deserialize;

use super::page::{Number, Page, position, text};
use super::{Service, do_not_keep, escape, keep};
use crate::code::Code;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct PostcodesIo;

const GREAT_BRITAIN: &[&str] = &[
    "Contains OS data © Crown copyright and database right.",
    "Contains Royal Mail data © Royal Mail copyright and database right.",
    "Source: Office for National Statistics licensed under the Open Government Licence v.3.0.",
];
const NORTHERN_IRELAND: &[&str] = &[
    "Contains National Statistics data © Crown copyright and database right; Northern Ireland for non-commercial use.",
];

#[derive(Deserialize)]
struct Body {
    status: u16,
    result: Option<Answer>,
    error: Option<String>,
    terminated: Option<Terminated>,
}

#[derive(Deserialize)]
struct Answer {
    postcode: String,
    latitude: Option<Number>,
    longitude: Option<Number>,
    admin_district: Option<String>,
}

#[derive(Deserialize)]
struct Terminated {
    postcode: String,
}

impl Service for PostcodesIo {
    fn name(&self) -> &'static str {
        "postcodes.io"
    }

    fn home(&self) -> &'static str {
        "https://api.postcodes.io"
    }

    fn covers(&self, code: Code) -> bool {
        let class = code.british().map(|postcode| postcode.class());
        matches!(class, Some(Class::Ordinary | Class::NorthernIreland | Class::CrownDependency))
    }

    fn terms(&self, code: Code) -> Terms {
        match code.british().map(|postcode| postcode.class()) {
            Some(Class::NorthernIreland) => do_not_keep(NORTHERN_IRELAND),
            _ => keep(GREAT_BRITAIN),
        }
    }

    fn target(&self, code: Code) -> String {
        format!("/postcodes/{}", escape(&code.to_string()))
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        if page.status != 200 && page.status != 404 {
            return page.refusal();
        }
        let Some(body) = page.json::<Body>() else { return Outcome::Malformed };
        match (page.status, body.result) {
            (200, Some(answer)) if body.status == 200 && code.is_meant_by(&answer.postcode) => Outcome::Found(Place {
                name: text(answer.admin_district.as_deref()),
                position: position(answer.latitude.as_ref(), answer.longitude.as_ref()),
                ..Place::default()
            }),
            (404, None) => match (body.error.as_deref(), body.terminated) {
                (_, Some(gone)) if code.is_meant_by(&gone.postcode) => Outcome::Terminated,
                (_, Some(_)) => Outcome::Malformed,
                (Some("Postcode not found"), None) => Outcome::NotFound,
                (Some("Invalid postcode"), None) => Outcome::Invalid,
                _ => Outcome::Malformed,
            },
            _ => Outcome::Malformed,
        }
    }
}
