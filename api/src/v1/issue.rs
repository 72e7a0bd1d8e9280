//! One thing that stands in the way of a request, and what would remove it. Knows words, not rules.
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use utoipa::ToSchema;

/// One thing that stands in the way.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Issue {
    /// A stable word, like `item_unavailable`.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// JSON pointer into the request's body; empty for the request as a whole.
    #[serde(default)]
    pub pointer: String,
    /// What is wrong, for people.
    #[serde(default)]
    pub detail: String,
    /// What would make it succeed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The facts behind it, by name: `next_open_at`, `suggestions`, `additional_spend_required` …
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub facts: Map<String, Value>,
}

impl Issue {
    /// An issue with this code at this place.
    pub fn new(code: &'static str, pointer: impl Into<String>, detail: impl Into<String>) -> Issue {
        Issue { code: Cow::Borrowed(code), pointer: pointer.into(), detail: detail.into(), ..Issue::default() }
    }
    /// The same with what would make it succeed.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Issue {
        self.remedy = Some(remedy.into());
        self
    }
    /// The same with one more fact.
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Issue {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
}
