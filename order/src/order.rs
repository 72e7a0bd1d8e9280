//! The record of an order: what is kept of it, compactly. Prices' names are in the menu revision it refers to; rules are elsewhere.

use crate::allergen::AllergenSet;
use crate::id::OrderId;
use crate::money::{Currency, Money};
use crate::payment::Payment;
use crate::phone::Phone;
use crate::place::{Freshness, Point, Precision, Standing};
use crate::postcode::Postcode;
use crate::slot::Slot;
use crate::stage::{Leg, Reason, Role, Service, Stage};
use crate::texts::Texts;
use crate::transitions::{self, EventKind};

/// An order. Times are offsets in ms from its placement, which its id holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order {
    /// Its id: time, restaurant and luck.
    pub id: OrderId,
    /// Hash of the key it was placed with, in its scope (E2).
    pub key: u128,
    /// Hash of the request it was placed with (E2).
    pub fingerprint: u128,
    /// Value of the lines in minor units.
    pub subtotal: i64,
    /// Delivery fee in minor units.
    pub fee: i64,
    /// When its timer is due, ms since 1970; 0 if none runs. Outages are not counted in.
    pub due_ms: u64,
    /// The customer's telephone number.
    pub phone: Phone,
    /// Items and the options chosen with them, by index into the menu revision.
    pub parts: Box<[Part]>,
    /// Name, note, address lines, source of the place, principal.
    pub texts: Texts,
    /// What happened, oldest first; the first is its placement.
    pub history: Box<[Moment]>,
    /// Where to, for deliveries.
    pub place: Option<Located>,
    /// What only some orders have.
    pub rare: Option<Box<Rare>>,
    /// The menu that indexes and prices refer to.
    pub menu_revision: u32,
    /// +1 on every event; 1 when placed.
    pub version: u32,
    /// The first deadline as promised when it was placed: accept-by, or release-at of a scheduled one.
    pub first_due_after_ms: u32,
    /// When it was wished for; 0 if at once.
    pub fulfil_after_ms: u32,
    /// When the food is promised to be ready; 0 before acceptance.
    pub ready_after_ms: u32,
    /// The last outage that `due_ms` already counts in (T1).
    pub outages: u32,
    /// The kitchen slot it takes up: the quarter of an hour in which the food was to be there or ready.
    pub slot: Slot,
    /// Allergens the customer acknowledged.
    pub acknowledged: AllergenSet,
    /// What amounts are counted in.
    pub currency: Currency,
    /// How far it has come.
    pub stage: Stage,
    /// Where its delivery stands.
    pub leg: Leg,
    /// Delivered or collected.
    pub service: Service,
    /// How it is paid.
    pub payment: Payment,
}

/// An item or an option of the item before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Part {
    /// Index of the item in the menu, or of the option in its item.
    pub index: u16,
    /// Portions of the item, or of the option on each portion.
    pub quantity: u8,
    /// Whether it is an option.
    pub is_option: bool,
}

/// Where an order goes, without its texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Located {
    /// When the place was resolved, ms since 1970.
    pub fetched_at_ms: u64,
    /// Where it is, if known.
    pub point: Option<Point>,
    /// The postcode.
    pub postcode: Postcode,
    /// Whether it was known to exist.
    pub standing: Standing,
    /// How old that knowledge was.
    pub freshness: Freshness,
    /// What the point stands for.
    pub precision: Precision,
}

/// One step of an order's history.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Moment {
    /// Ms after the placement.
    pub after_ms: u32,
    /// What happened.
    pub event: EventKind,
    /// The stage it led to.
    pub stage: Stage,
    /// Who did it.
    pub by: Role,
}

/// What only some orders have.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Rare {
    /// The courier who has the job; empty if none.
    pub courier: Box<str>,
    /// Why it ended, or why the delivery failed.
    pub reason: Option<Reason>,
    /// Items (indexes into the menu) that were not to be had, for a rejection.
    pub missing: Box<[u16]>,
    /// The address of a second attempt, if another one.
    pub moved_to: Option<Box<MovedTo>>,
}

/// The address of a second delivery attempt.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MovedTo {
    /// Its lines.
    pub lines: Box<[Box<str>]>,
    /// Who said where the postcode is.
    pub source: Box<str>,
    /// Where it is.
    pub place: Located,
}

impl Order {
    /// When it was placed, ms since 1970.
    pub fn placed_at_ms(&self) -> u64 {
        self.id.placed_at_ms()
    }

    /// Value of the lines and the fee together, in minor units.
    pub fn total(&self) -> i64 {
        self.subtotal + self.fee
    }

    /// An amount of this order's currency.
    pub fn money(&self, amount: i64) -> Money {
        Money::new(amount, self.currency)
    }

    /// The courier who has the job.
    pub fn courier(&self) -> Option<&str> {
        self.rare.as_ref().map(|rare| &*rare.courier).filter(|courier| !courier.is_empty())
    }

    /// Why it ended or its delivery failed.
    pub fn reason(&self) -> Option<Reason> {
        self.rare.as_ref().and_then(|rare| rare.reason)
    }

    /// An offset as an instant in ms since 1970; none for the offset 0.
    pub fn instant_ms(&self, after_ms: u32) -> Option<u64> {
        (after_ms > 0).then(|| self.placed_at_ms() + u64::from(after_ms))
    }

    /// When the customer wished for it; none if at once.
    pub fn fulfil_at_ms(&self) -> Option<u64> {
        self.instant_ms(self.fulfil_after_ms)
    }

    /// When the food is promised to be ready.
    pub fn ready_by_ms(&self) -> Option<u64> {
        self.instant_ms(self.ready_after_ms)
    }

    /// What a courier or customer says at the counter: the last four characters of the id.
    pub fn pickup_code(&self) -> String {
        self.id.to_string().split_off(22)
    }

    /// The kitchen slot that it takes up. Called off or turned down, it takes up none; done, it has used its own.
    pub fn slot_taken(&self) -> Option<Slot> {
        let given_back = matches!(self.stage, Stage::Rejected | Stage::Expired | Stage::Cancelled);
        (!given_back).then_some(self.slot)
    }

    /// Checks a record that was read back: every step is in the table of transitions, the last one is its stage, and
    /// its payment is where these steps lead.
    pub fn is_sound(&self) -> bool {
        let end = self.after(&self.history);
        end == Some((Some(self.stage), self.payment)) && self.history.len() == self.version as usize
    }

    /// Stage and payment after these first moments of its history; none if the table has no such way.
    pub(crate) fn after(&self, moments: &[Moment]) -> Option<(Option<Stage>, Payment)> {
        let start = (None, Payment::by(self.payment.method));
        moments.iter().try_fold(start, |(from, payment), moment| {
            let row = transitions::taken(from, moment.event, moment.stage, moment.by)?;
            Some((Some(moment.stage), payment.after(row.pays)))
        })
    }
}
