//! What the log and snapshots hold: deltas and records of order's state as bytes. Knows how they are written, not what they mean.
//!
//! A delta begins with its events, so that a front end that follows the log reads those and nothing more.
mod basics;
mod menu;
mod order_record;
mod restaurant;

use crate::wire::{Coded, Garbled, Reader, coded, coded_enum, decode, encode, encode_about};
use order::delta::{Book, Delta, Event, KeyRecord, Outage, Record, RecordKey, Subject};
use order::left::Left;

/// An ordinary record is shorter than this, in bytes.
pub const RECORD_BYTES: usize = 320;

coded!(Event { order, version, stage, at_ms, kind });
coded!(Outage { number, from_ms, to_ms });
coded!(Book { keys_trimmed_before_ms, outages_seen, outages, secret });
coded!(KeyRecord { fingerprint, at_ms, subject });
coded!(Left { version, due_ms, outages, ready_after_ms, leg, rare });
coded_enum!(Subject { 0 => Order(order, left), 1 => Restaurant(number) });
coded_enum!(Record {
    0 => Book(book),
    1 => Restaurant(restaurant),
    2 => Menu(menu),
    3 => Availability { restaurant, name, availability },
    4 => Key { hash, record },
    5 => Order(order),
});
coded_enum!(RecordKey {
    0 => Book,
    1 => Restaurant(number),
    2 => Menu(number, revision),
    3 => Availability(number, name),
    4 => Key(hash),
    5 => Order(id),
});

impl Coded for Delta {
    fn write(&self, out: &mut Vec<u8>) {
        let Delta { puts, deletes, events } = self;
        events.write(out);
        puts.write(out);
        deletes.write(out);
    }
    fn read(input: &mut Reader<'_>) -> Result<Delta, Garbled> {
        let events = Coded::read(input)?;
        Ok(Delta { puts: Coded::read(input)?, deletes: Coded::read(input)?, events })
    }
}

/// A delta as an entry's body.
pub fn delta_to_bytes(delta: &Delta) -> Vec<u8> {
    encode(delta)
}

/// The delta of an entry's body.
///
/// # Errors
/// The bytes are no delta that this build can read.
pub fn delta_from_bytes(bytes: &[u8]) -> Result<Delta, Garbled> {
    decode(bytes)
}

/// The events of an entry's body alone.
///
/// # Errors
/// The bytes do not begin as a delta does that this build can read.
pub fn events_from_bytes(bytes: &[u8]) -> Result<Vec<Event>, Garbled> {
    crate::wire::decode_first(bytes)
}

/// Records as a piece of a snapshot.
pub fn slice_to_bytes(records: &Vec<Record>) -> Vec<u8> {
    encode_about(64 + records.len() * RECORD_BYTES, records)
}

/// The records of a piece of a snapshot.
///
/// # Errors
/// The bytes are no such piece.
pub fn slice_from_bytes(bytes: &[u8]) -> Result<Vec<Record>, Garbled> {
    decode(bytes)
}

/// Where the next piece of a snapshot begins.
pub fn place_to_bytes(next: &RecordKey) -> Vec<u8> {
    encode(next)
}

/// The same, read.
///
/// # Errors
/// The bytes are no such place.
pub fn place_from_bytes(bytes: &[u8]) -> Result<RecordKey, Garbled> {
    decode(bytes)
}
