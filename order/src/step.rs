//! Moves orders: key, actor, version, then the table, then the guard. What a move changes is in `effect`.

use std::sync::Arc;

use crate::command::{Command, Step};
use crate::delta::{Delta, Event, Record, Subject};
use crate::execute::Outcome;
use crate::id::OrderId;
use crate::left::Left;
use crate::limits;
use crate::order::{Moment, Order};
use crate::recall::Seen;
use crate::reply::{Obstacle, Refusal, Reply};
use crate::restaurant::Restaurant;
use crate::stage::{Actor, Role};
use crate::state::State;
use crate::transitions::{self, EventKind, Transition, Verb};

/// A move that is being judged.
pub(crate) struct Move<'a> {
    pub(crate) at_ms: u64,
    pub(crate) actor: &'a Actor,
    pub(crate) order: &'a Arc<Order>,
    pub(crate) restaurant: &'a Restaurant,
    pub(crate) step: &'a Step,
}

impl State {
    pub(crate) fn step(&self, at_ms: u64, command: &Command, id: OrderId, step: &Step) -> Outcome {
        let order = self.orders.get(&id).ok_or(Refusal::NoOrder(id))?;
        let restaurant = self.restaurants.get(&id.restaurant()).ok_or(Refusal::NoOrder(id))?;
        let slug = restaurant.profile.slug.as_str();
        let hash = match self.seen(at_ms, command.keyed.as_ref(), slug, &command.actor.id)? {
            Seen::Did(Subject::Order(done, left)) if done == id => {
                return self.moved(&Arc::new(left.restore(order)), None, true);
            }
            Seen::Did(_) | Seen::Placed(_) => return Err(Refusal::KeyReused),
            Seen::New(hash) => hash,
        };
        let wanted = Move { at_ms, actor: &command.actor, order, restaurant, step };
        wanted.check_actor()?;
        if command.if_match.is_some_and(|version| version != order.version) {
            return Err(Refusal::PreconditionFailed { version: order.version });
        }
        let mut delta = if wanted.holds() { Delta::default() } else { self.make(&wanted)? };
        let after = Arc::clone(delta.puts.iter().find_map(order_in).unwrap_or(order));
        let subject = Subject::Order(id, Box::new(Left::of(&after)));
        delta.puts.extend(self.remember(at_ms, command.keyed.as_ref(), hash, subject)?);
        let event = delta.events.first().map(|event| event.kind);
        let (_, reply) = self.moved(&after, event, false)?;
        Ok(((!delta.puts.is_empty()).then_some(delta), reply))
    }

    fn moved(&self, order: &Arc<Order>, event: Option<EventKind>, replayed: bool) -> Outcome {
        let order = self.view(order, false).ok_or(Refusal::NoOrder(order.id))?;
        Ok((None, Reply::Moved { order, event, replayed }))
    }

    /// Finds the row, asks its guard and makes the move.
    fn make(&self, wanted: &Move<'_>) -> Result<Delta, Refusal> {
        let (before, verb) = (wanted.order, wanted.step.verb());
        let row = transitions::find(before.stage, before.leg, verb, wanted.actor.role);
        let row = row.ok_or_else(|| wanted.conflict(Obstacle::Stage))?;
        if row.to.is_none() && before.history.len() >= limits::HISTORY_MAX {
            return Err(wanted.conflict(Obstacle::Often));
        }
        self.guard(wanted, row)?;
        let mut after = Order::clone(before);
        let restored = self.effect(wanted, &mut after);
        wanted.advance(row, &mut after);
        let event =
            Event { order: after.id, version: after.version, stage: after.stage, at_ms: wanted.at_ms, kind: row.event };
        let mut puts = vec![Record::Order(Arc::new(after))];
        puts.extend(restored);
        Ok(Delta { puts, deletes: Vec::new(), events: vec![event] })
    }
}

impl Move<'_> {
    /// Whether this actor may ask this verb of this order at all.
    fn check_actor(&self) -> Result<(), Refusal> {
        let verb = self.step.verb();
        let who = transitions::who(verb);
        let own = match self.actor.role {
            Role::Restaurant => self.actor.id.is_empty() || *self.actor.id == *self.restaurant.profile.slug.as_str(),
            Role::Customer => {
                self.order.texts.principal().is_empty() || *self.actor.id == *self.order.texts.principal()
            }
            Role::Courier | Role::Ops | Role::System => true,
        };
        if own && who.contains(&self.actor.role) { Ok(()) } else { Err(Refusal::Forbidden { verb: Some(verb), who }) }
    }

    /// The answer to a move that the order is not ready for.
    pub(crate) fn conflict(&self, why: Obstacle) -> Refusal {
        let (stage, version) = (self.order.stage, self.order.version);
        Refusal::Conflict { stage, version, allowed: transitions::allowed(stage, self.order.leg, self.actor.role), why }
    }

    /// Whether what is asked has been done by the same actor and still is so. Then it succeeds without an event.
    fn holds(&self) -> bool {
        let order = self.order;
        let last = |event: EventKind| order.history.iter().rev().find(|moment| moment.event == event);
        let mine = |event: EventKind| last(event).is_some_and(|moment| moment.by == self.actor.role);
        let is_courier = order.courier() == Some(&*self.actor.id);
        let ended = |event: EventKind| mine(event) && last(event).is_some_and(|moment| moment.stage == order.stage);
        match self.step {
            Step::Claim => is_courier && !order.stage.is_terminal(),
            Step::Assign { courier } => order.courier() == Some(courier) && mine(EventKind::CourierAssigned),
            Step::Unassign => order
                .history
                .last()
                .is_some_and(|moment| moment.event == EventKind::CourierUnassigned && moment.by == self.actor.role),
            Step::Arrive => {
                is_courier && order.history.last().is_some_and(|moment| moment.event == EventKind::CourierArrived)
            }
            Step::Delay { ready_by_ms } => mine(EventKind::Delayed) && order.ready_by_ms() == Some(*ready_by_ms),
            Step::Accept { ready_by_ms } => {
                ended(EventKind::Accepted) && (ready_by_ms.is_none() || *ready_by_ms == order.ready_by_ms())
            }
            Step::Reject { reason, .. } => ended(EventKind::Rejected) && order.reason() == Some(*reason),
            Step::Cancel { reason } => ended(EventKind::Cancelled) && order.reason() == Some(*reason),
            Step::Fail { reason } => is_courier && ended(EventKind::DeliveryFailed) && order.reason() == Some(*reason),
            Step::PickUp => is_courier && ended(EventKind::PickedUp),
            Step::Deliver => is_courier && ended(EventKind::Delivered),
            Step::HandOver { .. } => ended(EventKind::Collected),
            Step::Redeliver { deliver_to } => deliver_to.is_none() && ended(EventKind::Redelivering),
            Step::Start => ended(EventKind::Preparing),
            Step::Ready => ended(EventKind::Ready),
            Step::Release => ended(EventKind::Released),
            Step::Expire => ended(EventKind::Expired),
        }
    }

    /// Writes the step into the record.
    fn advance(&self, row: &Transition, after: &mut Order) {
        let stage = row.to.unwrap_or(after.stage);
        let taken = transitions::taken(Some(after.stage), row.event, stage, self.actor.role);
        let same = taken.is_some_and(|taken| taken.pays == row.pays);
        assert!(same, "row {} leads outside the table", row.row);
        after.stage = stage;
        after.leg = row.leg.unwrap_or(after.leg);
        after.payment = after.payment.after(row.pays);
        after.version += 1;
        let after_ms = offset_ms(after, self.at_ms);
        let moment = Moment { after_ms, event: row.event, stage, by: self.actor.role };
        after.history = after.history.iter().copied().chain([moment]).collect();
    }

    pub(crate) fn verb(&self) -> Verb {
        self.step.verb()
    }
}

fn order_in(record: &Record) -> Option<&Arc<Order>> {
    match record {
        Record::Order(order) => Some(order),
        _ => None,
    }
}

/// An instant as an offset of the order; instants before its placement count as it.
pub(crate) fn offset_ms(order: &Order, at_ms: u64) -> u32 {
    u32::try_from(at_ms.saturating_sub(order.placed_at_ms())).unwrap_or(u32::MAX)
}
