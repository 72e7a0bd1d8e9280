//! What subscribers are told: one change of one order. Knows the data of an event; the stream's framing is HTTP's business.
use crate::v1::order::Stage;
use crate::v1::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The `data` of a server-sent event. Its `id` is an opaque cursor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OrderEvent {
    /// The order's id.
    pub order: String,
    /// The order's version after the change.
    pub version: u64,
    /// The order's stage after the change.
    pub stage: Stage,
    /// When, by log time.
    pub at: Timestamp,
    /// What happened: `order.placed`, `order.accepted`, `order.courier_assigned` …
    pub event: String,
}

/// The name of an event that carries an [`OrderEvent`].
pub const ORDER: &str = "order";
/// The name of the event that says: events were missed, or the history is another one; read afresh, then go on from
/// the event's id.
pub const RESET: &str = "reset";

/// The `data` of a `reset` event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reset {
    /// `too_old`: the events after the cursor are no longer kept. `other_history`: a loss was accepted since.
    pub reason: String,
}
