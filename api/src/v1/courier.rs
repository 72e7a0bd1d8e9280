//! Couriers on the wire. Knows shapes only.
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A courier's day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Courier {
    /// The courier's id.
    pub id: String,
    /// The orders that are this courier's and not yet delivered.
    pub orders: Vec<String>,
    /// The oldest orders that wait for a courier to claim them.
    pub open: Vec<String>,
}
