//! What is derived from the records so that questions are answered without walking them all. Holds no fact of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{OrderId, RestaurantNumber, Slug};
use crate::order::Order;
use crate::slot::Slot;
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
    /// How many orders take up a kitchen slot.
    pub(crate) slots: BTreeMap<(RestaurantNumber, Slot), u32>,
    /// How many orders refer to a menu revision.
    pub(crate) menu_uses: BTreeMap<(RestaurantNumber, u32), u32>,
}

impl Index {
    /// Takes an order's old record out and its new one in; only what differs is touched.
    pub(crate) fn replace(&mut self, old: Option<&Order>, new: Option<&Order>) {
        swap(&mut self.stages, old.map(stage_entry), new.map(stage_entry));
        swap(&mut self.timers, old.and_then(timer_entry), new.and_then(timer_entry));
        swap(&mut self.order_keys, old.map(key_entry), new.map(key_entry));
        recount(&mut self.slots, old.and_then(slot_entry), new.and_then(slot_entry));
        recount(&mut self.menu_uses, old.map(menu_entry), new.map(menu_entry));
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

/// Counts one thing less and another more; what nothing is left of is not kept.
fn recount<T: Ord>(counts: &mut BTreeMap<T, u32>, old: Option<T>, new: Option<T>) {
    if old == new {
        return;
    }
    if let Some(old) = old
        && let Some(count) = counts.get_mut(&old)
    {
        *count -= 1;
        if *count == 0 {
            counts.remove(&old);
        }
    }
    if let Some(new) = new {
        *counts.entry(new).or_default() += 1;
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

fn slot_entry(order: &Order) -> Option<(RestaurantNumber, Slot)> {
    order.slot_taken().map(|slot| (order.id.restaurant(), slot))
}

fn menu_entry(order: &Order) -> (RestaurantNumber, u32) {
    (order.id.restaurant(), order.menu_revision)
}

fn upper_half(hash: u128) -> u64 {
    (hash >> 64) as u64
}
