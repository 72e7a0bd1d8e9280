//! What a source of postcodes is: the interface that every outside service and the embedded pack have in common, and the
//! kinds of answers. Knows no service by name, no cache and no HTTP.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::code::Code;
use crate::grid::Position;
use crate::pace::Pace;

/// A source of postcodes.
pub trait Provider: Send + Sync {
    /// The name that provenance and metrics show.
    fn name(&self) -> &'static str;

    /// Whether it can know this postcode at all, by its country and class. Others are not asked for it.
    fn covers(&self, code: Code) -> bool;

    /// What it asks of those who use its answers about this postcode.
    fn terms(&self, code: Code) -> Terms;

    /// How often it may be asked.
    fn pace(&self) -> Pace {
        Pace::free()
    }

    /// What is sent to it about this postcode, in one line and without any key.
    fn request(&self, code: Code) -> String;

    /// Asks it once. Only the postcode leaves. Gives up by itself at the deadline at the latest.
    fn lookup(&self, code: Code, deadline: Deadline) -> BoxFuture<'_, Reply>;
}

/// What came back from asking once.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What it means.
    pub outcome: Outcome,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
}

impl From<Outcome> for Reply {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, status: None }
    }
}

/// What may be done with a provider's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether answers may be kept, and keeping them is worth it.
    pub cacheable: bool,
    /// Lines to be shown beside answers.
    pub attribution: &'static [&'static str],
    /// For data that came with the program: its day, in ms since 1970. Such a provider answers at once and without
    /// the network, and its word is there even when time is up.
    pub embedded_ms: Option<u64>,
}

/// How a provider's answer is to be read, whatever its status codes and bodies looked like.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is live, and this is its place.
    Found(Place),
    /// The provider works and does not know it.
    NotFound,
    /// It was live once.
    Terminated,
    /// The provider says this is no postcode.
    Invalid,
    /// Asked too often; to be asked again after this time, if the provider said so.
    RateLimited(Option<Duration>),
    /// Our key is missing or wrong: repeating cannot help.
    Unauthorised,
    /// Our quota is used up: repeating cannot help today.
    Exhausted,
    /// It failed in a way that may pass: no connection, no answer in time, an error of its own.
    Transient,
    /// It answered something that is not an answer.
    Malformed,
}

impl Outcome {
    /// The word that metrics and logs use.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::NotFound => "not_found",
            Self::Terminated => "terminated",
            Self::Invalid => "invalid",
            Self::RateLimited(_) => "rate_limited",
            Self::Unauthorised => "unauthorised",
            Self::Exhausted => "exhausted",
            Self::Transient => "transient",
            Self::Malformed => "malformed",
        }
    }
}

/// Where a postcode is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// What it is called: in Britain the local authority district, elsewhere the town.
    pub name: Option<String>,
    /// The middle of its addresses, if it is known.
    pub position: Option<Position>,
    /// Whether the position is of one building and not of a whole postcode.
    pub is_building: bool,
    /// The addresses there, from services that know them.
    pub addresses: Vec<String>,
}

/// The moment by which an answer must be there. It is handed down, so every layer knows what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Now: only what needs no waiting can still answer.
    #[must_use]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// The same moment, or so long from now if that is earlier.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        self.min(Self::after(time))
    }

    /// The moment.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.0 <= Instant::now()
    }
}
