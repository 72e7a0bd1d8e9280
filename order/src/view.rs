//! An order as people read it: the record together with the menu it refers to. Nothing is copied until it is read.

use std::sync::Arc;

use crate::allergen::AllergenSet;
use crate::basket;
use crate::id::Slug;
use crate::menu::{Choice, Item, MenuRevision};
use crate::order::{Moment, Order, Part};
use crate::payment::{Charge, Payment};
use crate::restaurant::Restaurant;
use crate::stage::Stage;

/// An order with its menu and restaurant. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderView {
    /// The record.
    pub order: Arc<Order>,
    /// The menu revision it refers to.
    pub menu: Arc<MenuRevision>,
    /// Its restaurant.
    pub restaurant: Arc<Restaurant>,
    /// When its current timer is due, outages counted in (ms since 1970); none if no timer runs.
    pub due_ms: Option<u64>,
    /// True: shown as it was when it was placed, whatever happened since (E3).
    pub as_placed: bool,
}

/// One line of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineView<'a> {
    /// The item on the menu.
    pub item: &'a Item,
    /// Portions.
    pub quantity: u8,
    /// Minor units for one portion with its options.
    pub unit_price: i64,
    parts: &'a [Part],
}

/// One option on a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptionView<'a> {
    /// The option on the menu.
    pub choice: &'a Choice,
    /// Portions of it on each portion of the item.
    pub quantity: u8,
}

impl OrderView {
    /// The restaurant's public name.
    pub fn restaurant(&self) -> &Slug {
        &self.restaurant.profile.slug
    }

    /// Its stage, as placed if that is wanted.
    pub fn stage(&self) -> Stage {
        self.history().last().map_or(self.order.stage, |moment| moment.stage)
    }

    /// Its version, as placed if that is wanted.
    pub fn version(&self) -> u32 {
        if self.as_placed { 1 } else { self.order.version }
    }

    /// What happened, oldest first.
    pub fn history(&self) -> &[Moment] {
        let shown = if self.as_placed { 1 } else { self.order.history.len() };
        &self.order.history[..shown.min(self.order.history.len())]
    }

    /// When a moment was, ms since 1970.
    pub fn moment_at_ms(&self, moment: &Moment) -> u64 {
        self.order.placed_at_ms() + u64::from(moment.after_ms)
    }

    /// By when the restaurant must answer, or at which time a scheduled order is passed on to it (ms since 1970).
    pub fn deadline_ms(&self) -> Option<u64> {
        if self.as_placed { self.order.instant_ms(self.order.first_due_after_ms) } else { self.due_ms }
    }

    /// How it is paid.
    pub fn payment(&self) -> Payment {
        match self.as_placed {
            true => Payment::by(self.order.payment.method).after(Charge::Authorise),
            false => self.order.payment,
        }
    }

    /// When the food is promised to be ready, ms since 1970.
    pub fn ready_by_ms(&self) -> Option<u64> {
        self.order.ready_by_ms().filter(|_| !self.as_placed)
    }

    /// Its lines.
    pub fn lines(&self) -> impl Iterator<Item = LineView<'_>> {
        basket::lines(&self.menu, &self.order.parts)
    }

    /// Everything that any of its items and options contains.
    pub fn allergens(&self) -> AllergenSet {
        self.lines().fold(AllergenSet::NONE, |all, line| all.union(line.allergens()))
    }
}

impl<'a> LineView<'a> {
    pub(crate) fn new(menu: &'a MenuRevision, parts: &'a [Part]) -> Option<LineView<'a>> {
        let (first, options) = parts.split_first()?;
        let item = menu.item(first.index)?;
        let mut line = LineView { item, quantity: first.quantity, unit_price: item.price, parts: options };
        line.unit_price +=
            line.options().map(|option| option.choice.price_delta * i64::from(option.quantity)).sum::<i64>();
        Some(line)
    }

    /// The options on each portion.
    pub fn options(&self) -> impl Iterator<Item = OptionView<'a>> + use<'a> {
        let item = self.item;
        self.parts.iter().filter_map(move |part| {
            item.option(part.index).map(|(_, choice)| OptionView { choice, quantity: part.quantity })
        })
    }

    /// Minor units for all portions.
    pub fn amount(&self) -> i64 {
        self.unit_price * i64::from(self.quantity)
    }

    /// What the item and its options contain.
    pub fn allergens(&self) -> AllergenSet {
        self.options().fold(self.item.allergens, |all, option| all.union(option.choice.allergens))
    }
}
