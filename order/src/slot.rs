//! Kitchen slots: how many orders a restaurant has in each quarter of an hour, and the next one with room. Counts are derived from the orders, never kept.

use crate::command::PlaceOrder;
use crate::id::RestaurantNumber;
use crate::issue::{Issues, Problem};
use crate::limits;
use crate::restaurant::Restaurant;
use crate::stage::Service;
use crate::state::State;

/// A quarter of an hour of everyone's calendar, by its number since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(u32);

impl Slot {
    /// The slot that an instant (ms since 1970) lies in.
    pub fn of(at_ms: u64) -> Slot {
        Slot(u32::try_from(at_ms / limits::SLOT_MS).unwrap_or(u32::MAX))
    }

    /// The slot of this number.
    pub fn new(number: u32) -> Slot {
        Slot(number)
    }

    /// Its number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// When it ends and the next one begins, ms since 1970.
    pub fn end_ms(self) -> u64 {
        (u64::from(self.0) + 1) * limits::SLOT_MS
    }
}

impl State {
    /// How many orders take up a slot of a restaurant.
    pub fn slot_count(&self, restaurant: RestaurantNumber, slot: Slot) -> u32 {
        self.index.slots.get(&(restaurant, slot)).copied().unwrap_or(0)
    }

    /// Whether the kitchen has room for one more order at an instant; if not, the issue says when it has.
    pub(crate) fn check_kitchen(
        &self,
        restaurant: &Restaurant,
        at_ms: u64,
        ready_ms: u64,
        order: &PlaceOrder,
        issues: &mut Issues,
    ) {
        if self.is_full(restaurant, Slot::of(ready_ms)) {
            let latest_ms = at_ms + limits::FULFIL_AHEAD_MS_MAX;
            let next_slot_ms = self.next_slot(restaurant, order.service, Slot::of(ready_ms), latest_ms);
            issues.add("/fulfil_at", Problem::SlotFull { next_slot_ms });
        }
    }

    fn is_full(&self, restaurant: &Restaurant, slot: Slot) -> bool {
        let capacity = restaurant.profile.slot_capacity;
        capacity.is_some_and(|capacity| self.slot_count(restaurant.number, slot) >= u32::from(capacity))
    }

    /// The first time after a slot that can be wished for and has room. Hours are only asked about slots with room, and
    /// then lead to the next opening, so that a busy week costs look-ups and no calendar.
    fn next_slot(&self, restaurant: &Restaurant, service: Service, full: Slot, latest_ms: u64) -> Option<u64> {
        let hours = restaurant.hours(service)?;
        let profile = &restaurant.profile;
        let mut wish_ms = full.end_ms();
        while wish_ms <= latest_ms {
            let slot = Slot::of(wish_ms);
            if self.is_full(restaurant, slot) {
                wish_ms = slot.end_ms();
                continue;
            }
            match hours.slot(wish_ms, profile.lead_minutes, profile.last_orders_minutes) {
                Ok(()) => return Some(wish_ms),
                Err(opening_ms) => wish_ms = opening_ms?,
            }
        }
        None
    }
}
