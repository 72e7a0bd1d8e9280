//! What may be said to an order once it is placed: the bodies of the commands. Knows shapes, not who may say it when.
use crate::v1::place::Address;
use crate::v1::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of `accept`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// When the food will be ready; absent: after the restaurant's usual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_by: Option<Timestamp>,
    /// The same, in minutes from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_in_minutes: Option<u32>,
}

/// The body of `reject`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// `busy`, `closing_early`, `item_unavailable`, `too_far`, `no_courier` or `other`.
    pub reason: String,
    /// Which items, where the reason is `item_unavailable`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
}

/// The body of `cancel`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Why: `changed_mind`, `delivery_too_long`, `made_mistake` … (each party has its list); absent: `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who cancels; absent: the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Party>,
}

/// Who says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Who ordered.
    Customer,
    /// Who cooks.
    Restaurant,
    /// Who brings it.
    Courier,
    /// Who runs the service.
    Operator,
}

/// The body of `delay`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// When the food will be ready instead; later than before.
    pub ready_by: Timestamp,
}

/// The body of `claim`, `assign`, `arrive`, `pick_up` and `deliver`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByCourier {
    /// The courier's id. `claim` and `assign` need it; the others take the one assigned where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
}

/// The body of `fail`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// Why it could not be delivered.
    pub reason: String,
    /// The courier's id; where absent, the one assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
}

/// The body of `redeliver`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeliver {
    /// Another address; absent: the same again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_to: Option<Address>,
}

/// The body of `hand_over`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The short code the customer shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The body of commands that need none: empty, or `{}`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl From<Party> for order::stage::Role {
    fn from(party: Party) -> order::stage::Role {
        match party {
            Party::Customer => order::stage::Role::Customer,
            Party::Restaurant => order::stage::Role::Restaurant,
            Party::Courier => order::stage::Role::Courier,
            Party::Operator => order::stage::Role::Ops,
        }
    }
}
