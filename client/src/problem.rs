//! A refusal (RFC 9457 problem details) as a person reads it. Knows no HTTP client.

use std::fmt::Write;

use api::v1::error::Problem;
use api::v1::issue::Issue;

use crate::output::plain;

/// Text of a page that is no problem document is shown up to here.
const PAGE_BYTES_SHOWN: usize = 200;

/// Reads an error answer. A body that is no problem document (a proxy's page) still gives its status and text.
pub(crate) fn read(status: u16, body: &[u8]) -> Problem {
    let unknown = || Problem {
        title: "refused".into(),
        detail: String::from_utf8_lossy(&body[..body.len().min(PAGE_BYTES_SHOWN)]).into_owned(),
        ..Problem::default()
    };
    let problem: Problem = serde_json::from_slice(body).unwrap_or_else(|_| unknown());
    Problem { status, ..problem }
}

/// The refusal with all its issues and what would remove each.
pub(crate) fn text(problem: &Problem) -> String {
    let Problem { title, status, detail, code, issues, facts, .. } = problem;
    let mut text = format!("{title} ({status}");
    if !code.is_empty() {
        text = format!("{text}, {code}");
    }
    text.push(')');
    if !detail.is_empty() {
        text = format!("{text}: {detail}");
    }
    issues.iter().for_each(|issue| write!(text, "\n  - {}", issue_text(issue)).expect("a string takes all text"));
    facts
        .iter()
        .for_each(|(name, value)| write!(text, "\n  {name}: {}", plain(value)).expect("a string takes all text"));
    text
}

/// One issue, with its place, its facts and its remedy.
pub(crate) fn issue_text(issue: &Issue) -> String {
    let Issue { code, pointer, detail, remedy, facts } = issue;
    let mut text = code.to_string();
    if !pointer.is_empty() {
        text = format!("{text} at {pointer}");
    }
    if !detail.is_empty() {
        text = format!("{text}: {detail}");
    }
    if !facts.is_empty() {
        let facts: Vec<String> = facts.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect();
        text = format!("{text} ({})", facts.join("; "));
    }
    match remedy {
        Some(remedy) => format!("{text}\n    → {remedy}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_prints_all_issues_with_their_facts_and_remedies() {
        let body = br#"{"title":"Order refused","code":"order_refused","status":422,"trace_id":"t","allowed":["cancel"],"issues":[
            {"code":"item_unknown","pointer":"/items/0/item","detail":"no such item","remedy":"see the menu"},
            {"code":"minimum_not_met","remedy":"add 3.50 GBP","additional_spend_required":350}]}"#;
        let text = text(&read(422, body));
        let parts =
            ["422", "item_unknown at /items/0/item: no such item", "see the menu", "(additional_spend_required: 350)"];
        for part in parts.iter().chain(&["add 3.50", "allowed: cancel"]) {
            assert!(text.contains(part), "{part:?} is missing in {text}");
        }
    }

    #[test]
    fn a_page_that_is_no_problem_document_keeps_its_status() {
        let problem = read(502, b"<html>bad gateway</html>");
        assert_eq!(problem.status, 502);
        assert!(text(&problem).contains("bad gateway"));
    }
}
