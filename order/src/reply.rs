//! What a command answers. Knows no HTTP; one table elsewhere turns these into it.

use std::sync::Arc;

use crate::id::{OrderId, Slug};
use crate::issue::Issue;
use crate::restaurant::Restaurant;
use crate::stage::{Role, Stage};
use crate::transitions::{EventKind, Verb};
use crate::view::OrderView;

/// The answer to a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// The order is placed: shown as it was placed, also when the same key and request come again.
    Placed {
        /// The order.
        order: OrderView,
        /// Whether this repeats an earlier answer.
        replayed: bool,
    },
    /// The order has moved, or need not.
    Moved {
        /// The order as it is.
        order: OrderView,
        /// What happened; none if what was asked holds already.
        event: Option<EventKind>,
        /// Whether the same key and request came before.
        replayed: bool,
    },
    /// The restaurant has changed, or need not.
    Restaurant {
        /// The restaurant as it is.
        restaurant: Arc<Restaurant>,
        /// Whether this call made it.
        created: bool,
        /// Whether the same key and request came before.
        replayed: bool,
    },
    /// Maintenance is done.
    Done,
    /// Nothing was changed, and why.
    Refused(Refusal),
}

/// Why nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The request is wrong: everything that is, at once.
    Issues(Vec<Issue>),
    /// There is no such order.
    NoOrder(OrderId),
    /// There is no such restaurant.
    NoRestaurant(Slug),
    /// This actor may not.
    Forbidden {
        /// What they asked.
        verb: Option<Verb>,
        /// Who may.
        who: Vec<Role>,
    },
    /// Not in this stage.
    Conflict {
        /// The order's stage.
        stage: Stage,
        /// The order's version.
        version: u32,
        /// What this role may ask of it instead.
        allowed: Vec<Verb>,
        /// What stands in the way.
        why: Obstacle,
    },
    /// The caller's version is not the current one.
    PreconditionFailed {
        /// The current one.
        version: u32,
    },
    /// Placing needs a key.
    KeyRequired,
    /// The key was used for another request.
    KeyReused,
    /// The key is so old that it may have been used and forgotten.
    KeyExpired {
        /// When it was made, ms since 1970.
        made_at_ms: u64,
    },
    /// A bound is reached; nothing is forgotten to make room.
    Busy(Bound),
}

/// What stands in the way of a move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// The stage or the leg of its delivery.
    Stage,
    /// The deadline to answer has passed.
    Late,
    /// The timer is not due.
    Early,
    /// It has been done as often as it may.
    Often,
}

/// A bound that can be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// Orders held in memory.
    Orders,
    /// Keys remembered.
    Keys,
    /// Restaurants.
    Restaurants,
    /// Menu revisions that orders still refer to.
    MenuRevisions,
}

impl Obstacle {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Obstacle::Stage => "the order is not in a stage for this",
            Obstacle::Late => "the time to answer is over",
            Obstacle::Early => "its time has not come",
            Obstacle::Often => "this has been done as often as it may",
        }
    }
}

impl Bound {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Bound::Orders => "orders held in memory",
            Bound::Keys => "idempotency keys remembered",
            Bound::Restaurants => "restaurants",
            Bound::MenuRevisions => "menu revisions still referred to",
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Reply {
        Reply::Refused(refusal)
    }
}
