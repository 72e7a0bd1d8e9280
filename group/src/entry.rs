//! One entry of the log and the hash that chains it. Knows bytes, not what they mean, and not how they lie on a disk.
use crate::ids::{BootId, Epoch, Hash, Pod, Position, Seq, Wall};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One step of the group's history. Made by a primary, never changed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Epoch of the primary that made it.
    pub epoch: Epoch,
    /// Its number: one more than the entry before.
    pub seq: Seq,
    /// Chain hash of the entry before.
    pub prev_hash: Hash,
    /// Log time (T1) in ms since 1970; never falls.
    pub at: Wall,
    /// What happened.
    pub body: Body,
}

/// What an entry says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// A change of the application's state: its delta and whatever it needs to answer again.
    App(Bytes),
    /// A primary begins its reign (P3). The entries of this kind are the history of failovers.
    Start(Start),
    /// From here on entries may be written in this format (F1).
    Format(u16),
}

/// How a reign began.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Who leads.
    pub primary: Pod,
    /// Its process.
    pub boot: BootId,
    /// Who led before, if anyone did.
    pub previous: Option<Pod>,
    /// Why the primary changed and when that was suspected and decided.
    pub change: Change,
    /// When the new primary saw the view that names it, by its wall clock.
    pub seen_at: Wall,
}

/// A reign, as the committed log tells it. All reigns together are the history of failovers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reign {
    /// Its number.
    pub epoch: Epoch,
    /// Its first entry.
    pub seq: Seq,
    /// When that entry was made, by log time in ms since 1970: serving began.
    pub at: Wall,
    /// Who leads, who led before, why, and when that was suspected, decided and seen.
    pub start: Start,
}

/// Why a view names another primary, with the moments that led to it (wall clock of whoever decided).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The reason.
    pub cause: Cause,
    /// When the first sign was seen, ms since 1970.
    pub suspected_at: Wall,
    /// When the decision was taken, ms since 1970.
    pub decided_at: Wall,
}

/// Why a primary was replaced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The group's first primary (V2).
    Birth,
    /// Its connection was refused, or its process is another one.
    Died,
    /// Nothing was heard from it, and a second witness agreed.
    Silent,
    /// It answered, but committed nothing for too long.
    Stalled,
    /// Someone asked for another primary (H1).
    Asked,
    /// It left by plan (H1).
    Leaving,
    /// All members restarted (A1).
    Restarted,
    /// The view was lost and rebuilt, or a loss was forced (V3, U1).
    Rebuilt,
}

impl Entry {
    /// The chain hash up to and with this entry.
    pub fn hash(&self) -> Hash {
        let mut h = xxhash_rust::xxh3::Xxh3::new();
        for word in [self.prev_hash, self.seq, self.epoch.loss, self.epoch.number, self.at] {
            h.update(&word.to_le_bytes());
        }
        match &self.body {
            Body::App(bytes) => {
                h.update(b"A");
                h.update(bytes);
            }
            Body::Start(start) => {
                h.update(b"S");
                h.update(start.primary.as_str().as_bytes());
                h.update(&start.boot.0.to_le_bytes());
                h.update(start.previous.as_ref().map_or("", Pod::as_str).as_bytes());
                for word in [start.change.suspected_at, start.change.decided_at, start.seen_at] {
                    h.update(&word.to_le_bytes());
                }
                h.update(&[start.change.cause as u8]);
            }
            Body::Format(n) => {
                h.update(b"F");
                h.update(&n.to_le_bytes());
            }
        }
        h.digest()
    }
    /// Where this entry stands.
    pub fn position(&self) -> Position {
        Position { seq: self.seq, epoch: self.epoch, hash: self.hash() }
    }
    /// Roughly what it costs in memory and on the wire, in bytes.
    pub fn weight(&self) -> usize {
        64 + match &self.body {
            Body::App(bytes) => bytes.len(),
            Body::Start(_) => 128,
            Body::Format(_) => 2,
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:", self.seq, self.epoch)?;
        match &self.body {
            Body::App(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if text.len() < 40 => write!(f, "{text}"),
                _ => write!(f, "{} bytes", bytes.len()),
            },
            Body::Start(start) => write!(f, "start {}", start.primary),
            Body::Format(n) => write!(f, "format {n}"),
        }
    }
}
impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "start {} {:?}", self.primary, self.change.cause)
    }
}
