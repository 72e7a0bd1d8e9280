//! Counted stock: reserved when an order is placed, given back when it ends before anyone cooked it.

use crate::delta::Record;
use crate::id::RestaurantNumber;
use crate::menu::MenuRevision;
use crate::order::Part;
use crate::restaurant::Availability;
use crate::state::State;

impl State {
    /// The stock records after taking or giving back an order's portions. Items that are not counted have none.
    pub(crate) fn stock_changes(
        &self,
        restaurant: RestaurantNumber,
        menu: &MenuRevision,
        parts: &[Part],
        change: fn(u32, u32) -> Option<u32>,
    ) -> Vec<Record> {
        let Some(names) = self.availability.get(&restaurant) else { return Vec::new() };
        let mut records: Vec<Record> = Vec::new();
        for (place, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_option) {
            if parts[..place].iter().any(|before| !before.is_option && before.index == part.index) {
                continue;
            }
            let Some(item) = menu.item(part.index) else { continue };
            let Some(was) = names.get(&item.id) else { continue };
            let Some(stock) = was.stock else { continue };
            let same = parts.iter().filter(|other| !other.is_option && other.index == part.index);
            let portions: u32 = same.map(|other| u32::from(other.quantity)).sum();
            let availability = Availability { stock: Some(change(stock, portions).unwrap_or(stock)), ..*was };
            records.push(Record::Availability { restaurant, name: item.id.clone(), availability });
        }
        records
    }
}
