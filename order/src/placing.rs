//! Places orders: once per key, if nothing is wrong. The judgement is in `quote`.

use std::sync::Arc;

use crate::command::{Command, Given, PlaceOrder};
use crate::delta::{Delta, Event, Record};
use crate::execute::Outcome;
use crate::id::OrderId;
use crate::limits;
use crate::order::{Moment, Order};
use crate::payment::{Charge, Payment};
use crate::place::Place;
use crate::quote::Quote;
use crate::recall::Seen;
use crate::reply::{Bound, Refusal, Reply};
use crate::restaurant::Restaurant;
use crate::slot::Slot;
use crate::stage::{Leg, Role, Service, Stage};
use crate::state::State;
use crate::texts::Texts;
use crate::transitions::{self, EventKind, Verb};
use crate::view::OrderView;
use crate::wish::{self, Start};

impl State {
    /// Places an order. The key is looked up first (E1), so that a repetition gets its answer whatever has changed.
    pub(crate) fn place(&self, at_ms: u64, command: &Command, wish: &PlaceOrder) -> Outcome {
        let keyed = command.keyed.as_ref().ok_or(Refusal::KeyRequired)?;
        let key = match self.seen(at_ms, Some(keyed), wish.restaurant.as_str(), &command.actor.id)? {
            Seen::Placed(order) => return self.placed_before(&order),
            Seen::Did(_) => return Err(Refusal::KeyReused),
            Seen::New(hash) => hash.ok_or(Refusal::KeyRequired)?,
        };
        let who = transitions::who(Verb::Place);
        if !who.contains(&command.actor.role) {
            return Err(Refusal::Forbidden { verb: Some(Verb::Place), who });
        }
        if self.orders.len() >= self.bounds.orders {
            return Err(Refusal::Busy(Bound::Orders));
        }
        let quote = self.quote(at_ms, wish);
        if !quote.is_fulfillable() {
            return Err(Refusal::Issues(quote.issues));
        }
        let order = self.order_of(at_ms, &quote, wish, &command.actor.id);
        let order = order.expect("an order without issues has every part of its record");
        let order = Order { key, fingerprint: keyed.fingerprint, ..order };
        Ok(self.placed(at_ms, quote, order))
    }

    fn placed_before(&self, order: &Arc<Order>) -> Outcome {
        let order = self.view(order, true).ok_or(Refusal::NoOrder(order.id))?;
        Ok((None, Reply::Placed { order, replayed: true }))
    }

    fn placed(&self, at_ms: u64, quote: Quote, order: Order) -> (Option<Delta>, Reply) {
        let order = Arc::new(order);
        let mut puts = vec![Record::Order(Arc::clone(&order))];
        if let (Some(restaurant), Some(menu)) = (&quote.restaurant, &quote.menu) {
            puts.extend(self.stock_changes(restaurant.number, menu, &order.parts, u32::checked_sub));
        }
        let event = Event { order: order.id, version: 1, stage: order.stage, at_ms, kind: order.history[0].event };
        let delta = Delta { puts, deletes: Vec::new(), events: vec![event] };
        let (restaurant, menu) =
            quote.restaurant.zip(quote.menu).expect("an order without issues has restaurant and menu");
        let due_ms = Some(order.due_ms);
        let view = OrderView { order, menu, restaurant, due_ms, as_placed: true };
        (Some(delta), Reply::Placed { order: view, replayed: false })
    }

    /// The record of an order; none only if a part of it is missing, which is then among the issues.
    fn order_of(&self, at_ms: u64, quote: &Quote, wish: &PlaceOrder, principal: &str) -> Option<Order> {
        let (restaurant, menu, phone) = (quote.restaurant.as_ref()?, quote.menu.as_ref()?, quote.phone?);
        let to = wish.deliver_to.as_ref().filter(|_| wish.service == Service::Delivery);
        let place = to.and_then(|to| known(&to.postcode));
        let source = place.map_or("", wish::source);
        let lines = to.map_or(&[][..], |to| &to.lines);
        let (stage, event, due_ms) = self.first_step(at_ms, restaurant, quote.start);
        let after = |instant_ms: u64| u32::try_from(instant_ms.saturating_sub(at_ms)).unwrap_or(u32::MAX);
        Some(Order {
            id: self.free_id(at_ms, restaurant, wish.random),
            key: 0,
            fingerprint: 0,
            subtotal: quote.subtotal,
            fee: quote.fee,
            due_ms,
            phone,
            parts: quote.parts.as_slice().into(),
            texts: Texts::new(&wish.name, &wish.note, lines, source, principal)?,
            history: Box::new([Moment { after_ms: 0, event, stage, by: Role::Customer }]),
            place: place.map(wish::located),
            rare: None,
            menu_revision: menu.revision,
            version: 1,
            first_due_after_ms: after(due_ms),
            fulfil_after_ms: wish.fulfil_at_ms.map_or(0, after),
            ready_after_ms: 0,
            outages: self.book.outages_seen,
            slot: Slot::of(quote.eta_ms),
            acknowledged: wish.allergens_acknowledged.unwrap_or_default(),
            currency: quote.currency,
            stage,
            leg: if wish.service == Service::Delivery { Leg::Unassigned } else { Leg::Collection },
            service: wish.service,
            payment: Payment::by(wish.tender.method()).after(Charge::Authorise),
        })
    }

    fn first_step(&self, at_ms: u64, restaurant: &Restaurant, start: Start) -> (Stage, EventKind, u64) {
        match start {
            Start::Now => (Stage::Placed, EventKind::Placed, at_ms + window_ms(restaurant)),
            Start::Later(start_ms) => (Stage::Scheduled, EventKind::Scheduled, start_ms),
        }
    }

    /// Two orders of one restaurant, millisecond and random number are told apart by counting on.
    fn free_id(&self, at_ms: u64, restaurant: &Restaurant, random: u64) -> OrderId {
        let id = |luck: u64| OrderId::new(at_ms, restaurant.number, luck);
        let mut luck = random;
        while self.orders.contains_key(&id(luck)) {
            luck = luck.wrapping_add(1);
        }
        id(luck)
    }
}

/// The time a restaurant has to answer, in ms.
pub(crate) fn window_ms(restaurant: &Restaurant) -> u64 {
    u64::from(restaurant.profile.accept_window_s.min(limits::ACCEPT_WINDOW_S_MAX)) * 1_000
}

fn known(given: &Given) -> Option<&Place> {
    match given {
        Given::Place(place) => Some(place),
        Given::NotAPostcode(_) => None,
    }
}
