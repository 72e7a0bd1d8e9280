//! Restaurants: who they are, when and where they deliver, what delivery costs. Their menus are in `menu`.

use crate::hours::Hours;
use crate::id::{RestaurantNumber, Slug};
use crate::limits;
use crate::money::Currency;
use crate::place::Point;
use crate::postcode::{Outcode, Postcode, Sector};
use crate::stage::Service;

/// A restaurant as it describes itself.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Profile {
    /// Its public name, for ever.
    pub slug: Slug,
    /// Its name for people.
    pub name: Box<str>,
    /// A sentence about it; may be empty.
    pub description: Box<str>,
    /// Where it is, without the postcode.
    pub address: Vec<Box<str>>,
    /// Its postcode.
    pub postcode: Postcode,
    /// Where it is on the map; needed for zones by radius.
    pub point: Option<Point>,
    /// What it counts money in.
    pub currency: Currency,
    /// How it delivers, if it does.
    pub delivery: Option<Delivery>,
    /// When orders can be collected, if they can.
    pub collection: Option<Hours>,
    /// Least value of an order's lines in minor units.
    pub minimum_order: i64,
    /// Minutes from acceptance to ready, usually.
    pub prep_minutes: u16,
    /// Seconds it has to answer an order.
    pub accept_window_s: u32,
    /// Minutes after opening before the first time that can be wished for.
    pub lead_minutes: u16,
    /// Minutes before closing at which the last order is taken.
    pub last_orders_minutes: u16,
    /// Orders that its kitchen takes for one quarter of an hour; none: any number.
    pub slot_capacity: Option<u16>,
}

/// How a restaurant delivers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Delivery {
    /// When.
    pub hours: Hours,
    /// Where to; anywhere in any of them.
    pub zones: Vec<Zone>,
    /// What it costs: the band with the highest minimum that the order reaches. Sorted by minimum; none means free.
    pub fees: Vec<FeeBand>,
}

/// An area that is delivered to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Zone {
    /// An outcode, such as DH1.
    Outcode(Outcode),
    /// A sector, such as DH1 3.
    Sector(Sector),
    /// Metres around the restaurant.
    Radius(u32),
}

/// What delivery costs from an order value on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FeeBand {
    /// Value of the order's lines from which the band applies, in minor units.
    pub minimum: i64,
    /// The fee in minor units.
    pub fee: i64,
}

/// Whether a restaurant takes orders, beside its hours.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Status {
    /// By its hours.
    Open,
    /// Not until then (ms since 1970), then by its hours again.
    Paused(u64),
    /// Not until it resumes.
    Closed,
}

/// A restaurant in the state.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Restaurant {
    /// Its number, given when it was first put.
    pub number: RestaurantNumber,
    /// As it describes itself.
    pub profile: Profile,
    /// +1 on every change of the restaurant itself (not of its menu).
    pub version: u32,
    /// The current menu's revision; 0 before the first.
    pub menu_revision: u32,
    /// Whether it takes orders.
    pub status: Status,
}

/// Whether something is to be had, beside the menu's revision.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Availability {
    /// False: the kitchen has run out or will not make it.
    pub available: bool,
    /// Portions left, if counted.
    pub stock: Option<u32>,
}

/// Whether a restaurant delivers to a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// It does.
    Inside,
    /// It does not; metres between the two, if known.
    Outside(Option<u32>),
    /// Only its radius could tell, and where the place is is not known.
    Untold,
}

impl Restaurant {
    /// When a service is offered; none if it is not offered at all.
    pub fn hours(&self, service: Service) -> Option<&Hours> {
        match service {
            Service::Delivery => self.profile.delivery.as_ref().map(|delivery| &delivery.hours),
            Service::Collection => self.profile.collection.as_ref(),
        }
    }

    /// The services it offers.
    pub fn services(&self) -> Vec<Service> {
        Service::ALL.iter().copied().filter(|service| self.hours(*service).is_some()).collect()
    }

    /// Whether it delivers to a postcode, at a point if that is known.
    pub fn reach(&self, postcode: Postcode, point: Option<Point>) -> Reach {
        self.reach_of(Some(postcode), postcode.outcode(), point)
    }

    /// The same for a whole outcode, when that is all that is known.
    pub fn reach_outcode(&self, outcode: Outcode) -> Reach {
        self.reach_of(None, outcode, None)
    }

    fn reach_of(&self, postcode: Option<Postcode>, outcode: Outcode, point: Option<Point>) -> Reach {
        let Some(delivery) = &self.profile.delivery else { return Reach::Outside(None) };
        let distance = self.distance_m(point);
        let covers = |zone: &Zone| match zone {
            Zone::Outcode(covered) => Some(*covered == outcode),
            Zone::Sector(covered) => match postcode {
                Some(postcode) => Some(*covered == postcode.sector()),
                None => {
                    if covered.outcode == outcode {
                        None
                    } else {
                        Some(false)
                    }
                }
            },
            Zone::Radius(metres) => distance.map(|distance| distance <= *metres),
        };
        let answers: Vec<Option<bool>> = delivery.zones.iter().map(covers).collect();
        match answers {
            all if all.contains(&Some(true)) => Reach::Inside,
            all if all.contains(&None) => Reach::Untold,
            _ => Reach::Outside(distance),
        }
    }

    /// Metres to a point, if both are known.
    pub fn distance_m(&self, point: Option<Point>) -> Option<u32> {
        Some(self.profile.point?.distance_m(point?))
    }

    /// What delivery of an order of this value costs, in minor units.
    pub fn fee(&self, value: i64) -> i64 {
        let fees = self.profile.delivery.as_ref().map_or(&[][..], |delivery| &delivery.fees);
        let reached = fees.iter().rev().find(|band| band.minimum <= value).or(fees.first());
        reached.map_or(0, |band| band.fee)
    }

    /// Minutes from placing to the food being there or ready: preparation, then five minutes and 20 km/h. A point that
    /// is farther away than anyone delivers counts as wrong and as the farthest that can be right.
    pub fn eta_minutes(&self, service: Service, distance_m: Option<u32>) -> u32 {
        let prep = u32::from(self.profile.prep_minutes);
        match service {
            Service::Collection => prep,
            Service::Delivery => {
                prep + 5 + distance_m.unwrap_or(TYPICAL_M).min(limits::RADIUS_M_MAX) / METRES_PER_MINUTE
            }
        }
    }

    /// Until when it is paused at an instant: `Some(None)` means until it resumes.
    pub fn paused(&self, at_ms: u64) -> Option<Option<u64>> {
        match self.status {
            Status::Paused(until_ms) if at_ms < until_ms => Some(Some(until_ms)),
            Status::Closed => Some(None),
            _ => None,
        }
    }
}

const METRES_PER_MINUTE: u32 = 333;
/// The distance assumed when the real one is not known.
const TYPICAL_M: u32 = 2_000;
