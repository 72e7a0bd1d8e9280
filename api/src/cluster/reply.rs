//! Answers to commands, as they travel: what HTTP needs to know, and the JSON that was told where the state is.
use crate::cluster::Json;
use crate::wire::coded_enum;
use order::OrderId;

/// The answer to a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// An order was placed or moved, or need not be.
    Order {
        /// Which.
        id: OrderId,
        /// Its version, as told.
        version: u32,
        /// Whether the command placed it.
        placed: bool,
        /// Whether the same key and request came before.
        replayed: bool,
        /// The order ([`crate::v1::order::Order`]).
        json: Json,
    },
    /// A restaurant or its menu was changed, or need not be.
    Restaurant {
        /// Its version, or its menu's revision, as told.
        version: u32,
        /// Whether the command made it.
        created: bool,
        /// Whether the same key and request came before.
        replayed: bool,
        /// The restaurant ([`crate::v1::restaurant::Restaurant`]).
        json: Json,
    },
    /// Maintenance is done.
    Done,
    /// Nothing was changed, and why ([`crate::v1::error::Problem`]).
    Refused(Json),
}

coded_enum!(Reply {
    0 => Order { id, version, placed, replayed, json },
    1 => Restaurant { version, created, replayed, json },
    2 => Done,
    3 => Refused(json),
});
