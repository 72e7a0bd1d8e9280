//! An answer as it came, and what is read from it in the same way for every service. Knows HTTP's words; knows no service.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::grid::Position;
use crate::limits;
use crate::provider::Outcome;

/// An HTTP answer with its whole body.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The media type, without parameters, in small letters.
    pub media: String,
    /// How long to wait before asking again.
    pub retry_after: Option<Duration>,
    /// The body, which fits into [`limits::ANSWER_BYTES_MAX`].
    pub body: Vec<u8>,
}

impl Page {
    /// The body as JSON of this very shape. Unknown fields are ignored; a body that calls itself something else is not
    /// even looked at.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        self.media.ends_with("json").then(|| self.json_whatever_its_media())?
    }

    /// The same for services that call their JSON something else.
    pub(super) fn json_whatever_its_media<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What any service means by a status other than those of its own answers.
    pub(super) fn refusal(&self) -> Outcome {
        match self.status {
            401 | 403 => Outcome::Unauthorised,
            402 => Outcome::Exhausted,
            429 => Outcome::RateLimited(self.retry_after),
            503 if self.retry_after.is_some() => Outcome::RateLimited(self.retry_after),
            408 | 425 | 500.. => Outcome::Transient,
            // Redirects too: whoever moves says so in advance, and then the configuration is changed.
            _ => Outcome::Malformed,
        }
    }
}

/// A number, or a number written as a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Plain(f64),
    Text(String),
}

impl Number {
    pub(super) fn value(&self) -> Option<f64> {
        match self {
            Number::Plain(number) => Some(*number),
            Number::Text(text) => text.trim().parse().ok(),
        }
        .filter(|number| number.is_finite())
    }
}

/// A position of two numbers; `None` if one is missing or is not a number.
pub(super) fn position(latitude: Option<&Number>, longitude: Option<&Number>) -> Option<Position> {
    Some(Position { latitude: latitude?.value()?, longitude: longitude?.value()? })
}

/// A text from outside, without what could do harm where it is shown; `None` if nothing is left of it.
pub(super) fn text(raw: Option<&str>) -> Option<String> {
    let clean: String = raw?.chars().filter(|c| !c.is_control()).take(limits::TEXT_CHARS_MAX).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// Parts that are there, joined.
pub(super) fn joined<'a>(parts: impl IntoIterator<Item = Option<&'a str>>, between: &str) -> Option<String> {
    let parts: Vec<&str> = parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect();
    text(Some(&parts.join(between)))
}
