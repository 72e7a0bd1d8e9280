//! What a move changes in an order's record beside stage, leg, version and history, and which stock it gives back.

use crate::command::{Destination, Given, Step};
use crate::delta::Record;
use crate::limits;
use crate::order::{MovedTo, Order, Rare};
use crate::placing::window_ms;
use crate::stage::{Reason, Stage};
use crate::state::State;
use crate::step::{Move, offset_ms};
use crate::wish;

impl State {
    /// Changes the record and returns the stock that is given back. Every stage but four runs without a timer.
    pub(crate) fn effect(&self, wanted: &Move<'_>, after: &mut Order) -> Vec<Record> {
        let at_ms = wanted.at_ms;
        let before = after.stage;
        match wanted.step {
            Step::Release => {
                after.due_ms = at_ms + window_ms(wanted.restaurant);
                after.outages = self.book.outages_seen;
            }
            Step::Accept { ready_by_ms } => {
                let usual_ms = at_ms + u64::from(wanted.restaurant.profile.prep_minutes) * 60_000;
                after.due_ms = 0;
                after.ready_after_ms = offset_ms(after, ready_by_ms.unwrap_or(usual_ms)).max(1);
            }
            Step::Delay { ready_by_ms } => after.ready_after_ms = offset_ms(after, *ready_by_ms),
            Step::Claim => rare(after).courier = wanted.actor.id.clone(),
            Step::Assign { courier } => rare(after).courier = courier.clone(),
            Step::Unassign => rare(after).courier = "".into(),
            Step::Fail { reason } => {
                after.due_ms = at_ms + limits::RESOLVE_MS;
                rare(after).reason = Some(*reason);
            }
            Step::Redeliver { deliver_to } => {
                after.due_ms = 0;
                let rare = rare(after);
                rare.reason = None;
                rare.moved_to = deliver_to.as_deref().and_then(moved_to).map(Box::new);
            }
            Step::Reject { reason, items } => {
                let missing = self.missing(after, items);
                end(after, Some(*reason));
                rare(after).missing = missing;
            }
            Step::Cancel { reason } => end(after, Some(*reason)),
            Step::Expire => end(after, None),
            Step::Start | Step::Ready | Step::Arrive | Step::PickUp | Step::Deliver | Step::HandOver { .. } => {}
        }
        let uncooked = matches!(before, Stage::Scheduled | Stage::Placed | Stage::Accepted);
        let over = matches!(wanted.step, Step::Reject { .. } | Step::Cancel { .. } | Step::Expire);
        if over && uncooked { self.restored(after) } else { Vec::new() }
    }

    fn restored(&self, order: &Order) -> Vec<Record> {
        let number = order.id.restaurant();
        let menu = self.menus.get(&(number, order.menu_revision));
        menu.map_or(Vec::new(), |menu| self.stock_changes(number, menu, &order.parts, u32::checked_add))
    }

    /// The named items as far as they are on the order's menu.
    fn missing(&self, order: &Order, items: &[crate::id::Slug]) -> Box<[u16]> {
        let menu = self.menus.get(&(order.id.restaurant(), order.menu_revision));
        let found = items.iter().take(limits::LINES_MAX).filter_map(|item| menu?.find(item.as_str()));
        found.map(|(index, _)| index).collect()
    }
}

fn end(order: &mut Order, reason: Option<Reason>) {
    order.due_ms = 0;
    if reason.is_some() {
        rare(order).reason = reason;
    }
}

fn rare(order: &mut Order) -> &mut Rare {
    order.rare.get_or_insert_default()
}

fn moved_to(to: &Destination) -> Option<MovedTo> {
    match &to.postcode {
        Given::Place(place) => Some(MovedTo {
            lines: to.lines.clone().into_boxed_slice(),
            source: wish::source(place).into(),
            place: wish::located(place),
        }),
        Given::NotAPostcode(_) => None,
    }
}
