//! What a change left of an order where later changes may write, so that a repetition of it is answered as the first try was (E3).
//! Knows nothing of keys.

use crate::order::{Order, Rare};
use crate::payment::Payment;
use crate::stage::Leg;
use crate::transitions;

/// An order as a change left it, without what never changes and what its history tells.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Left {
    /// The order's version then.
    pub version: u32,
    /// See [`Order::due_ms`].
    pub due_ms: u64,
    /// See [`Order::outages`].
    pub outages: u32,
    /// See [`Order::ready_after_ms`].
    pub ready_after_ms: u32,
    /// See [`Order::leg`].
    pub leg: Leg,
    /// See [`Order::rare`].
    pub rare: Option<Box<Rare>>,
}

impl Left {
    /// What is to be kept of this order.
    pub(crate) fn of(order: &Order) -> Left {
        Left {
            version: order.version,
            due_ms: order.due_ms,
            outages: order.outages,
            ready_after_ms: order.ready_after_ms,
            leg: order.leg,
            rare: order.rare.clone(),
        }
    }

    /// The order as it was then, from what it is now; as it is now, if it has never been at that version.
    pub(crate) fn restore(&self, now: &Order) -> Order {
        let Some(history) = now.history.get(..self.version as usize) else { return now.clone() };
        let Some(last) = history.last() else { return now.clone() };
        let Left { version, due_ms, outages, ready_after_ms, leg, ref rare } = *self;
        let (stage, payment, rare) = (last.stage, paid(now, self.version as usize), rare.clone());
        let history = history.into();
        Order { version, due_ms, outages, ready_after_ms, leg, rare, stage, payment, history, ..now.clone() }
    }
}

/// Where the payment stood after so many events, as the table says.
fn paid(order: &Order, events: usize) -> Payment {
    let start = (None, Payment::by(order.payment.method));
    let end = order.history.iter().take(events).fold(start, |(from, payment), moment| {
        let row = transitions::taken(from, moment.event, moment.stage, moment.by);
        (Some(moment.stage), row.map_or(payment, |row| payment.after(row.pays)))
    });
    end.1
}
