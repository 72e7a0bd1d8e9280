//! Everything that can end a command early, carrying the values a person needs. Knows no exit codes and prints nothing.

use std::io;
use std::path::{Path, PathBuf};

use api::v1::error::Problem;

use crate::problem;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("{what} {path}: {source}", path = path.display())]
    Local { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{}", problem::text(_0))]
    Refused(Box<Problem>),
    #[error(
        "unavailable: {what}\nNothing was executed; try again, or check that `jh up` runs and --endpoint is right."
    )]
    Unavailable { what: String },
    #[error("answer not understood: {what}\nIs --endpoint the front end of Just Hungry?")]
    Garbled { what: String },
    #[error("outcome unknown: {what}{}", unknown_hint(key.as_deref()))]
    Unknown { what: String, key: Option<String> },
    #[error("{0}")]
    Wrong(String),
    #[error("the reader of our output has gone")]
    PipeClosed,
}

fn unknown_hint(key: Option<&str>) -> String {
    match key {
        Some(key) => format!("\nIt may or may not have been executed. The same key ({key}) makes repeating it safe."),
        None => "\nIt may or may not have been executed; look before repeating it.".to_owned(),
    }
}

impl Failure {
    /// A failed call on a local file or directory; `what` is a verb, such as "write".
    pub(crate) fn local(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
        let path = path.to_owned();
        move |source| Failure::Local { what, path, source }
    }
}
