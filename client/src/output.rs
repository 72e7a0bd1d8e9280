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
