//! What is derived from the records so that questions are answered without walking them all. Holds no fact of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{OrderId, RestaurantNumber, Slug};
use crate::order::Order;
use crate::stage::Stage;

/// The indexes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Restaurants by public name.
    pub(crate) slugs: BTreeMap<Slug, RestaurantNumber>,
    /// Orders by restaurant and stage.
    pub(crate) stages: BTreeSet<(RestaurantNumber, Stage, OrderId)>,
    /// Running timers, the earliest first.
    pub(crate) timers: BTreeSet<(u64, OrderId)>,
    /// Orders by the upper half of their key's hash; the order holds all of it.
    pub(crate) order_keys: BTreeSet<(u64, OrderId)>,
    /// Keys of other commands by age.
    pub(crate) key_ages: BTreeSet<(u64, u128)>,
    /// How many orders refer to a menu revision.
    pub(crate) menu_uses: BTreeMap<(RestaurantNumber, u32), u32>,
}

impl Index {
    /// Takes an order's old record out and its new one in; only what differs is touched.
    pub(crate) fn replace(&mut self, old: Option<&Order>, new: Option<&Order>) {
        swap(&mut self.stages, old.map(stage_entry), new.map(stage_entry));
        swap(&mut self.timers, old.and_then(timer_entry), new.and_then(timer_entry));
        swap(&mut self.order_keys, old.map(key_entry), new.map(key_entry));
        let (was, is) = (old.map(menu_entry), new.map(menu_entry));
        if was == is {
            return;
        }
        if let Some(menu) = was {
            self.release_menu(menu);
        }
        if let Some(menu) = is {
            *self.menu_uses.entry(menu).or_default() += 1;
        }
    }

    fn release_menu(&mut self, menu: (RestaurantNumber, u32)) {
        if let Some(uses) = self.menu_uses.get_mut(&menu) {
            *uses -= 1;
            if *uses == 0 {
                self.menu_uses.remove(&menu);
            }
        }
    }

    /// Orders whose key's hash may be this one.
    pub(crate) fn orders_by_key(&self, hash: u128) -> impl Iterator<Item = OrderId> + '_ {
        let half = upper_half(hash);
        let all = (half, OrderId::from_u128(0))..=(half, OrderId::from_u128(u128::MAX));
        self.order_keys.range(all).map(|(_, id)| *id)
    }
}

fn swap<T: Ord>(set: &mut BTreeSet<T>, old: Option<T>, new: Option<T>) {
    if old == new {
        return;
    }
    if let Some(old) = old {
        set.remove(&old);
    }
    if let Some(new) = new {
        set.insert(new);
    }
}

fn stage_entry(order: &Order) -> (RestaurantNumber, Stage, OrderId) {
    (order.id.restaurant(), order.stage, order.id)
}

fn timer_entry(order: &Order) -> Option<(u64, OrderId)> {
    (order.due_ms > 0).then_some((order.due_ms, order.id))
}

fn key_entry(order: &Order) -> (u64, OrderId) {
    (upper_half(order.key), order.id)
}

fn menu_entry(order: &Order) -> (RestaurantNumber, u32) {
    (order.id.restaurant(), order.menu_revision)
}

fn upper_half(hash: u128) -> u64 {
    (hash >> 64) as u64
}
