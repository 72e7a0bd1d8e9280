//! An outside service as a provider: its formats from [`services`](crate::services), its address and key from the
//! configuration, its pages by [`fetch`](crate::fetch). Only the postcode leaves.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hyper::Uri;
use hyper::header::HeaderValue;

use crate::code::Code;
use crate::fetch::{Failed, Fetch};
use crate::pace::Pace;
use crate::provider::{Deadline, Outcome, Provider, Reply, Terms};
use crate::services::{Key, Service};

/// A service at an address.
pub struct Outside {
    service: Box<dyn Service>,
    /// Without a slash at the end.
    url: String,
    key: Option<String>,
    /// How many adapters share what the service allows.
    adapters: u32,
    fetch: Fetch,
}

impl Outside {
    /// A service at this URL, with this key if it wants one.
    #[must_use]
    pub fn new(service: Box<dyn Service>, url: &str, key: Option<String>, adapters: u32, fetch: Fetch) -> Self {
        Self { service, url: url.trim_end_matches('/').to_owned(), key, adapters, fetch }
    }

    fn uri(&self, code: Code) -> Option<Uri> {
        let mut uri = format!("{}{}", self.url, self.service.target(code));
        if let (Key::Query(name), Some(key)) = (self.service.key(), &self.key) {
            let sign = if uri.contains('?') { '&' } else { '?' };
            uri.push_str(&format!("{sign}{name}={key}"));
        }
        uri.parse().ok()
    }

    fn authorization(&self) -> Option<HeaderValue> {
        let (Key::Authorization(before, after), Some(key)) = (self.service.key(), &self.key) else { return None };
        let mut value = HeaderValue::from_str(&format!("{before}{key}{after}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    async fn ask(&self, code: Code) -> Reply {
        // Only a key with strange characters in it makes no address.
        let Some(uri) = self.uri(code) else { return Outcome::Unauthorised.into() };
        match self.fetch.get(uri, self.authorization()).await {
            Ok(page) => Reply { status: Some(page.status), outcome: self.service.read(code, &page) },
            Err(Failed::Connection) => Outcome::Transient.into(),
            Err(Failed::TooLong(status)) => Reply { status: Some(status), outcome: Outcome::Malformed },
        }
    }
}

impl Provider for Outside {
    fn name(&self) -> &'static str {
        self.service.name()
    }

    fn covers(&self, code: Code) -> bool {
        self.service.covers(code)
    }

    fn terms(&self, code: Code) -> Terms {
        self.service.terms(code)
    }

    fn pace(&self) -> Pace {
        self.service.pace().shared_by(self.adapters)
    }

    fn request(&self, code: Code) -> String {
        format!("GET {}{}", self.url, self.service.target(code))
    }

    fn lookup(&self, code: Code, _: Deadline) -> BoxFuture<'_, Reply> {
        self.ask(code).boxed()
    }
}
