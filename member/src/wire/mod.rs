//! What is said on connections, and how it becomes bytes. Knows no socket.
//!
//! A frame is a `u32` length (little endian) and that many bytes of postcard. The first frame each way is the greeting;
//! after it a peer's connection carries `group::Message`s one way, from whoever opened it; a client's carries
//! `(number, Request)` one way and `(number, Told)` the other, number 0 being for what nobody asked for.
mod frame;
mod outbox;
mod snapshot;

pub(crate) use frame::{Broken, Frames, encode};
pub(crate) use outbox::Outbox;
pub(crate) use snapshot::{Piece, Pull};

use crate::answer::{Answer, Consistency, Cursor, History, Rejection};
use crate::handle::Report;
use bytes::Bytes;
use group::{Epoch, Fence, Peer, Pod, Status, View};
use serde::{Deserialize, Serialize};

/// The version of all that follows. Members of different versions refuse each other in words.
pub(crate) const PROTOCOL: u16 = 1;

/// Why somebody connects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Another member; it will send me its messages.
    Peer(Peer),
    /// A front end.
    Client,
    /// A controller: a client that wants to be told the status all the time.
    Controller,
    /// A member that wants my snapshot (C1).
    Snapshot(Peer),
}

/// The first frame of whoever opened the connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// `MAGIC`: anything else is a stranger who took the wrong port.
    pub(crate) magic: [u8; 4],
    /// `PROTOCOL`.
    pub(crate) protocol: u16,
    /// Who is meant: addresses are given to others, and then a stranger answers.
    pub(crate) to: Pod,
    /// Why.
    pub(crate) kind: Kind,
    /// A name for logs.
    pub(crate) name: String,
}

/// What a `Hello` begins with.
pub(crate) const MAGIC: [u8; 4] = *b"jhgm";

/// The first frame of whoever was called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Welcome {
    /// Come in; this is who I am.
    Peer(Peer),
    /// No, and why.
    Refused(String),
}

/// What a client asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Submit(Bytes),
    Read(Consistency, Bytes),
    Report,
    Log {
        after: Cursor,
        max: u32,
    },
    /// From here on tell me what is committed, under the number of this request.
    Subscribe {
        after: Option<Cursor>,
    },
    /// No more under that number.
    Unsubscribe {
        number: u64,
    },
    HandOver {
        to: Pod,
        epoch: Epoch,
    },
    PushView(View),
    /// Are you there?
    Ping,
    Fence(Fence),
}

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Told {
    Answer(Answer),
    Rejected(Rejection),
    Report(Box<Report>),
    /// What I am now: to controllers, unasked.
    Status(Box<Status>),
    History(History),
    /// Done, or passed on.
    Noted,
    /// A view was adopted.
    View(View),
    /// I lead and take requests.
    Serving(Epoch),
    /// I lead and take nothing new.
    Draining(Epoch),
    /// I do not lead, or no longer.
    NotPrimary {
        epoch: Epoch,
        primary: Option<Pod>,
    },
    /// I am there.
    Pong,
}
