//! What executing a command changes: whole records as they are afterwards (W5), keys of those that go, and events. Applying one twice is applying it once.

use std::sync::Arc;

use crate::id::{OrderId, RestaurantNumber, Slug};
use crate::left::Left;
use crate::menu::MenuRevision;
use crate::order::Order;
use crate::promise::Secret;
use crate::restaurant::{Availability, Restaurant};
use crate::stage::Stage;
use crate::transitions::EventKind;

/// What a command changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Delta {
    /// Records as they are afterwards.
    pub puts: Vec<Record>,
    /// Records that are gone afterwards.
    pub deletes: Vec<RecordKey>,
    /// What to tell subscribers.
    pub events: Vec<Event>,
}

/// A record of the state.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// What the whole book knows.
    Book(Book),
    /// A restaurant.
    Restaurant(Arc<Restaurant>),
    /// A menu revision.
    Menu(Arc<MenuRevision>),
    /// What is to be had of an item or option.
    Availability {
        /// Whose.
        restaurant: RestaurantNumber,
        /// Of what.
        name: Slug,
        /// How much.
        availability: Availability,
    },
    /// The key of a command that placed no order.
    Key {
        /// Its hash in its scope.
        hash: u128,
        /// What it did.
        record: KeyRecord,
    },
    /// An order.
    Order(Arc<Order>),
}

/// The name of a record. Records are walked in the order of these, so one of them is also the cursor of a snapshot.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RecordKey {
    /// The one book.
    Book,
    /// A restaurant by its number.
    Restaurant(RestaurantNumber),
    /// A menu by its restaurant and revision.
    Menu(RestaurantNumber, u32),
    /// Availability by restaurant and name.
    Availability(RestaurantNumber, Slug),
    /// A key by its hash.
    Key(u128),
    /// An order by its id.
    Order(OrderId),
}

/// What the whole book knows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Book {
    /// Keys of orders placed before this (ms since 1970) are forgotten once the order is over.
    pub keys_trimmed_before_ms: u64,
    /// Outages so far.
    pub outages_seen: u32,
    /// The last ones, oldest first.
    pub outages: Vec<Outage>,
    /// What quotes are signed with; none before the first primary drew it.
    pub secret: Option<Secret>,
}

/// A time in which nobody could be served.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Outage {
    /// 1 for the first.
    pub number: u32,
    /// Its beginning, ms since 1970.
    pub from_ms: u64,
    /// Its end.
    pub to_ms: u64,
}

/// What a key of a command that placed no order stands for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyRecord {
    /// The hash of the request.
    pub fingerprint: u128,
    /// When it was executed, ms since 1970.
    pub at_ms: u64,
    /// On what.
    pub subject: Subject,
}

/// What a command was about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// An order, and what the command left of it.
    Order(OrderId, Box<Left>),
    /// A restaurant or its menu.
    Restaurant(RestaurantNumber),
}

/// Something that happened to an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Event {
    /// Which order.
    pub order: OrderId,
    /// The order's version after it; with the order's id it names the event.
    pub version: u32,
    /// The order's stage after it.
    pub stage: Stage,
    /// When, ms since 1970.
    pub at_ms: u64,
    /// What.
    pub kind: EventKind,
}

impl Record {
    /// Its name.
    pub fn key(&self) -> RecordKey {
        match self {
            Record::Book(_) => RecordKey::Book,
            Record::Restaurant(restaurant) => RecordKey::Restaurant(restaurant.number),
            Record::Menu(menu) => RecordKey::Menu(menu.restaurant, menu.revision),
            Record::Availability { restaurant, name, .. } => RecordKey::Availability(*restaurant, name.clone()),
            Record::Key { hash, .. } => RecordKey::Key(*hash),
            Record::Order(order) => RecordKey::Order(order.id),
        }
    }
}
