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
use crate::token::Tokens;

/// What opens a service.
pub(crate) enum Pass {
    /// Nothing: it is open.
    None,
    /// A key.
    Key(String),
    /// A token that ends.
    Tokens(Tokens),
}

/// A service at an address.
pub struct Outside {
    service: Box<dyn Service>,
    /// Without a slash at the end.
    url: String,
    pass: Pass,
    /// How many adapters share what the service allows.
    adapters: u32,
    fetch: Fetch,
}

impl Outside {
    /// A service at this URL, with what opens it.
    pub(crate) fn new(service: Box<dyn Service>, url: &str, pass: Pass, adapters: u32, fetch: Fetch) -> Self {
        Self { service, url: url.trim_end_matches('/').to_owned(), pass, adapters, fetch }
    }

    fn uri(&self, code: Code) -> Option<Uri> {
        let mut uri = format!("{}{}", self.url, self.service.target(code));
        if let (Key::Query(name), Pass::Key(key)) = (self.service.key(), &self.pass) {
            let sign = if uri.contains('?') { '&' } else { '?' };
            uri.push_str(&format!("{sign}{name}={key}"));
        }
        uri.parse().ok()
    }

    fn authorization(&self) -> Option<HeaderValue> {
        let (Key::Authorization(before, after), Pass::Key(key)) = (self.service.key(), &self.pass) else { return None };
        let mut value = HeaderValue::from_str(&format!("{before}{key}{after}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    async fn ask(&self, code: Code) -> Reply {
        let Pass::Tokens(tokens) = &self.pass else { return self.ask_with(code, self.authorization()).await };
        let token = match tokens.get().await {
            Ok(token) => token,
            Err(outcome) => return outcome.into(),
        };
        let reply = self.ask_with(code, Some(token.clone())).await;
        if reply.outcome != Outcome::Unauthorised {
            return reply;
        }
        // Tokens may be called back before they end: that is no failure of the service, once.
        match tokens.instead_of(&token).await {
            Ok(token) => self.ask_with(code, Some(token)).await,
            Err(_) => reply,
        }
    }

    async fn ask_with(&self, code: Code, authorization: Option<HeaderValue>) -> Reply {
        // Only a key with strange characters in it makes no address.
        let Some(uri) = self.uri(code) else { return Outcome::Unauthorised.into() };
        match self.fetch.get(uri, authorization).await {
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
