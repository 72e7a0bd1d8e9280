//! What front ends and the order book say to each other: commands, questions and their answers as bytes. Knows shapes only.
//!
//! Commands go in as the domain's, judged where they are executed. Answers come back as the JSON of the public API, told where
//! the state is: a front end passes it on unread, and no menu travels with an order.
mod answers;
pub mod book;
mod command;
mod query;
mod reply;

pub use query::{Filter, Found, Query};
pub use reply::Reply;

use crate::wire::{Coded, Garbled, Reader, decode, encode, encode_about, write_count};
use order::Command;

/// An ordinary order as JSON is shorter than this, in bytes.
const ORDER_BYTES: usize = 1_536;

/// JSON of the public API.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Json(pub Vec<u8>);

impl Json {
    /// The JSON of one of the API's shapes.
    pub fn of(shape: &impl serde::Serialize) -> Json {
        let mut json = Vec::with_capacity(ORDER_BYTES);
        serde_json::to_writer(&mut json, shape).expect("the API's shapes are texts, numbers and lists of them");
        Json(json)
    }
}

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl Coded for Json {
    fn write(&self, out: &mut Vec<u8>) {
        write_count(self.0.len(), out);
        out.extend_from_slice(&self.0);
    }
    fn read(input: &mut Reader<'_>) -> Result<Json, Garbled> {
        let count = input.count()?;
        Ok(Json(input.take(count)?.to_vec()))
    }
}

/// A command as bytes.
pub fn command_to_bytes(command: &Command) -> Vec<u8> {
    encode(command)
}

/// The command of these bytes.
///
/// # Errors
/// They are none that this build can read.
pub fn command_from_bytes(bytes: &[u8]) -> Result<Command, Garbled> {
    decode(bytes)
}

/// An answer to a command as bytes.
pub fn reply_to_bytes(reply: &Reply) -> Vec<u8> {
    encode_about(64 + ORDER_BYTES, reply)
}

/// The answer to a command of these bytes.
///
/// # Errors
/// They are none that this build can read.
pub fn reply_from_bytes(bytes: &[u8]) -> Result<Reply, Garbled> {
    decode(bytes)
}

/// A question as bytes.
pub fn query_to_bytes(query: &Query) -> Vec<u8> {
    encode(query)
}

/// The question of these bytes.
///
/// # Errors
/// They are none that this build can read.
pub fn query_from_bytes(bytes: &[u8]) -> Result<Query, Garbled> {
    decode(bytes)
}

/// An answer to a question as bytes.
pub fn found_to_bytes(found: &Found) -> Vec<u8> {
    encode(found)
}

/// The answer to a question of these bytes.
///
/// # Errors
/// They are none that this build can read.
pub fn found_from_bytes(bytes: &[u8]) -> Result<Found, Garbled> {
    decode(bytes)
}
