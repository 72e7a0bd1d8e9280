//! The pack as a provider: the last of the chain, which no network and no fault can take away.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use order::postcode::{Class, Postcode};

use crate::grid::Position;
use crate::pack::Pack;
use crate::provider::{Deadline, Outcome, Place, Provider, Terms};

/// Answers from the pack.
pub struct Embedded(pub Arc<Pack>);

/// The name that provenance shows.
pub const NAME: &str = "os-code-point-open";

/// The lines that the licences of the pack's data ask for; see pack/README.md.
pub const ATTRIBUTION: &[&str] = &[
    "Contains OS data © Crown copyright and database right 2025.",
    "Contains Royal Mail data © Royal Mail copyright and database right 2025.",
    "Source: Office for National Statistics licensed under the Open Government Licence v.3.0.",
];

impl Provider for Embedded {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, postcode: Postcode) -> bool {
        postcode.class() == Class::Ordinary
    }

    /// Not cacheable: a look-up is faster than the cache.
    fn terms(&self) -> Terms {
        Terms { cacheable: false, attribution: ATTRIBUTION, embedded_ms: Some(self.0.edition_ms()) }
    }

    fn lookup(&self, postcode: Postcode, _: Deadline) -> BoxFuture<'_, Outcome> {
        let outcome = match self.0.find(postcode.outcode().as_str(), postcode.incode()) {
            Some(entry) => Outcome::Found(Place {
                district: entry.district.map(str::to_owned),
                position: entry.point.map(|point| Position::from(point).rounded()),
            }),
            None => Outcome::NotFound,
        };
        ready(outcome).boxed()
    }
}
