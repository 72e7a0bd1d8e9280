//! The whole book: records and the indexes derived from them. Applies deltas and loads records; decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::delta::{Book, Delta, KeyRecord, Record, RecordKey};
use crate::id::{OrderId, RestaurantNumber, Slug};
use crate::index::Index;
use crate::limits;
use crate::menu::MenuRevision;
use crate::order::Order;
use crate::restaurant::{Availability, Restaurant};
use crate::stage::Stage;
use crate::view::OrderView;

/// The book of restaurants and orders. Equal books hold equal records, whatever led to them.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) book: Book,
    pub(crate) restaurants: BTreeMap<RestaurantNumber, Arc<Restaurant>>,
    pub(crate) menus: BTreeMap<(RestaurantNumber, u32), Arc<MenuRevision>>,
    pub(crate) availability: BTreeMap<RestaurantNumber, BTreeMap<Slug, Availability>>,
    pub(crate) keys: BTreeMap<u128, KeyRecord>,
    pub(crate) orders: BTreeMap<OrderId, Arc<Order>>,
    pub(crate) index: Index,
    pub(crate) bounds: Bounds,
}

/// How much a book may hold. A bound refuses; it never forgets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Orders in memory.
    pub orders: usize,
    /// Keys of commands that placed no order.
    pub keys: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { orders: limits::ORDERS_MAX, keys: limits::KEYS_MAX }
    }
}

impl State {
    /// An empty book.
    pub fn new() -> State {
        State::default()
    }

    /// An empty book with bounds of its own.
    pub fn with_bounds(bounds: Bounds) -> State {
        State { bounds, ..State::default() }
    }

    /// Makes a change that was executed, here or elsewhere. Doing so twice changes nothing more (W5).
    pub fn apply(&mut self, delta: &Delta) {
        delta.puts.iter().for_each(|record| self.load(record.clone()));
        delta.deletes.iter().for_each(|key| self.delete(key));
    }

    /// Puts a record in its place, replacing what was there.
    ///
    /// # Panics
    /// If an order's history is not a way through the table of transitions: whoever wrote it was wrong, and to go on
    /// would spread it.
    pub fn load(&mut self, record: Record) {
        match record {
            Record::Book(book) => self.book = book,
            Record::Restaurant(restaurant) => self.put_restaurant(restaurant),
            Record::Menu(menu) => {
                self.menus.insert((menu.restaurant, menu.revision), menu);
            }
            Record::Availability { restaurant, name, availability } => {
                self.availability.entry(restaurant).or_default().insert(name, availability);
            }
            Record::Key { hash, record } => {
                let at_ms = record.at_ms;
                if let Some(old) = self.keys.insert(hash, record) {
                    self.index.key_ages.remove(&(old.at_ms, hash));
                }
                self.index.key_ages.insert((at_ms, hash));
            }
            Record::Order(order) => self.put_order(order),
        }
    }

    fn put_restaurant(&mut self, restaurant: Arc<Restaurant>) {
        self.index.slugs.insert(restaurant.profile.slug.clone(), restaurant.number);
        self.restaurants.insert(restaurant.number, restaurant);
    }

    fn put_order(&mut self, order: Arc<Order>) {
        assert!(order.is_sound(), "order {} has a history that is not in the table: {:?}", order.id, order.history);
        let old = self.orders.insert(order.id, Arc::clone(&order));
        self.index.replace(old.as_deref(), Some(&order));
    }

    fn delete(&mut self, key: &RecordKey) {
        match key {
            RecordKey::Book => self.book = Book::default(),
            RecordKey::Restaurant(number) => {
                if let Some(restaurant) = self.restaurants.remove(number) {
                    self.index.slugs.remove(&restaurant.profile.slug);
                }
            }
            RecordKey::Menu(number, revision) => {
                self.menus.remove(&(*number, *revision));
            }
            RecordKey::Availability(number, name) => {
                if let Some(names) = self.availability.get_mut(number) {
                    names.remove(name);
                    if names.is_empty() {
                        self.availability.remove(number);
                    }
                }
            }
            RecordKey::Key(hash) => {
                if let Some(record) = self.keys.remove(hash) {
                    self.index.key_ages.remove(&(record.at_ms, *hash));
                }
            }
            RecordKey::Order(id) => {
                let old = self.orders.remove(id);
                self.index.replace(old.as_deref(), None);
            }
        }
    }

    /// How many orders are held.
    pub fn orders_held(&self) -> usize {
        self.orders.len()
    }

    /// Whether there is no restaurant yet.
    pub fn is_blank(&self) -> bool {
        self.restaurants.is_empty()
    }

    /// A restaurant by its public name.
    pub fn restaurant(&self, slug: &str) -> Option<&Arc<Restaurant>> {
        self.restaurants.get(self.index.slugs.get(slug)?)
    }

    /// A restaurant's current menu.
    pub fn menu(&self, restaurant: &Restaurant) -> Option<&Arc<MenuRevision>> {
        self.menus.get(&(restaurant.number, restaurant.menu_revision))
    }

    /// What is to be had of an item or option; everything not said otherwise is.
    pub fn availability(&self, restaurant: RestaurantNumber, name: &str) -> Availability {
        let said = self.availability.get(&restaurant).and_then(|names| names.get(name));
        said.copied().unwrap_or(Availability { available: true, stock: None })
    }

    /// An order as it is, ready to be read.
    pub fn order(&self, id: OrderId) -> Option<OrderView> {
        self.view(self.orders.get(&id)?, false)
    }

    pub(crate) fn view(&self, order: &Arc<Order>, as_placed: bool) -> Option<OrderView> {
        let restaurant = Arc::clone(self.restaurants.get(&order.id.restaurant())?);
        let menu = Arc::clone(self.menus.get(&(restaurant.number, order.menu_revision))?);
        Some(OrderView { due_ms: self.deadline_ms(order), order: Arc::clone(order), menu, restaurant, as_placed })
    }

    /// When an order's timer is due, outages since it was set counted in (T1); none if no timer runs.
    pub fn deadline_ms(&self, order: &Order) -> Option<u64> {
        if order.due_ms == 0 {
            return None;
        }
        let uncounted =
            self.book.outages.iter().filter(|outage| outage.number > order.outages && order.stage == Stage::Placed);
        Some(uncounted.fold(order.due_ms, |due_ms, outage| {
            if due_ms > outage.from_ms {
                due_ms.saturating_add(outage.to_ms.saturating_sub(outage.from_ms))
            } else {
                due_ms
            }
        }))
    }
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.book == other.book
            && self.restaurants == other.restaurants
            && self.menus == other.menus
            && self.availability == other.availability
            && self.keys == other.keys
            && self.orders == other.orders
    }
}
