//! Keeps the token of a service that gives one for an e-mail address and a password, and gets the next one before it ends.
//! Knows when; the words are the service's own.

use std::sync::{Arc, MutexGuard, PoisonError};

use hyper::Uri;
use hyper::header::HeaderValue;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::{debug, warn};

use crate::clock::Clock;
use crate::fetch::{Failed, Fetch};
use crate::limits;
use crate::provider::Outcome;
use crate::services::{Login, Service};

/// A service's token. Copies share it.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<Inner>);

struct Inner {
    service: Box<dyn Service>,
    uri: Uri,
    login: Login,
    fetch: Fetch,
    clock: Clock,
    held: std::sync::Mutex<Held>,
    /// Held while one logs in, so that all who lack a token cause one login.
    turn: Arc<Mutex<()>>,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// After a login in vain the next one waits until then, as long as the old token is good.
    rests_until_ms: u64,
}

#[derive(Clone)]
struct Token {
    value: HeaderValue,
    ends_ms: u64,
}

impl Tokens {
    /// Tokens of a service at this URL; `None` if it gives none.
    pub(crate) fn new(service: Box<dyn Service>, url: &str, login: Login, fetch: Fetch, clock: Clock) -> Option<Self> {
        let uri = format!("{url}{}", service.door()?.target()).parse().ok()?;
        let (held, turn) = (std::sync::Mutex::default(), Arc::default());
        Some(Self(Arc::new(Inner { service, uri, login, fetch, clock, held, turn })))
    }

    /// A token that is good now. Shortly before it ends the next one is got behind the caller's back.
    ///
    /// # Errors
    /// What came in place of a token.
    pub(crate) async fn get(&self) -> Result<HeaderValue, Outcome> {
        if let Some((value, is_to_renew)) = self.0.good() {
            if is_to_renew && let Ok(turn) = Arc::clone(&self.0.turn).try_lock_owned() {
                tokio::spawn(log_in(Arc::clone(&self.0), turn));
            }
            return Ok(value);
        }
        let turn = Arc::clone(&self.0.turn).lock_owned().await;
        // Whoever had the turn before may have got one.
        if let Some((value, _)) = self.0.good() {
            return Ok(value);
        }
        // In a task of its own: a caller who leaves must not take the token from those who wait.
        tokio::spawn(log_in(Arc::clone(&self.0), turn)).await.unwrap_or(Err(Outcome::Transient))
    }

    /// A token in place of one that was refused, though it should have been good.
    ///
    /// # Errors
    /// What came in place of a token.
    pub(crate) async fn instead_of(&self, refused: &HeaderValue) -> Result<HeaderValue, Outcome> {
        // Another may have got the next one meanwhile.
        self.0.held().token.take_if(|token| token.value == *refused);
        self.get().await
    }
}

async fn log_in(inner: Arc<Inner>, _turn: OwnedMutexGuard<()>) -> Result<HeaderValue, Outcome> {
    let got = tokio::time::timeout(limits::LOGIN, inner.ask()).await.unwrap_or(Err(Outcome::Transient));
    let mut held = inner.held();
    match got {
        Ok(token) => {
            debug!(provider = inner.service.name(), "logged in");
            held.token = Some(token.clone());
            Ok(token.value)
        }
        Err(outcome) => {
            warn!(provider = inner.service.name(), outcome = outcome.word(), "no token was given");
            held.rests_until_ms = inner.clock.now_ms() + limits::LOGIN_REST.as_millis() as u64;
            Err(outcome)
        }
    }
}

impl Inner {
    /// The token, if it is good now, and whether it is time for the next one.
    fn good(&self) -> Option<(HeaderValue, bool)> {
        let (held, now_ms) = (self.held(), self.clock.now_ms());
        let token = held.token.as_ref().filter(|token| now_ms < token.ends_ms)?;
        let ends_soon = token.ends_ms - now_ms <= limits::TOKEN_RENEWED.as_millis() as u64;
        Some((token.value.clone(), ends_soon && now_ms >= held.rests_until_ms))
    }

    async fn ask(&self) -> Result<Token, Outcome> {
        let door = self.service.door().ok_or(Outcome::Malformed)?;
        let page = match self.fetch.post(self.uri.clone(), door.body(&self.login)).await {
            Ok(page) => page,
            Err(Failed::Connection) => return Err(Outcome::Transient),
            Err(Failed::TooLong(_)) => return Err(Outcome::Malformed),
        };
        let (token, ends_ms) = door.read(&page)?;
        let mut value = HeaderValue::from_str(&token).map_err(|_| Outcome::Malformed)?;
        value.set_sensitive(true);
        // A wrong clock over there must not make a token last for ever.
        let latest_ms = self.clock.now_ms() + limits::TOKEN_KEPT.as_millis() as u64;
        Ok(Token { value, ends_ms: ends_ms.min(latest_ms) })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Whole between any two statements, so a panic elsewhere leaves nothing half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
