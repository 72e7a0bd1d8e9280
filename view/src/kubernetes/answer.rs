//! The one table of what the API server's answers to a write mean, and what a failure is called. Pure.
use crate::{Denial, Outcome, StoreError};
use kube::Error;
use std::error::Error as _;

/// What became of a write that did not come back with the object written.
#[derive(Debug)]
pub(super) enum Failed {
    /// The object is of another version, gone, or there already: this write did not take effect.
    Conflict,
    /// It will never take effect, and why.
    Denied(Denial),
    /// It may have taken effect, or may yet (V4).
    Unknown(StoreError),
}

impl Failed {
    /// Judges the failure of a write to `place`.
    pub(super) fn of(error: &Error, action: &'static str, place: &str) -> Failed {
        match error {
            Error::Api(status) => match status.code {
                404 | 409 | 410 => Failed::Conflict,
                // Said before anything is stored: who you are, what you may, what it is (400, 401, 403, 405, 413, 415, 422).
                // 408 and 429 are not among them: the one is a timeout, the other passes.
                code @ (400 | 401 | 403 | 405 | 413 | 415 | 422) => {
                    Failed::Denied(Denial::Server { code, why: status.message.clone() })
                }
                _ => Failed::Unknown(failure(error, action, place)),
            },
            _ => Failed::Unknown(failure(error, action, place)),
        }
    }
}

impl From<Failed> for Outcome {
    fn from(failed: Failed) -> Outcome {
        match failed {
            Failed::Conflict => Outcome::Lost,
            Failed::Denied(denial) => Outcome::Refused(denial),
            Failed::Unknown(error) => Outcome::Unknown(error),
        }
    }
}

/// The failure as the store's own error.
pub(super) fn failure(error: &Error, action: &'static str, place: &str) -> StoreError {
    StoreError::Api { action, place: place.to_owned(), why: words(error) }
}

/// A failure in words, every cause once.
pub(super) fn words(error: &Error) -> String {
    if let Error::Api(status) = error {
        return format!("{} ({})", status.message, status.code);
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(behind) = cause {
        let text = behind.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = behind.source();
    }
    words
}
