//! Remembers which keys were used for what, and so executes every request once (E1–E3).

use std::sync::Arc;

use crate::delta::{KeyRecord, Record, Subject};
use crate::key::Keyed;
use crate::mistake::planted;
use crate::order::Order;
use crate::reply::{Bound, Refusal};
use crate::state::State;

/// What is known of a key.
pub(crate) enum Seen {
    /// The request has none, or it is a new one with this hash.
    New(Option<u128>),
    /// The same request placed this order.
    Placed(Arc<Order>),
    /// The same request did something to this.
    Did(Subject),
}

impl State {
    /// Looks a key up in its scope. Another request under the same key, or one too old to be remembered, is refused.
    pub(crate) fn seen(
        &self,
        at_ms: u64,
        keyed: Option<&Keyed>,
        restaurant: &str,
        principal: &str,
    ) -> Result<Seen, Refusal> {
        let Some(keyed) = keyed else { return Ok(Seen::New(None)) };
        let hash = keyed.key.hash(restaurant, principal);
        if let Some(order) = self.placed_with(hash) {
            return if order.fingerprint == keyed.fingerprint {
                Ok(Seen::Placed(order))
            } else {
                Err(Refusal::KeyReused)
            };
        }
        if let Some(record) = self.keys.get(&hash) {
            return if record.fingerprint == keyed.fingerprint {
                Ok(Seen::Did(record.subject.clone()))
            } else {
                Err(Refusal::KeyReused)
            };
        }
        match keyed.key.expired(at_ms) {
            Some(made_at_ms) => Err(Refusal::KeyExpired { made_at_ms }),
            None => Ok(Seen::New(Some(hash))),
        }
    }

    fn placed_with(&self, hash: u128) -> Option<Arc<Order>> {
        let orders = self.index.orders_by_key(hash).filter_map(|id| self.orders.get(&id));
        let mut known = orders.filter(|order| order.key == hash && !self.forgot_key(order));
        known.next().map(Arc::clone)
    }

    /// A trim forgets the keys of orders that are over and were placed at least a day before it.
    fn forgot_key(&self, order: &Order) -> bool {
        planted(17) || order.stage.is_terminal() && order.placed_at_ms() < self.book.keys_trimmed_before_ms
    }

    /// The record of a new key of a command that places no order; none for a request without a key.
    pub(crate) fn remember(
        &self,
        at_ms: u64,
        keyed: Option<&Keyed>,
        hash: Option<u128>,
        subject: Subject,
    ) -> Result<Option<Record>, Refusal> {
        let Some((keyed, hash)) = keyed.zip(hash) else { return Ok(None) };
        if self.keys.len() >= self.bounds.keys {
            return Err(Refusal::Busy(Bound::Keys));
        }
        let record = KeyRecord { fingerprint: keyed.fingerprint, at_ms, subject };
        Ok(Some(Record::Key { hash, record }))
    }
}
