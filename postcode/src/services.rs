//! The outside services: for each, how it is asked and how its answers are to be read. Formats only: nothing here opens a
//! connection, so each is tested with recorded shapes. One file a service, where its JSON stays private.

mod geoplateforme;
mod ideal_postcodes;
mod nominatim;
mod onemap;
mod open_postcode_geo;
mod openplz;
mod os_places;
mod page;
mod pdok;
mod postcodes_io;
mod viacep;
mod zipcloud;
mod zippopotam;

use crate::code::Code;
use crate::pace::Pace;
use crate::provider::{Outcome, Terms};

pub use page::Page;

/// A web service that knows postcodes.
pub trait Service: Send + Sync {
    /// The name that configuration, provenance and metrics show.
    fn name(&self) -> &'static str;

    /// Where it is on the internet, without a slash at the end.
    fn home(&self) -> &'static str;

    /// Whether it can know this postcode at all.
    fn covers(&self, code: Code) -> bool;

    /// What it asks of those who use its answers.
    fn terms(&self, code: Code) -> Terms;

    /// How often it may be asked.
    fn pace(&self) -> Pace {
        Pace::per_second(50)
    }

    /// Where its key goes, if it wants one.
    fn key(&self) -> Key {
        Key::None
    }

    /// How a token is got of it, if it wants one that ends.
    fn door(&self) -> Option<&dyn Door> {
        None
    }

    /// What it is asked for, below its home: a path and a query, escaped, without the key.
    fn target(&self, code: Code) -> String;

    /// What its answer means.
    fn read(&self, code: Code, page: &Page) -> Outcome;
}

/// How one logs in to a service whose keys are tokens that end.
pub trait Door: Send + Sync {
    /// Where, below its home.
    fn target(&self) -> &'static str;

    /// What is sent there, as JSON.
    fn body(&self, login: &Login) -> String;

    /// The token and when it ends, in ms since 1970.
    ///
    /// # Errors
    /// What the answer means if there is no token in it.
    fn read(&self, page: &Page) -> Result<(String, u64), Outcome>;
}

/// Who we are for a service. Never shown, not even to those who debug.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// An e-mail address.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// Where a service wants its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Nowhere: it has none.
    None,
    /// As the query parameter of this name.
    Query(&'static str),
    /// In `Authorization`, between these.
    Authorization(&'static str, &'static str),
    /// In `Authorization`, a token that is got by logging in.
    Token,
}

/// Every service there is. Those that know streets and numbers are the [`premises`] ones; the others are in the order in
/// which they are asked.
#[must_use]
pub fn all() -> Vec<Box<dyn Service>> {
    vec![
        Box::new(postcodes_io::PostcodesIo),
        Box::new(open_postcode_geo::OpenPostcodeGeo),
        Box::new(onemap::OneMap),
        Box::new(zipcloud::Zipcloud),
        Box::new(pdok::Pdok),
        Box::new(geoplateforme::Geoplateforme),
        Box::new(openplz::OpenPlz),
        Box::new(viacep::ViaCep),
        Box::new(zippopotam::Zippopotam),
        Box::new(nominatim::Nominatim),
        Box::new(ideal_postcodes::IdealPostcodes),
        Box::new(os_places::OsPlaces),
    ]
}

/// The services that sell streets and numbers: asked only for those, and only with a key.
pub const PREMISES: [&str; 2] = [ideal_postcodes::NAME, os_places::NAME];

/// The service of this name.
#[must_use]
pub fn named(name: &str) -> Option<Box<dyn Service>> {
    all().into_iter().find(|service| service.name() == name)
}

/// Terms of a service whose answers may be kept.
const fn keep(attribution: &'static [&'static str]) -> Terms {
    Terms { cacheable: true, attribution, embedded_ms: None }
}

/// Terms of a service whose answers must not outlive the request.
const fn do_not_keep(attribution: &'static [&'static str]) -> Terms {
    Terms { cacheable: false, attribution, embedded_ms: None }
}

/// Whether a code is of this country.
fn is_of(code: Code, country: &str) -> bool {
    code.country().as_str() == country
}

/// One segment of a path, or one value of a query.
fn escape(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
#[path = "services_tests.rs"]
mod tests;
