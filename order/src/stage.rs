//! The stages of an order, the legs of its delivery, who acts on it and why it ended. Names only; legal moves are in `transitions`.

/// How far an order has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Stage {
    /// Wished for later; the restaurant is told when its time comes.
    Scheduled,
    /// Waits for the restaurant's answer.
    Placed,
    /// The restaurant will make it.
    Accepted,
    /// Being made.
    Preparing,
    /// Waits for the courier or the customer.
    Ready,
    /// The courier has it.
    OutForDelivery,
    /// The courier could not hand it over.
    DeliveryFailed,
    /// At the customer's. Final.
    Delivered,
    /// Taken away by the customer. Final.
    Collected,
    /// The restaurant would not make it. Final.
    Rejected,
    /// The restaurant did not answer in time. Final.
    Expired,
    /// Called off. Final.
    Cancelled,
}

/// Where the delivery of an order stands, beside its stage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Leg {
    /// The customer collects it.
    Collection,
    /// No courier yet.
    Unassigned,
    /// A courier is on the way to the restaurant.
    Assigned,
    /// The courier waits at the restaurant.
    AtRestaurant,
    /// The courier has the food.
    PickedUp,
    /// The courier is at the customer's door.
    AtCustomer,
    /// Handed over.
    DroppedOff,
    /// Could not be handed over.
    Failed,
}

/// Delivered to the customer or collected by them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Service {
    /// A courier brings it.
    Delivery,
    /// The customer fetches it.
    Collection,
}

/// Who acts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Role {
    /// Orders and eats.
    Customer,
    /// Cooks.
    Restaurant,
    /// Carries.
    Courier,
    /// Helps, and overrides.
    Ops,
    /// Timers and maintenance, by the log's time.
    System,
}

/// Who acts, and as whom. Guests have an empty id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Actor {
    /// In which part.
    pub role: Role,
    /// The principal's name: a restaurant's slug, a courier's id, a customer's account; empty for guests.
    pub id: Box<str>,
}

/// Why an order was rejected or cancelled, or its delivery failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Reason {
    /// Too much to do.
    Busy,
    /// Closes early.
    ClosingEarly,
    /// Something is not to be had.
    ItemUnavailable,
    /// Too far away.
    TooFar,
    /// No courier.
    NoCourier,
    /// The customer changed their mind.
    ChangedMind,
    /// It takes too long.
    DeliveryTooLong,
    /// Ordered by mistake.
    MadeMistake,
    /// The customer was not there.
    CustomerAbsent,
    /// The customer asked the restaurant to.
    CustomerRequested,
    /// Not a real order.
    FakeOrder,
    /// A test.
    TestOrder,
    /// The customer did not answer.
    CouldNotReachCustomer,
    /// The address is wrong.
    AddressError,
    /// The food was damaged.
    PackageDamaged,
    /// The courier could not go on.
    CourierProblem,
    /// A failed delivery was not resolved in time.
    DeliveryUnresolved,
    /// None of these.
    Other,
}

macro_rules! named {
    ($type:ident: $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// Every value, in order.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The name on the wire.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }

            /// Reads a name.
            pub fn parse(name: &str) -> Option<$type> {
                $type::ALL.iter().copied().find(|value| value.name() == name)
            }

            /// The number it is stored as.
            pub fn to_u8(self) -> u8 {
                self as u8
            }

            /// Reads a stored number.
            pub fn from_u8(number: u8) -> Option<$type> {
                $type::ALL.get(usize::from(number)).copied()
            }
        }
    };
}
pub(crate) use named;

named!(Stage:
    Scheduled = "scheduled", Placed = "placed", Accepted = "accepted", Preparing = "preparing", Ready = "ready",
    OutForDelivery = "out_for_delivery", DeliveryFailed = "delivery_failed", Delivered = "delivered",
    Collected = "collected", Rejected = "rejected", Expired = "expired", Cancelled = "cancelled");
named!(Leg:
    Collection = "collection", Unassigned = "unassigned", Assigned = "assigned", AtRestaurant = "at_restaurant",
    PickedUp = "picked_up", AtCustomer = "at_customer", DroppedOff = "dropped_off", Failed = "failed");
named!(Service: Delivery = "delivery", Collection = "collection");
named!(Role:
    Customer = "customer", Restaurant = "restaurant", Courier = "courier", Ops = "ops", System = "system");
named!(Reason:
    Busy = "busy", ClosingEarly = "closing_early", ItemUnavailable = "item_unavailable", TooFar = "too_far",
    NoCourier = "no_courier", ChangedMind = "changed_mind", DeliveryTooLong = "delivery_too_long",
    MadeMistake = "made_mistake", CustomerAbsent = "customer_absent", CustomerRequested = "customer_requested",
    FakeOrder = "fake_order", TestOrder = "test_order", CouldNotReachCustomer = "could_not_reach_customer",
    AddressError = "address_error", PackageDamaged = "package_damaged", CourierProblem = "courier_problem",
    DeliveryUnresolved = "delivery_unresolved", Other = "other");

impl Stage {
    /// Whether nothing can happen to the order any more.
    pub fn is_terminal(self) -> bool {
        matches!(self, Stage::Delivered | Stage::Collected | Stage::Rejected | Stage::Expired | Stage::Cancelled)
    }
}

impl Actor {
    /// Someone who has not signed in.
    pub fn guest(role: Role) -> Actor {
        Actor { role, id: "".into() }
    }

    /// Timers and maintenance.
    pub fn system() -> Actor {
        Actor::guest(Role::System)
    }

    /// Someone with a name.
    pub fn named(role: Role, id: &str) -> Actor {
        Actor { role, id: id.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_and_names_lead_back() {
        assert!(Stage::ALL.iter().all(|s| Stage::from_u8(s.to_u8()) == Some(*s) && Stage::parse(s.name()) == Some(*s)));
        assert!(
            Reason::ALL.iter().all(|r| Reason::from_u8(r.to_u8()) == Some(*r) && Reason::parse(r.name()) == Some(*r))
        );
        assert!(Leg::ALL.iter().all(|l| Leg::from_u8(l.to_u8()) == Some(*l)));
        assert_eq!((Role::parse("king"), Service::from_u8(2)), (None, None));
    }
}
