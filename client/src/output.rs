//! Where words go: data to standard output, talk to standard error. Knows the format asked for, not the API.

use std::io::{self, Write};

use serde_json::Value;

use crate::config::Format;
use crate::failure::Failure;
use crate::table::Table;

/// The one way to print data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Out {
    format: Format,
}

impl Out {
    pub(crate) fn new(format: Format) -> Out {
        Out { format }
    }

    /// Prints an answer: as it came where JSON is asked for, else as `text` makes it readable.
    pub(crate) fn answer(self, json: &Value, text: impl FnOnce() -> Result<String, Failure>) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.line(&format!("{json:#}")),
            Format::Table => self.line(text()?.trim_end_matches('\n')),
        }
    }

    /// Prints one event of a stream: a line of JSON or a line of text.
    pub(crate) fn event(self, json: &Value, text: &str) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.line(&json.to_string()),
            Format::Table => self.line(text),
        }
    }

    fn line(self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::PipeClosed,
            _ => Failure::local("write", "standard output".as_ref())(error),
        })
    }
}

/// Says something to the person at the terminal. A closed standard error must not end a command half-way.
pub(crate) fn talk(text: &str) {
    let _gone = writeln!(io::stderr().lock(), "{text}");
}

/// A table of rows, or a sentence where there are none.
pub(crate) fn rows(table: Table, none: &str) -> String {
    if table.is_empty() { none.to_owned() } else { table.to_string() }
}

/// Every field on a line of its own, for answers that no table fits.
pub(crate) fn facts(json: &Value) -> String {
    indented(json, 0)
}

fn indented(json: &Value, depth: usize) -> String {
    let Value::Object(fields) = json else { return format!("{}\n", plain(json)) };
    let indent = "  ".repeat(depth);
    let line = |(name, value): (&String, &Value)| match value {
        Value::Object(_) => format!("{indent}{name}:\n{}", indented(value, depth + 1)),
        Value::Null => String::new(),
        other => format!("{indent}{name}: {}\n", plain(other)),
    };
    fields.iter().map(line).collect()
}

/// A value as a person reads it: texts without quotes, lists with commas.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn facts_are_read_line_by_line() {
        let json = json!({"postcode": "DH1 3LE", "place": {"lat": 54.7, "county": null}, "in_sync": ["a", "b"]});
        assert_eq!(facts(&json), "in_sync: a, b\nplace:\n  lat: 54.7\npostcode: DH1 3LE\n");
    }
}
