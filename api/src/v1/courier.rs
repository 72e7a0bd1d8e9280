//! Couriers on the wire. Knows shapes only.
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One courier.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Courier {
    /// The courier's id.
    pub id: String,
    /// Whether orders may be assigned.
    pub on_duty: bool,
    /// The orders assigned and not yet delivered.
    pub orders: Vec<String>,
}

/// The body of `PUT /v1/couriers/{id}/duty`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// Whether orders may be assigned from now on.
    pub on_duty: bool,
}
