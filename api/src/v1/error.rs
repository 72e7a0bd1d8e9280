//! Everything that can go wrong, as callers see it: one table from stable words to status, title and whether to try again.
//! Knows no cause: who finds one picks the code.
use crate::v1::issue::Issue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use utoipa::ToSchema;

/// What the caller may do after an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// The same request fails again.
    No,
    /// Read afresh, decide, ask again.
    AfterReading,
    /// Repeat it as it is, with the same key, after this many seconds (`Retry-After`).
    Same {
        /// Seconds to wait.
        after_s: u32,
    },
}

macro_rules! errors {
    ($($(#[$doc:meta])+ $name:ident = $word:literal, $status:literal, $title:literal, $retry:expr;)+) => {
        /// A stable word for each thing that can go wrong.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ErrorCode { $($(#[$doc])+ $name,)+ }

        impl ErrorCode {
            /// All of them, in the table's order.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name),+];
            /// The stable word: `code` in the answer.
            pub fn word(self) -> &'static str { match self { $(ErrorCode::$name => $word,)+ } }
            /// The HTTP status.
            pub fn status(self) -> u16 { match self { $(ErrorCode::$name => $status,)+ } }
            /// A short sentence that is the same for every occurrence.
            pub fn title(self) -> &'static str { match self { $(ErrorCode::$name => $title,)+ } }
            /// What the caller may do.
            pub fn retry(self) -> Retry { match self { $(ErrorCode::$name => $retry,)+ } }
        }
    };
}

const SOON: Retry = Retry::Same { after_s: 1 };
const LATER: Retry = Retry::Same { after_s: 5 };

errors! {
    /// The body is not JSON (or not UTF-8).
    MalformedJson = "malformed_json", 400, "The body is not JSON", Retry::No;
    /// A query parameter or a part of the path is not what it should be.
    InvalidParameter = "invalid_parameter", 400, "A parameter is wrong", Retry::No;
    /// A header is not what it should be.
    InvalidHeader = "invalid_header", 400, "A header is wrong", Retry::No;
    /// An order needs an Idempotency-Key.
    KeyRequired = "idempotency_key_required", 400, "An Idempotency-Key is required", Retry::No;
    /// The key is too short, too long, or has characters that are not visible ASCII.
    KeyInvalid = "idempotency_key_invalid", 400, "The Idempotency-Key is not 16 to 128 visible ASCII characters", Retry::No;
    /// The cursor was not made by this service.
    CursorInvalid = "cursor_invalid", 400, "The cursor is not one of ours", Retry::No;
    /// Who asks may not do this.
    NotAllowed = "not_allowed", 403, "This is for someone else to do", Retry::No;
    /// There is no such path.
    NotFound = "not_found", 404, "There is nothing here", Retry::No;
    /// No restaurant has this id.
    RestaurantUnknown = "restaurant_unknown", 404, "There is no such restaurant", Retry::No;
    /// The restaurant has no menu.
    MenuUnknown = "menu_unknown", 404, "There is no menu", Retry::No;
    /// No item of the restaurant has this id.
    ItemUnknown = "item_unknown", 404, "There is no such item", Retry::No;
    /// No order has this id.
    OrderUnknown = "order_unknown", 404, "There is no such order", Retry::No;
    /// No courier has this id.
    CourierUnknown = "courier_unknown", 404, "There is no such courier", Retry::No;
    /// The postcode has the right form and does not exist.
    PostcodeUnknown = "postcode_unknown", 404, "There is no such postcode", Retry::No;
    /// The postcode existed once.
    PostcodeTerminated = "postcode_terminated", 404, "This postcode is no longer in use", Retry::No;
    /// An order has no such command.
    CommandUnknown = "command_unknown", 404, "There is no such command", Retry::No;
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "This method is not for this path", Retry::No;
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout", 408, "The request took too long to arrive", SOON;
    /// The order's stage does not allow the command.
    WrongStage = "wrong_stage", 409, "The order's stage does not allow this", Retry::AfterReading;
    /// The epoch is not the one expected.
    EpochChanged = "epoch_changed", 409, "The primary has changed", Retry::AfterReading;
    /// The controllers refused the change.
    ClusterRefused = "cluster_refused", 409, "The cluster does not allow this now", Retry::AfterReading;
    /// The key is older than the service remembers keys.
    KeyExpired = "key_expired", 410, "This Idempotency-Key is too old to be executed", Retry::No;
    /// `If-Match` names another version.
    VersionMismatch = "version_mismatch", 412, "It has changed since you read it", Retry::AfterReading;
    /// The body is larger than allowed.
    BodyTooLarge = "body_too_large", 413, "The body is too large", Retry::No;
    /// The body is not declared as JSON.
    UnsupportedMediaType = "unsupported_media_type", 415, "The body must be application/json", Retry::No;
    /// Fields are missing, unknown, of the wrong type, too long or out of range.
    InvalidBody = "invalid_body", 422, "The body is not what it should be", Retry::No;
    /// The key was used with another request.
    KeyReused = "idempotency_key_reused", 422, "This Idempotency-Key was used for another request", Retry::No;
    /// The restaurant cannot take the order as it is.
    OrderRefused = "order_refused", 422, "The order cannot be taken as it is", Retry::AfterReading;
    /// The command's content cannot be accepted.
    CommandRefused = "command_refused", 422, "The command cannot be carried out as it is", Retry::AfterReading;
    /// The menu contradicts itself.
    MenuRefused = "menu_refused", 422, "The menu cannot be taken as it is", Retry::No;
    /// The text does not have the form of a postcode.
    PostcodeInvalid = "postcode_invalid", 422, "This is not a postcode", Retry::No;
    /// `If-Match` is required.
    PreconditionRequired = "precondition_required", 428, "If-Match is required", Retry::AfterReading;
    /// Too much is going on.
    Overloaded = "overloaded", 429, "Too many requests at once", SOON;
    /// The request's headers are too large.
    HeadersTooLarge = "headers_too_large", 431, "The headers are too large", Retry::No;
    /// A defect of ours.
    Internal = "internal", 500, "Something is wrong on our side", LATER;
    /// The request was certainly not executed.
    NotExecuted = "not_executed", 503, "Not executed: nobody could take it", SOON;
    /// The request may or may not have been executed.
    OutcomeUnknown = "outcome_unknown", 503, "It is not known whether this was executed", SOON;
    /// As many keys are remembered as there may be.
    KeysFull = "idempotency_keys_full", 503, "Too many orders in too short a time", LATER;
    /// The service is about to stop.
    Stopping = "stopping", 503, "This front end is stopping", SOON;
    /// No replica or service that could answer is in reach.
    Unavailable = "unavailable", 503, "Nobody who could answer is in reach", SOON;
}

/// An error, as RFC 9457 has it: `application/problem+json`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A name for this kind of problem: `urn:just-hungry:` and the code.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// A short sentence that is the same for every occurrence.
    #[serde(default)]
    #[schema(value_type = String)]
    pub title: Cow<'static, str>,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What is wrong this time, and what to do.
    #[serde(default)]
    pub detail: String,
    /// The stable word.
    #[serde(default)]
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// Everything that stands in the way, all at once.
    #[serde(default)]
    pub issues: Vec<Issue>,
    /// Names this request in our logs.
    #[serde(default)]
    pub trace_id: String,
    /// More facts, by name: of a conflict `stage`, `version` and `allowed`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub facts: Map<String, Value>,
}

/// What `type` begins with.
pub const KIND: &str = "urn:just-hungry:";

impl Problem {
    /// A problem with this code.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("{KIND}{}", code.word()),
            title: Cow::Borrowed(code.title()),
            status: code.status(),
            detail: detail.into(),
            code: Cow::Borrowed(code.word()),
            ..Problem::default()
        }
    }
    /// The same with these issues.
    pub fn issues(mut self, issues: Vec<Issue>) -> Problem {
        self.issues = issues;
        self
    }
    /// The same with one more fact.
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
    /// The row of the table, if this build knows the word.
    pub fn known(&self) -> Option<ErrorCode> {
        ErrorCode::ALL.iter().copied().find(|code| code.word() == self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_is_its_own_and_fits_its_status() {
        let words: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.word()).collect();
        assert_eq!(words.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!((400..=599).contains(&code.status()), "{code:?}");
            let again = matches!(code.retry(), Retry::Same { .. });
            assert_eq!(again, matches!(code.status(), 408 | 429 | 500..), "{code:?}");
        }
    }

    #[test]
    fn a_problem_comes_back_as_it_went() {
        let problem = Problem::new(ErrorCode::WrongStage, "accepted already")
            .issues(vec![Issue::new("x", "/items/0", "no").remedy("do").fact("n", 1)])
            .fact("allowed", vec!["cancel"]);
        let json = serde_json::to_string(&problem).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
        assert_eq!(problem.known(), Some(ErrorCode::WrongStage));
    }
}
