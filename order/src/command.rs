//! What can be asked of the state: one command per entry of the log. Knows shapes only; everything is judged when it is executed.

use crate::allergen::AllergenSet;
use crate::id::{OrderId, Slug};
use crate::key::Keyed;
use crate::menu::Menu;
use crate::payment::Method;
use crate::place::Place;
use crate::promise::Secret;
use crate::restaurant::{Availability, Profile};
use crate::stage::{Actor, Reason, Service};
use crate::transitions::Verb;

/// Something asked by someone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// Who asks.
    pub actor: Actor,
    /// The caller's key; required for placing.
    pub keyed: Option<Keyed>,
    /// The version that the caller knows (If-Match), if they insist on it: of the order, the menu (its revision) or the restaurant.
    pub if_match: Option<u32>,
    /// What is asked.
    pub action: Action,
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Places an order.
    Place(Box<PlaceOrder>),
    /// Moves an order.
    Step {
        /// Which order.
        order: OrderId,
        /// How.
        step: Step,
    },
    /// Makes or changes a restaurant.
    PutRestaurant(Box<Profile>),
    /// Gives a restaurant a new menu revision.
    PutMenu {
        /// Which restaurant.
        restaurant: Slug,
        /// The whole menu.
        menu: Box<Menu>,
    },
    /// Says what is to be had.
    SetAvailability {
        /// Which restaurant.
        restaurant: Slug,
        /// An item or option of its menu.
        name: Slug,
        /// From now on.
        availability: Availability,
    },
    /// Takes no orders for a while.
    Pause {
        /// Which restaurant.
        restaurant: Slug,
        /// Until when, ms since 1970; none: until it resumes.
        until_ms: Option<u64>,
    },
    /// Takes orders again.
    Resume {
        /// Which restaurant.
        restaurant: Slug,
    },
    /// Gives a new book the secret that its quotes are signed with. It is drawn by whoever leads first, so that every copy
    /// has the same.
    Begin {
        /// The secret.
        secret: Secret,
    },
    /// Says that nobody could be served for a while, so that deadlines of restaurants shift (T1).
    Outage {
        /// The last time at which the log had an entry, ms since 1970.
        from_ms: u64,
        /// When it had the next one.
        to_ms: u64,
    },
    /// Moves a deadline by the outages since it was set (T1).
    Postpone {
        /// Which order.
        order: OrderId,
    },
    /// Forgets keys older than an instant (E3); those of open orders stay.
    Trim {
        /// Ms since 1970; never later than 24 h ago.
        before_ms: u64,
    },
}

/// A move of an order, with its values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// See the table of transitions, as for the others.
    Release,
    /// Promises the food.
    Accept {
        /// When it will be ready, ms since 1970; none: the usual time.
        ready_by_ms: Option<u64>,
    },
    /// Will not make it.
    Reject {
        /// Why.
        reason: Reason,
        /// What is not to be had.
        items: Vec<Slug>,
    },
    /// Nobody answered.
    Expire,
    /// Begins to make it.
    Start,
    /// It is made.
    Ready,
    /// The courier who asks takes the job.
    Claim,
    /// Gives the job to a courier.
    Assign {
        /// Their id.
        courier: Box<str>,
    },
    /// The job is open again.
    Unassign,
    /// At the restaurant, or at the door.
    Arrive,
    /// Takes the food.
    PickUp,
    /// Hands it over at the door.
    Deliver,
    /// Hands it over at the counter.
    HandOver {
        /// What the customer said, if asked: the last four characters of the id.
        code: Option<Box<str>>,
    },
    /// Could not hand it over.
    Fail {
        /// Why.
        reason: Reason,
    },
    /// Another attempt.
    Redeliver {
        /// Elsewhere, if given.
        deliver_to: Option<Box<Destination>>,
    },
    /// Calls it off.
    Cancel {
        /// Why.
        reason: Reason,
    },
    /// It takes longer.
    Delay {
        /// When it will be ready instead, ms since 1970.
        ready_by_ms: u64,
    },
}

/// An order to place, as the customer wrote it, with its postcode resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlaceOrder {
    /// From which restaurant.
    pub restaurant: Slug,
    /// Delivered or collected.
    pub service: Service,
    /// What.
    pub items: Vec<LineWish>,
    /// The customer's name.
    pub name: Box<str>,
    /// The customer's telephone number, as written.
    pub phone: Box<str>,
    /// Where to; required for delivery.
    pub deliver_to: Option<Destination>,
    /// For kitchen and courier; may be empty.
    pub note: Box<str>,
    /// What the customer expects it to cost and which menu they read.
    pub expect: Expect,
    /// Allergens the customer knows of; if given, it must cover everything in the order.
    pub allergens_acknowledged: Option<AllergenSet>,
    /// Whether the customer says that they are of age.
    pub age_confirmed: bool,
    /// When they want it, ms since 1970; none: as soon as possible.
    pub fulfil_at_ms: Option<u64>,
    /// How they pay.
    pub tender: Tender,
    /// The signed quote that they hold the restaurant to, as they sent it.
    pub quote: Option<Box<str>>,
    /// 64 random bits for the order's id.
    pub random: u64,
}

/// How a customer pays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Tender {
    /// In cash, at the door or the counter.
    #[default]
    Cash,
    /// By card.
    Card {
        /// What stands for the card at the bank.
        token: Box<str>,
    },
}

/// One wished line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineWish {
    /// The item's public name.
    pub item: Slug,
    /// Portions.
    pub quantity: u32,
    /// Options on each portion.
    pub options: Vec<OptionWish>,
}

/// One wished option.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OptionWish {
    /// The option's public name.
    pub option: Slug,
    /// Portions of it on each portion of the item.
    pub quantity: u32,
}

/// Where to deliver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// The address without the postcode.
    pub lines: Vec<Box<str>>,
    /// The postcode and what is known of it.
    pub postcode: Given,
}

/// A postcode as the front end found it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    /// A postcode, with what is known of it.
    Place(Place),
    /// A text that is none; at most a few bytes of it are kept.
    NotAPostcode(Box<str>),
}

/// What the customer expects; nothing if they do not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expect {
    /// The total in minor units of the restaurant's currency.
    pub total: Option<i64>,
    /// The menu revision they chose from.
    pub menu_revision: Option<u32>,
}

impl Command {
    /// A command of timers and maintenance.
    pub fn system(action: Action) -> Command {
        Command { actor: Actor::system(), keyed: None, if_match: None, action }
    }
}

impl Tender {
    /// By what.
    pub fn method(&self) -> Method {
        match self {
            Tender::Cash => Method::Cash,
            Tender::Card { .. } => Method::Card,
        }
    }
}

impl Step {
    /// Which move it is.
    pub fn verb(&self) -> Verb {
        match self {
            Step::Release => Verb::Release,
            Step::Accept { .. } => Verb::Accept,
            Step::Reject { .. } => Verb::Reject,
            Step::Expire => Verb::Expire,
            Step::Start => Verb::Start,
            Step::Ready => Verb::Ready,
            Step::Claim => Verb::Claim,
            Step::Assign { .. } => Verb::Assign,
            Step::Unassign => Verb::Unassign,
            Step::Arrive => Verb::Arrive,
            Step::PickUp => Verb::PickUp,
            Step::Deliver => Verb::Deliver,
            Step::HandOver { .. } => Verb::HandOver,
            Step::Fail { .. } => Verb::Fail,
            Step::Redeliver { .. } => Verb::Redeliver,
            Step::Cancel { .. } => Verb::Cancel,
            Step::Delay { .. } => Verb::Delay,
        }
    }
}
