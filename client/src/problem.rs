//! A refusal as the API words it (RFC 9457 problem details), and as a person reads it. Knows no HTTP client.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// The body of an `application/problem+json` answer. Fields this client does not know are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) title: String,
    pub(crate) detail: Option<String>,
    pub(crate) code: String,
    pub(crate) issues: Vec<Issue>,
    /// Of a conflict: the stage the order is in.
    pub(crate) stage: Option<String>,
    /// Of a conflict: the version the order has.
    pub(crate) version: Option<u64>,
    /// Of a conflict: what may be done instead.
    pub(crate) allowed: Vec<String>,
}

/// One thing that stands in the way, and what would remove it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Issue {
    pub(crate) code: String,
    /// JSON pointer into the request body; empty for the request as a whole.
    pub(crate) pointer: String,
    pub(crate) detail: Option<String>,
    pub(crate) remedy: Option<String>,
}

impl Problem {
    /// Reads an error answer. A body that is no problem document (a proxy's page) still gives its status and text.
    pub(crate) fn read(status: u16, body: &[u8]) -> Problem {
        let mut problem = serde_json::from_slice::<Value>(body)
            .ok()
            .and_then(|value| serde_json::from_value::<Problem>(value).ok())
            .unwrap_or_else(|| Problem {
                detail: Some(String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned()),
                ..Problem::default()
            });
        problem.status = status;
        problem
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = if self.title.is_empty() { "refused" } else { &self.title };
        write!(f, "{title} ({}", self.status)?;
        if !self.code.is_empty() {
            write!(f, ", {}", self.code)?;
        }
        write!(f, ")")?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        for issue in &self.issues {
            write!(f, "\n  - {issue}")?;
        }
        if let Some(stage) = &self.stage {
            write!(f, "\n  the order is {stage}")?;
            if let Some(version) = self.version {
                write!(f, ", version {version}")?;
            }
        }
        if !self.allowed.is_empty() {
            write!(f, "\n  allowed from here: {}", self.allowed.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.pointer.is_empty() {
            write!(f, " at {}", self.pointer)?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "\n    → {remedy}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_prints_all_issues_with_their_remedies() {
        let body = br#"{"title":"Order refused","code":"order_refused","status":422,"extra":1,"issues":[
            {"code":"item_unknown","pointer":"/items/0/item","detail":"no such item","remedy":"see the menu"},
            {"code":"minimum_not_met","remedy":"add 3.50 GBP"}]}"#;
        let text = Problem::read(422, body).to_string();
        for part in
            ["422", "item_unknown at /items/0/item: no such item", "see the menu", "minimum_not_met", "add 3.50"]
        {
            assert!(text.contains(part), "{part:?} is missing in {text}");
        }
    }

    #[test]
    fn a_page_that_is_no_problem_document_keeps_its_status() {
        let problem = Problem::read(502, b"<html>bad gateway</html>");
        assert_eq!(problem.status, 502);
        assert!(problem.to_string().contains("bad gateway"));
    }
}
