//! The pack as a provider: the last of the chain, which no network and no fault can take away.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use crate::code::Code;
use crate::grid::Position;
use crate::pack::Pack;
use crate::provider::{Deadline, Outcome, Place, Provider, Reply, Terms};

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

    fn covers(&self, code: Code) -> bool {
        code.is_in_pack_land()
    }

    /// Not cacheable: a look-up is faster than the cache.
    fn terms(&self, _: Code) -> Terms {
        Terms { cacheable: false, attribution: ATTRIBUTION, embedded_ms: Some(self.0.edition_ms()) }
    }

    fn request(&self, code: Code) -> String {
        format!("the pack, for {code}")
    }

    fn lookup(&self, code: Code, _: Deadline) -> BoxFuture<'_, Reply> {
        let found = code.british().and_then(|postcode| self.0.find(postcode.outcode().as_str(), postcode.incode()));
        let outcome = match found {
            Some(entry) => Outcome::Found(Place {
                name: entry.district.map(str::to_owned),
                position: entry.point.map(|point| Position::from(point).rounded()),
                ..Place::default()
            }),
            None => Outcome::NotFound,
        };
        ready(outcome.into()).boxed()
    }
}
