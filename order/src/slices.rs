//! Walks the state in slices, for snapshots taken while it changes (W5), and for its digest. Knows no encoding.

use std::hash::{Hash, Hasher};
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use crate::delta::{Record, RecordKey};
use crate::id::{OrderId, RestaurantNumber, Slug};
use crate::order::Order;
use crate::state::State;

impl State {
    /// The next records after a cursor (none: from the start), in the order of their keys, and the cursor to go on
    /// from; none when the walk is over.
    ///
    /// Slices may be taken at different times. Together with all deltas executed since the first one they make up the
    /// state after the last of those deltas.
    pub fn slice(&self, after: Option<&RecordKey>, max_records: usize) -> (Vec<Record>, Option<RecordKey>) {
        let max_records = max_records.max(1);
        let records: Vec<Record> = self.records(after).take(max_records).collect();
        let more = records.len() == max_records;
        let cursor = if more { records.last().map(Record::key) } else { None };
        (records, cursor)
    }

    /// A hash of all records: equal on equal states, whatever led to them. Of use within one build of the program.
    pub fn digest(&self) -> u128 {
        self.digest_by(|order| order.digest())
    }

    /// The same, from hashes of orders that the caller may have kept: an order that has not changed is still the same allocation.
    pub fn digest_by(&self, mut of_order: impl FnMut(&Arc<Order>) -> u64) -> u128 {
        let State { book, restaurants, menus, availability, keys, orders, index: _, bounds: _ } = self;
        let mut hasher = StableHasher::new();
        (book, restaurants, menus, keys, orders.len()).hash(&mut hasher);
        // Whether a restaurant of which nothing is said has a place there says nothing either.
        availability.iter().filter(|(_, names)| !names.is_empty()).for_each(|of| of.hash(&mut hasher));
        orders.iter().for_each(|(id, order)| (id, of_order(order)).hash(&mut hasher));
        hasher.hash_waiting();
        hasher.hashed.digest128()
    }

    fn records<'a>(&'a self, after: Option<&'a RecordKey>) -> impl Iterator<Item = Record> + 'a {
        let book = after.is_none().then(|| Record::Book(self.book.clone()));
        let after = after.unwrap_or(&RecordKey::Book);
        book.into_iter()
            .chain(self.restaurant_records(after))
            .chain(self.menu_records(after))
            .chain(self.availability_records(after))
            .chain(self.key_records(after))
            .chain(self.order_records(after))
    }

    fn restaurant_records<'a>(&'a self, after: &'a RecordKey) -> impl Iterator<Item = Record> + 'a {
        let start = match after {
            RecordKey::Book => Some(Unbounded),
            RecordKey::Restaurant(number) => Some(Excluded(*number)),
            _ => None,
        };
        let range = start.map(|start| self.restaurants.range((start, Unbounded)));
        range.into_iter().flatten().map(|(_, restaurant)| Record::Restaurant(Arc::clone(restaurant)))
    }

    fn menu_records<'a>(&'a self, after: &'a RecordKey) -> impl Iterator<Item = Record> + 'a {
        let start = match after {
            RecordKey::Menu(number, revision) => Some(Excluded((*number, *revision))),
            earlier => (*earlier < RecordKey::Menu(RestaurantNumber::FIRST, 0)).then_some(Unbounded),
        };
        let range = start.map(|start| self.menus.range((start, Unbounded)));
        range.into_iter().flatten().map(|(_, menu)| Record::Menu(Arc::clone(menu)))
    }

    fn availability_records<'a>(&'a self, after: &'a RecordKey) -> impl Iterator<Item = Record> + 'a {
        let (first, skip_to): (Option<RestaurantNumber>, Option<Slug>) = match after {
            RecordKey::Availability(number, name) => (Some(*number), Some(name.clone())),
            RecordKey::Key(_) | RecordKey::Order(_) => (None, None),
            _ => (Some(RestaurantNumber::FIRST), None),
        };
        let restaurants = first.map(|first| self.availability.range((Included(first), Unbounded)));
        restaurants.into_iter().flatten().flat_map(move |(restaurant, names)| {
            let after = skip_to.clone().filter(|_| Some(*restaurant) == first);
            let names = names.range((after.map_or(Unbounded, Excluded), Unbounded));
            names.map(|(name, availability)| Record::Availability {
                restaurant: *restaurant,
                name: name.clone(),
                availability: *availability,
            })
        })
    }

    fn key_records<'a>(&'a self, after: &'a RecordKey) -> impl Iterator<Item = Record> + 'a {
        let start = match after {
            RecordKey::Key(hash) => Some(Excluded(*hash)),
            RecordKey::Order(_) => None,
            _ => Some(Unbounded),
        };
        let range = start.map(|start| self.keys.range((start, Unbounded)));
        range.into_iter().flatten().map(|(hash, record)| Record::Key { hash: *hash, record: record.clone() })
    }

    fn order_records<'a>(&'a self, after: &'a RecordKey) -> impl Iterator<Item = Record> + 'a {
        let start: std::ops::Bound<OrderId> = match after {
            RecordKey::Order(id) => Excluded(*id),
            _ => Unbounded,
        };
        self.orders.range((start, Unbounded)).map(|(_, order)| Record::Order(Arc::clone(order)))
    }
}

impl Order {
    /// A hash of all that it holds. Of use within one build of the program.
    pub fn digest(&self) -> u64 {
        let mut hasher = StableHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// Bytes that are gathered before they are hashed: records are many small values.
const WAITING: usize = 1 << 10;

/// Feeds whole numbers in one byte order and lengths in one width, so that the digest is the same on every machine.
struct StableHasher {
    hashed: Xxh3,
    waiting: [u8; WAITING],
    count: usize,
}

impl StableHasher {
    fn new() -> StableHasher {
        StableHasher { hashed: Xxh3::new(), waiting: [0; WAITING], count: 0 }
    }

    fn hash_waiting(&mut self) {
        self.hashed.update(&self.waiting[..self.count]);
        self.count = 0;
    }
}

impl Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        if self.count + bytes.len() > WAITING {
            self.hash_waiting();
        }
        match self.waiting.get_mut(self.count..self.count + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.count += bytes.len();
            }
            None => self.hashed.update(bytes),
        }
    }

    fn write_u16(&mut self, n: u16) {
        self.write(&n.to_le_bytes());
    }

    fn write_u32(&mut self, n: u32) {
        self.write(&n.to_le_bytes());
    }

    fn write_u64(&mut self, n: u64) {
        self.write(&n.to_le_bytes());
    }

    fn write_u128(&mut self, n: u128) {
        self.write(&n.to_le_bytes());
    }

    fn write_usize(&mut self, n: usize) {
        self.write(&(n as u64).to_le_bytes());
    }

    // The signed ones go through the unsigned ones above, except that one of the machine's width.
    fn write_isize(&mut self, n: isize) {
        self.write(&(n as i64).to_le_bytes());
    }

    fn finish(&self) -> u64 {
        let mut hashed = self.hashed.clone();
        hashed.update(&self.waiting[..self.count]);
        hashed.digest()
    }
}
