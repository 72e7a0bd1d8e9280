//! Restaurants as bytes.
use crate::wire::{coded, coded_enum};
use order::restaurant::{Availability, Delivery, FeeBand, Profile, Restaurant, Status, Zone};

coded!(Restaurant { number, profile, version, menu_revision, status });
coded!(Profile {
    slug,
    name,
    description,
    address,
    postcode,
    point,
    currency,
    delivery,
    collection,
    minimum_order,
    prep_minutes,
    accept_window_s,
    lead_minutes,
    last_orders_minutes,
    slot_capacity,
});
coded!(Delivery { hours, zones, fees });
coded!(FeeBand { minimum, fee });
coded!(Availability { available, stock });
coded_enum!(Zone { 0 => Outcode(outcode), 1 => Sector(sector), 2 => Radius(metres) });
coded_enum!(Status { 0 => Open, 1 => Paused(until_ms), 2 => Closed });
