//! The guards that the table of transitions names: conditions on a move beyond stage, leg and role.

use crate::command::{Destination, Step};
use crate::issue::{Issue, Issues, Problem};
use crate::limits;
use crate::reply::{Obstacle, Refusal};
use crate::stage::{Reason, Role};
use crate::state::State;
use crate::step::Move;
use crate::transitions::{self, EventKind, Guard, Transition};
use crate::wish;

impl State {
    pub(crate) fn guard(&self, wanted: &Move<'_>, row: &Transition) -> Result<(), Refusal> {
        match row.guard {
            // Placing has its own judgement and never comes here.
            Guard::Always | Guard::Orderable => Ok(()),
            Guard::TimerDue => self.timer_is_due(wanted),
            Guard::InTime => self.in_time(wanted),
            Guard::ListedReason => wanted.reason_is_listed(),
            Guard::AssignedCourier => wanted.is_assigned(),
            Guard::AssignedCourierListedReason => wanted.is_assigned().and_then(|()| wanted.reason_is_listed()),
            Guard::CourierNamed => wanted.courier_is_named(),
            Guard::OwnJob if wanted.actor.role == Role::Courier => wanted.is_assigned(),
            Guard::OwnJob => Ok(()),
            Guard::PickUpCode => wanted.code_is_right(),
            Guard::OnceAndInZone => wanted.once_and_in_zone(),
            Guard::WithinAMinute => wanted.within_a_minute(),
            Guard::LaterAtMostTwice => wanted.later_at_most_twice(),
        }
    }

    fn timer_is_due(&self, wanted: &Move<'_>) -> Result<(), Refusal> {
        let due = self.deadline_ms(wanted.order).is_some_and(|due_ms| due_ms <= wanted.at_ms);
        if due { Ok(()) } else { Err(wanted.conflict(Obstacle::Early)) }
    }

    fn in_time(&self, wanted: &Move<'_>) -> Result<(), Refusal> {
        if self.deadline_ms(wanted.order).is_some_and(|due_ms| due_ms <= wanted.at_ms) {
            return Err(wanted.conflict(Obstacle::Late));
        }
        match wanted.step {
            Step::Accept { ready_by_ms: Some(ready_by_ms) } => wanted.ready_by_between(*ready_by_ms, wanted.at_ms),
            _ => Ok(()),
        }
    }
}

impl Move<'_> {
    fn reason(&self) -> Option<Reason> {
        match self.step {
            Step::Reject { reason, .. } | Step::Fail { reason } | Step::Cancel { reason } => Some(*reason),
            _ => None,
        }
    }

    fn reason_is_listed(&self) -> Result<(), Refusal> {
        let allowed = transitions::reasons(self.verb(), self.actor.role);
        match self.reason() {
            Some(reason) if allowed.contains(&reason) => Ok(()),
            _ => Err(issue("/reason", Problem::ReasonUnlisted { allowed })),
        }
    }

    fn is_assigned(&self) -> Result<(), Refusal> {
        if self.order.courier() == Some(&*self.actor.id) {
            return Ok(());
        }
        Err(Refusal::Forbidden { verb: Some(self.verb()), who: vec![Role::Courier] })
    }

    fn courier_is_named(&self) -> Result<(), Refusal> {
        let courier = match self.step {
            Step::Assign { courier } => courier,
            _ => &self.actor.id,
        };
        let named = !courier.trim().is_empty() && courier.len() <= limits::PRINCIPAL_BYTES_MAX;
        if named && !courier.chars().any(char::is_control) {
            Ok(())
        } else {
            Err(issue("/courier", Problem::CourierRequired))
        }
    }

    fn code_is_right(&self) -> Result<(), Refusal> {
        match self.step {
            Step::HandOver { code: Some(code) } if !code.eq_ignore_ascii_case(&self.order.pickup_code()) => {
                Err(issue("/code", Problem::CodeWrong))
            }
            _ => Ok(()),
        }
    }

    fn within_a_minute(&self) -> Result<(), Refusal> {
        let accepted = self.order.history.iter().rev().find(|moment| moment.event == EventKind::Accepted);
        let until_ms =
            accepted.map(|moment| self.order.placed_at_ms() + u64::from(moment.after_ms) + limits::CUSTOMER_CANCEL_MS);
        match until_ms {
            Some(until_ms) if self.at_ms <= until_ms => self.reason_is_listed(),
            _ => Err(self.conflict(Obstacle::Late)),
        }
    }

    fn later_at_most_twice(&self) -> Result<(), Refusal> {
        let Step::Delay { ready_by_ms } = self.step else { return Ok(()) };
        let delays = self.order.history.iter().filter(|moment| moment.event == EventKind::Delayed).count();
        if delays >= limits::DELAYS_MAX {
            return Err(self.conflict(Obstacle::Often));
        }
        self.ready_by_between(*ready_by_ms, self.order.ready_by_ms().unwrap_or(self.at_ms).max(self.at_ms))
    }

    fn ready_by_between(&self, ready_by_ms: u64, after_ms: u64) -> Result<(), Refusal> {
        let until_ms = after_ms.max(self.at_ms) + limits::READY_BY_MS_MAX;
        if after_ms < ready_by_ms && ready_by_ms <= until_ms {
            return Ok(());
        }
        Err(issue("/ready_by", Problem::TimeRange { after_ms, until_ms }))
    }

    fn once_and_in_zone(&self) -> Result<(), Refusal> {
        let attempts = self.order.history.iter().filter(|moment| moment.event == EventKind::Redelivering).count();
        if attempts >= limits::REDELIVERIES_MAX {
            return Err(self.conflict(Obstacle::Often));
        }
        match self.step {
            Step::Redeliver { deliver_to: Some(to) } => self.address_is_right(to),
            _ => Ok(()),
        }
    }

    fn address_is_right(&self, to: &Destination) -> Result<(), Refusal> {
        let mut issues = Issues::default();
        if let Some(place) = wish::check_destination(to, "/deliver_to", &mut issues) {
            wish::check_zone(self.restaurant, place, "/deliver_to", &mut issues);
        }
        if issues.is_empty() { Ok(()) } else { Err(Refusal::Issues(issues.0)) }
    }
}

fn issue(pointer: &str, problem: Problem) -> Refusal {
    Refusal::Issues(vec![Issue::at(pointer, problem)])
}
