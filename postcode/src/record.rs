//! Kept answers as bytes, for a file that outlives the process and for other adapters. The one place that knows this format.

mod file;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::chain::{Chain, Grounds, Resolution, Verdict};
use crate::code::Code;
use crate::country::Country;
use crate::grid::Position;
use crate::limits;
use crate::provider::Place;
use file::Change;

/// One kept answer. Unknown fields are ignored, so that an older program reads what a younger one wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    country: String,
    code: String,
    source: String,
    verdict: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<(f64, f64)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    building: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    fetched_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Found,
    NotFound,
    Terminated,
}

impl Record {
    /// An answer as a record; `None` if it says nothing.
    #[must_use]
    pub fn of(code: Code, resolution: &Resolution) -> Option<Record> {
        let (verdict, place) = match &resolution.verdict {
            Verdict::Found(place) => (Kind::Found, place.clone()),
            Verdict::NotFound => (Kind::NotFound, Place::default()),
            Verdict::Terminated => (Kind::Terminated, Place::default()),
            Verdict::Unresolved => return None,
        };
        Some(Record {
            country: code.country().as_str().to_owned(),
            code: code.to_string(),
            source: resolution.source.to_owned(),
            verdict,
            name: place.name,
            position: place.position.map(|position| (position.latitude, position.longitude)),
            building: place.is_building,
            addresses: place.addresses,
            fetched_ms: resolution.fetched_ms,
        })
    }

    /// The answer, if its source is of this chain and allows that it is kept. Its word counts as any provider's does:
    /// a place outside of its country is not taken over.
    #[must_use]
    pub fn resolve(self, chain: &Chain) -> Option<(Code, Resolution)> {
        let code = Code::parse(Country::parse(&self.country)?, &self.code).ok()?;
        let (source, terms) = chain.terms(&self.source, code).filter(|(_, terms)| terms.cacheable)?;
        let position = self.position.map(|(latitude, longitude)| Position { latitude, longitude });
        if position.is_some_and(|position| !code.country().contains(position)) {
            return None;
        }
        let short = |text: &String| text.chars().count() <= limits::TEXT_CHARS_MAX;
        if !self.name.iter().chain(&self.addresses).all(short) || self.addresses.len() > limits::ADDRESSES_MAX {
            return None;
        }
        let place = Place { name: self.name, position, is_building: self.building, addresses: self.addresses };
        let verdict = match self.verdict {
            Kind::Found => Verdict::Found(place),
            Kind::NotFound => Verdict::NotFound,
            Kind::Terminated => Verdict::Terminated,
        };
        let (fetched_ms, grounds) = (self.fetched_ms, Grounds::Inherited);
        Some((code, Resolution { verdict, source, terms, fetched_ms, grounds, steps: Vec::new() }))
    }
}

/// Writes down what the cache keeps, in a thread of its own. It is told and never waited for; what does not fit into its
/// queue is left out, for a cache may forget.
#[derive(Clone)]
pub struct Journal {
    changes: SyncSender<Change>,
}

/// The thread that writes.
pub struct Writer {
    changes: SyncSender<Change>,
    thread: JoinHandle<()>,
}

impl Journal {
    /// Opens the file, made if it is not there and made anew if it is not readable, and reads what is in it.
    ///
    /// # Errors
    /// If no file can be had at this place, or another process is using it.
    pub fn open(path: &Path) -> Result<(Journal, Writer, Vec<Record>), redb::Error> {
        let database = file::open(path)?;
        let records = file::read(&database)?;
        let (changes, told) = sync_channel(limits::JOURNAL_QUEUE_MAX);
        let thread = std::thread::Builder::new().name("cache file".into());
        let thread = thread.spawn(move || file::write(&database, &told)).map_err(redb::Error::Io)?;
        Ok((Journal { changes: changes.clone() }, Writer { changes, thread }, records))
    }

    pub(crate) fn keep(&self, code: Code, resolution: &Arc<Resolution>) {
        if let Some(record) = Record::of(code, resolution) {
            let _full_or_gone = self.changes.try_send(Change::Keep(code, Box::new(record)));
        }
    }

    pub(crate) fn forget(&self, code: Code) {
        let _full_or_gone = self.changes.try_send(Change::Forget(code));
    }
}

impl Writer {
    /// Waits until everything is written that was told so far.
    pub fn finish(self) {
        let _gone = self.changes.send(Change::End);
        if self.thread.join().is_err() {
            warn!("the thread of the cache's file came to a bad end");
        }
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
