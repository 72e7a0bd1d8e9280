//! What a change left of an order where later changes may write, so that a repetition of it is answered as the first try was (E3).
//! Knows nothing of keys.

use crate::order::{Order, Rare};
use crate::stage::Leg;

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
        let Some(moments) = now.history.get(..self.version as usize) else { return now.clone() };
        let Some((Some(stage), payment)) = now.after(moments) else { return now.clone() };
        let Left { version, due_ms, outages, ready_after_ms, leg, ref rare } = *self;
        let (rare, history) = (rare.clone(), moments.into());
        Order { version, due_ms, outages, ready_after_ms, leg, rare, stage, payment, history, ..now.clone() }
    }
}
