//! What stands in the way, as told.
use crate::v1::issue::Issue;
use crate::v1::money::Money;
use crate::v1::time::Timestamp;
use order::issue::{Issue as Theirs, Value as Fact};
use serde_json::Value;
use std::borrow::Cow;

impl From<&Theirs> for Issue {
    fn from(issue: &Theirs) -> Issue {
        Issue {
            code: Cow::Borrowed(issue.code()),
            pointer: issue.pointer.clone(),
            detail: sentence(issue.code()),
            remedy: Some(issue.problem.remedy()),
            facts: issue.problem.values().into_iter().map(|(name, fact)| (name.to_owned(), value(fact))).collect(),
        }
    }
}

/// The code read aloud: `minimum_not_met` is `minimum not met`.
fn sentence(code: &str) -> String {
    code.replace('_', " ")
}

fn value(fact: Fact) -> Value {
    match fact {
        Fact::Number(number) => number.into(),
        Fact::Text(text) => text.into(),
        Fact::Texts(texts) => texts.into(),
        Fact::Money(money) => {
            let Money { amount, currency } = money.into();
            serde_json::json!({"amount": amount, "currency": currency})
        }
        Fact::Time(at_ms) => Timestamp::from_ms(at_ms).to_string().into(),
    }
}
