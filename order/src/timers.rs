//! Replicated timers: what is due by the log's time, and the commands that do it (T1). Fires nothing itself.

use crate::command::{Action, Command, Step};
use crate::delta::{Delta, Outage, Record};
use crate::id::OrderId;
use crate::limits;
use crate::order::Order;
use crate::reply::{Refusal, Reply};
use crate::stage::{Reason, Stage};
use crate::state::State;

impl State {
    /// The commands of timers that are due, the earliest first, at most `max` and never more than one slice.
    /// Executing and applying them all makes room for the next slice.
    pub fn due(&self, at_ms: u64, max: usize) -> Vec<Command> {
        let at_ms = at_ms.min(limits::AT_MS_MAX);
        let max = max.min(limits::TIMERS_SLICE_MAX);
        let upto = (at_ms, OrderId::from_u128(u128::MAX));
        let timers = self.index.timers.range(..=upto).take(max);
        let mut commands: Vec<Command> = timers
            .filter_map(|(_, id)| self.orders.get(id))
            .map(|order| Command::system(self.fire(at_ms, order)))
            .collect();
        if commands.len() < max && self.wants_trim(at_ms) {
            commands.push(Command::system(Action::Trim { before_ms: at_ms - limits::KEY_KEPT_MS }));
        }
        commands
    }

    /// When the next timer is due, ms since 1970; none if none runs. Keys waiting to be trimmed are not counted.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.index.timers.first().map(|(due_ms, _)| *due_ms)
    }

    fn fire(&self, at_ms: u64, order: &Order) -> Action {
        let step = match order.stage {
            Stage::Scheduled => Step::Release,
            Stage::DeliveryFailed => Step::Cancel { reason: Reason::DeliveryUnresolved },
            _ if self.deadline_ms(order).is_some_and(|due_ms| due_ms > at_ms) => {
                return Action::Postpone { order: order.id };
            }
            _ => Step::Expire,
        };
        Action::Step { order: order.id, step }
    }

    /// Keys are trimmed an hour at a time.
    fn wants_trim(&self, at_ms: u64) -> bool {
        let Some(before_ms) = at_ms.checked_sub(limits::KEY_KEPT_MS + limits::HOUR_MS) else { return false };
        let old_key = self.index.key_ages.first().is_some_and(|(key_ms, _)| *key_ms < before_ms);
        let old_order = self.orders.first_key_value().is_some_and(|(id, _)| id.placed_at_ms() < before_ms);
        old_key || (old_order && self.book.keys_trimmed_before_ms < before_ms)
    }

    /// Writes down that nobody could be served for a while. Short, past or unfinished outages change nothing.
    pub(crate) fn outage(&self, at_ms: u64, from_ms: u64, to_ms: u64) -> (Option<Delta>, Reply) {
        let to_ms = to_ms.min(at_ms);
        let since_last = self.book.outages.last().is_none_or(|last| last.to_ms <= from_ms);
        if !since_last || to_ms.saturating_sub(from_ms) < limits::OUTAGE_MS_MIN {
            return (None, Reply::Done);
        }
        let mut book = self.book.clone();
        book.outages_seen += 1;
        book.outages.push(Outage { number: book.outages_seen, from_ms, to_ms });
        let surplus = book.outages.len().saturating_sub(limits::OUTAGES_MAX);
        book.outages.drain(..surplus);
        (Some(Delta { puts: vec![Record::Book(book)], ..Delta::default() }), Reply::Done)
    }

    /// Writes an order's deadline anew, with the outages since it was set.
    pub(crate) fn postpone(&self, id: OrderId) -> Result<(Option<Delta>, Reply), Refusal> {
        let order = self.orders.get(&id).ok_or(Refusal::NoOrder(id))?;
        let due_ms = self.deadline_ms(order).filter(|due_ms| *due_ms != order.due_ms);
        let delta = due_ms.map(|due_ms| {
            let moved = Order { due_ms, outages: self.book.outages_seen, ..Order::clone(order) };
            Delta { puts: vec![Record::Order(moved.into())], ..Delta::default() }
        });
        Ok((delta, Reply::Done))
    }

    /// Forgets old keys: those of orders that are over by a mark in the book, others one by one.
    pub(crate) fn trim(&self, at_ms: u64, before_ms: u64) -> (Option<Delta>, Reply) {
        let before_ms = before_ms.min(at_ms.saturating_sub(limits::KEY_KEPT_MS));
        let old = self.index.key_ages.range(..(before_ms, 0)).take(limits::TRIM_MAX);
        let deletes: Vec<_> = old.map(|(_, hash)| crate::delta::RecordKey::Key(*hash)).collect();
        if deletes.is_empty() && before_ms <= self.book.keys_trimmed_before_ms {
            return (None, Reply::Done);
        }
        let mut book = self.book.clone();
        book.keys_trimmed_before_ms = book.keys_trimmed_before_ms.max(before_ms);
        (Some(Delta { puts: vec![Record::Book(book)], deletes, ..Delta::default() }), Reply::Done)
    }
}
