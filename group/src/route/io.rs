//! What can happen at a front end, and what it can be told to do. Plain data.
use crate::ids::{Epoch, Pod, Time};
use crate::view::View;
use bytes::Bytes;

/// Who may answer a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// The primary; it may have an effect.
    Write,
    /// The primary; it has no effect.
    Read,
    /// Any member; it has no effect.
    Any,
}

/// Something that happened at the front end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A caller wants this answered.
    Request {
        /// The caller's number for it; must grow.
        ticket: u64,
        /// Who may answer.
        demand: Demand,
        /// What to send, the idempotency key inside.
        bytes: Bytes,
    },
    /// The caller is gone.
    Forget {
        /// Its request.
        ticket: u64,
    },
    /// A member answered.
    Answered {
        /// Which request.
        ticket: u64,
    },
    /// This member did nothing about the request, because it holds too much.
    Busy {
        /// Who.
        from: Pod,
        /// Which request.
        ticket: u64,
    },
    /// This member does not lead and did nothing about the request (if one is named).
    NotPrimary {
        /// Who.
        from: Pod,
        /// Which request.
        ticket: Option<u64>,
        /// The epoch it knows.
        epoch: Epoch,
        /// Whom it believes to lead.
        primary: Option<Pod>,
    },
    /// This member leads but takes nothing new (H1), and did nothing about the request (if one is named).
    Draining {
        /// Who.
        from: Pod,
        /// Which request.
        ticket: Option<u64>,
        /// Its epoch.
        epoch: Epoch,
    },
    /// This member leads and takes requests, perhaps again.
    Serving {
        /// Who.
        from: Pod,
        /// Its epoch.
        epoch: Epoch,
    },
    /// A view, pushed by a member or seen in the store. May be old.
    View(View),
    /// There is a connection to this member.
    Up(Pod),
    /// There is none; what was sent on the last one may or may not have arrived.
    Down {
        /// Who.
        pod: Pod,
        /// Whether its port refuses connections.
        refused: bool,
    },
    /// Some time has passed.
    Tick,
}

/// Something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this to this member.
    Send {
        /// To whom.
        to: Pod,
        /// Which request.
        ticket: u64,
        /// The bytes that the caller gave.
        bytes: Bytes,
    },
    /// Give the caller the answer that just came: the first one.
    Deliver {
        /// Which request.
        ticket: u64,
    },
    /// Give up a request.
    Fail {
        /// Which request.
        ticket: u64,
        /// What the caller must be told.
        failure: Failure,
    },
    /// Tell the controllers: the connection to the primary is gone.
    Suspect {
        /// The primary.
        pod: Pod,
        /// The epoch it is believed to lead.
        epoch: Epoch,
        /// Whether its port refuses connections.
        refused: bool,
    },
}

/// What is certain about a request that was given up (E4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// It had no effect: as many requests wait as may wait, so it was not taken.
    Full,
    /// It had no effect: nobody took it in time.
    NotExecuted,
    /// It may have had its effect.
    OutcomeUnknown,
}

/// What a request has been through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Course {
    /// When it came.
    pub since: Time,
    /// When it was last sent; when it came, if it never was.
    pub sent_at: Time,
    /// How often it was sent.
    pub tries: u32,
}
