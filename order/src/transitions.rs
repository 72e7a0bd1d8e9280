//! Every legal move of an order, as one table. Code, answers and documentation are derived from it; guards are only named here.

use crate::payment::Charge;
use crate::stage::{Leg, Reason, Role, Stage, named};

/// What can be asked of an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Verb {
    /// Places it.
    Place,
    /// Tells the restaurant of a scheduled one.
    Release,
    /// Promises to make it.
    Accept,
    /// Will not make it.
    Reject,
    /// Nobody answered.
    Expire,
    /// Begins to make it.
    Start,
    /// It is made.
    Ready,
    /// A courier takes the job.
    Claim,
    /// A courier is given the job.
    Assign,
    /// The courier gives the job back or loses it.
    Unassign,
    /// The courier is at the restaurant or at the customer's door.
    Arrive,
    /// The courier takes the food.
    PickUp,
    /// The courier hands the food over.
    Deliver,
    /// The restaurant hands the food over.
    HandOver,
    /// The courier could not hand the food over.
    Fail,
    /// Another attempt.
    Redeliver,
    /// Calls it off.
    Cancel,
    /// It will take longer.
    Delay,
}

named!(Verb:
    Place = "place", Release = "release", Accept = "accept", Reject = "reject", Expire = "expire", Start = "start",
    Ready = "ready", Claim = "claim", Assign = "assign", Unassign = "unassign", Arrive = "arrive", PickUp = "pick_up",
    Deliver = "deliver", HandOver = "hand_over", Fail = "fail", Redeliver = "redeliver", Cancel = "cancel", Delay = "delay");

/// What happened to an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum EventKind {
    /// The restaurant has been asked.
    Placed,
    /// It waits for its time.
    Scheduled,
    /// Its time has come, the restaurant has been asked.
    Released,
    /// The restaurant will make it.
    Accepted,
    /// The restaurant will not make it.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// It is being made.
    Preparing,
    /// It is made.
    Ready,
    /// A courier has the job.
    CourierAssigned,
    /// The courier no longer has the job.
    CourierUnassigned,
    /// The courier is at the restaurant or at the door.
    CourierArrived,
    /// It is on its way.
    PickedUp,
    /// It is at the customer's.
    Delivered,
    /// The customer has it.
    Collected,
    /// It could not be handed over.
    DeliveryFailed,
    /// It is on its way again.
    Redelivering,
    /// It was called off.
    Cancelled,
    /// It takes longer.
    Delayed,
}

named!(EventKind:
    Placed = "order.placed", Scheduled = "order.scheduled", Released = "order.released", Accepted = "order.accepted",
    Rejected = "order.rejected", Expired = "order.expired", Preparing = "order.preparing", Ready = "order.ready",
    CourierAssigned = "order.courier_assigned", CourierUnassigned = "order.courier_unassigned",
    CourierArrived = "order.courier_arrived", PickedUp = "order.picked_up", Delivered = "order.delivered",
    Collected = "order.collected", DeliveryFailed = "order.delivery_failed", Redelivering = "order.redelivering",
    Cancelled = "order.cancelled", Delayed = "order.delayed");

/// A condition on a move beyond stage, leg and role. What each checks is in `step` and, for placing, in `assess`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// None.
    Always,
    /// Nothing is wrong with the order: see the table of issues.
    Orderable,
    /// The timer of this stage is due by the log's time.
    TimerDue,
    /// Before the deadline to answer; `ready_by` between now and three hours from now.
    InTime,
    /// The reason is one of those listed for this verb and role.
    ListedReason,
    /// The actor is the courier assigned to the order.
    AssignedCourier,
    /// The assigned courier; the reason is a listed one.
    AssignedCourierListedReason,
    /// A courier is named.
    CourierNamed,
    /// For couriers: only the assigned one.
    OwnJob,
    /// The pick-up code, if given, is right.
    PickUpCode,
    /// At most once, and a new address must be in the zone.
    OnceAndInZone,
    /// Within a minute of acceptance; the reason is a listed one.
    WithinAMinute,
    /// Later than promised before, at most twice.
    LaterAtMostTwice,
}

impl Guard {
    /// The guard in words, for the documentation.
    pub fn text(self) -> &'static str {
        match self {
            Guard::Always => "–",
            Guard::Orderable => {
                "no issues: open, in zone, available, priced as expected, kitchen slot free, card authorised"
            }
            Guard::TimerDue => "the timer is due by log time",
            Guard::InTime => "before accept_by; ready_by in (now, now + 3 h]",
            Guard::ListedReason => "reason is listed",
            Guard::AssignedCourier => "only the assigned courier",
            Guard::AssignedCourierListedReason => "only the assigned courier; reason is listed",
            Guard::CourierNamed => "a courier is named",
            Guard::OwnJob => "couriers: only the assigned one",
            Guard::PickUpCode => "the code, if given, is right",
            Guard::OnceAndInZone => "once; a new address is in the zone",
            Guard::WithinAMinute => "within 60 s of acceptance; reason is listed",
            Guard::LaterAtMostTwice => "ready_by later than before, at most twice",
        }
    }
}

/// One row: from these stages and legs, this verb of these roles leads there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transition {
    /// The row's number in the documentation.
    pub row: &'static str,
    /// Stages it may begin in; none for placing.
    pub from: &'static [Stage],
    /// Legs it may begin in; empty means any.
    pub legs: &'static [Leg],
    /// The stage it leads to; none if the stage stays.
    pub to: Option<Stage>,
    /// The leg it leads to; none if the leg stays.
    pub leg: Option<Leg>,
    /// What was asked.
    pub verb: Verb,
    /// Who may ask it.
    pub who: &'static [Role],
    /// The further condition.
    pub guard: Guard,
    /// What it does to the payment.
    pub pays: Charge,
    /// What is told to subscribers.
    pub event: EventKind,
    /// What it means, for people.
    pub doc: &'static str,
}

const KITCHEN: &[Stage] = &[Stage::Accepted, Stage::Preparing, Stage::Ready];
const MADE: &[Stage] = &[Stage::Preparing, Stage::Ready, Stage::OutForDelivery, Stage::DeliveryFailed];
const CARRIED: &[Leg] = &[Leg::PickedUp, Leg::AtCustomer];
const BOOKED: &[Leg] = &[Leg::Assigned, Leg::AtRestaurant];

const fn row(row: &'static str, verb: Verb, event: EventKind, doc: &'static str) -> Transition {
    let (guard, pays) = (Guard::Always, Charge::Nothing);
    Transition { row, from: &[], legs: &[], to: None, leg: None, verb, who: &[], guard, pays, event, doc }
}

/// The table.
#[rustfmt::skip]
pub const TRANSITIONS: &[Transition] = {
    use {Charge as C, EventKind as E, Guard as G, Leg as L, Role as R, Stage as S, Verb as V};
    &[
        Transition { to: Some(S::Placed), who: &[R::Customer], guard: G::Orderable, pays: C::Authorise,
            ..row("1", V::Place, E::Placed, "The customer orders; the restaurant must answer by accept_by.") },
        Transition { to: Some(S::Scheduled), who: &[R::Customer], guard: G::Orderable, pays: C::Authorise,
            ..row("1b", V::Place, E::Scheduled, "The customer orders for later (fulfil_at).") },
        Transition { from: &[S::Scheduled], to: Some(S::Placed), who: &[R::System], guard: G::TimerDue,
            ..row("2", V::Release, E::Released, "The time has come to ask the restaurant.") },
        Transition { from: &[S::Placed], to: Some(S::Accepted), who: &[R::Restaurant], guard: G::InTime, pays: C::Capture,
            ..row("3", V::Accept, E::Accepted, "The restaurant promises the food by ready_by.") },
        Transition { from: &[S::Placed], to: Some(S::Rejected), who: &[R::Restaurant], guard: G::ListedReason, pays: C::Void,
            ..row("4", V::Reject, E::Rejected, "The restaurant will not make it; reserved stock and the kitchen slot return.") },
        Transition { from: &[S::Placed], to: Some(S::Expired), who: &[R::System], guard: G::TimerDue, pays: C::Void,
            ..row("5", V::Expire, E::Expired, "The restaurant did not answer; reserved stock and the kitchen slot return.") },
        Transition { from: &[S::Accepted], to: Some(S::Preparing), who: &[R::Restaurant],
            ..row("6", V::Start, E::Preparing, "The kitchen begins.") },
        Transition { from: &[S::Preparing], to: Some(S::Ready), who: &[R::Restaurant],
            ..row("7", V::Ready, E::Ready, "The food waits for courier or customer.") },
        Transition { from: &[S::Ready], legs: BOOKED, to: Some(S::OutForDelivery), leg: Some(L::PickedUp), who: &[R::Courier],
            guard: G::AssignedCourier, ..row("8", V::PickUp, E::PickedUp, "The courier takes the food.") },
        Transition { from: &[S::OutForDelivery], legs: CARRIED, to: Some(S::Delivered), leg: Some(L::DroppedOff), who: &[R::Courier],
            guard: G::AssignedCourier, pays: C::Settle, ..row("9", V::Deliver, E::Delivered, "The customer has the food.") },
        Transition { from: &[S::Ready], legs: &[L::Collection], to: Some(S::Collected), who: &[R::Restaurant],
            guard: G::PickUpCode, pays: C::Settle, ..row("10", V::HandOver, E::Collected, "The customer has fetched the food.") },
        Transition { from: &[S::OutForDelivery], legs: CARRIED, to: Some(S::DeliveryFailed), leg: Some(L::Failed), who: &[R::Courier],
            guard: G::AssignedCourierListedReason,
            ..row("11", V::Fail, E::DeliveryFailed, "The food could not be handed over; to be resolved in 30 minutes.") },
        Transition { from: &[S::DeliveryFailed], to: Some(S::OutForDelivery), leg: Some(L::PickedUp), who: &[R::Ops, R::Customer],
            guard: G::OnceAndInZone, ..row("12", V::Redeliver, E::Redelivering, "Another attempt, perhaps elsewhere.") },
        Transition { from: &[S::Scheduled, S::Placed], to: Some(S::Cancelled), who: &[R::Customer], guard: G::ListedReason, pays: C::Void,
            ..row("13", V::Cancel, E::Cancelled, "The customer calls it off before anyone accepted.") },
        Transition { from: &[S::Accepted], to: Some(S::Cancelled), who: &[R::Customer], guard: G::WithinAMinute, pays: C::RefundAll,
            ..row("14", V::Cancel, E::Cancelled, "The customer thinks better of it at once; later, ops can.") },
        Transition { from: KITCHEN, to: Some(S::Cancelled), who: &[R::Restaurant], guard: G::ListedReason, pays: C::RefundAll,
            ..row("15", V::Cancel, E::Cancelled, "The restaurant cannot keep its promise.") },
        Transition { from: &[S::Scheduled, S::Placed], to: Some(S::Cancelled), who: &[R::Ops, R::System], guard: G::ListedReason,
            pays: C::Void, ..row("16", V::Cancel, E::Cancelled, "Overrides everyone before anyone accepted.") },
        Transition { from: &[S::Accepted], to: Some(S::Cancelled), who: &[R::Ops, R::System], guard: G::ListedReason,
            pays: C::RefundAll, ..row("16b", V::Cancel, E::Cancelled, "Overrides everyone before the food is made.") },
        Transition { from: MADE, to: Some(S::Cancelled), who: &[R::Ops, R::System], guard: G::ListedReason, pays: C::RefundHalf,
            ..row("16c", V::Cancel, E::Cancelled, "Overrides everyone; the food was made. Also a failed delivery that nobody resolved.") },
        Transition { from: &[S::Accepted, S::Preparing], who: &[R::Restaurant], guard: G::LaterAtMostTwice,
            ..row("17", V::Delay, E::Delayed, "It takes longer than promised.") },
        Transition { from: KITCHEN, legs: &[L::Unassigned], leg: Some(L::Assigned), who: &[R::Courier], guard: G::CourierNamed,
            ..row("18", V::Claim, E::CourierAssigned, "A courier takes the job.") },
        Transition { from: KITCHEN, legs: &[L::Unassigned], leg: Some(L::Assigned), who: &[R::Restaurant, R::Ops], guard: G::CourierNamed,
            ..row("19", V::Assign, E::CourierAssigned, "A courier is given the job.") },
        Transition { from: KITCHEN, legs: BOOKED, leg: Some(L::Unassigned), who: &[R::Courier, R::Restaurant, R::Ops], guard: G::OwnJob,
            ..row("20", V::Unassign, E::CourierUnassigned, "The job is open again.") },
        Transition { from: KITCHEN, legs: &[L::Assigned], leg: Some(L::AtRestaurant), who: &[R::Courier], guard: G::AssignedCourier,
            ..row("21", V::Arrive, E::CourierArrived, "The courier waits at the restaurant.") },
        Transition { from: &[S::OutForDelivery], legs: &[L::PickedUp], leg: Some(L::AtCustomer), who: &[R::Courier], guard: G::AssignedCourier,
            ..row("22", V::Arrive, E::CourierArrived, "The courier is at the door.") },
    ]
};

/// The row that an event by a role between these stages came from, if the table has one; rows that differ in the leg alone
/// count as one. Asserted where a stage changes and where it is read back.
pub fn taken(from: Option<Stage>, event: EventKind, to: Stage, by: Role) -> Option<&'static Transition> {
    TRANSITIONS.iter().find(|row| {
        row.event == event
            && row.to.or(from) == Some(to)
            && from.map_or(row.from.is_empty(), |stage| row.from.contains(&stage))
            && row.who.contains(&by)
    })
}

/// The row for a verb of a role from a stage and leg.
pub fn find(stage: Stage, leg: Leg, verb: Verb, role: Role) -> Option<&'static Transition> {
    rows_from(stage, leg).find(|row| row.verb == verb && row.who.contains(&role))
}

/// What a role may ask of an order in this stage and leg, in the table's order.
pub fn allowed(stage: Stage, leg: Leg, role: Role) -> Vec<Verb> {
    rows_from(stage, leg).filter(|row| row.who.contains(&role)).map(|row| row.verb).collect()
}

/// Who may ask a verb at all, in the table's order; the first is the usual one.
pub fn who(verb: Verb) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    let rows = TRANSITIONS.iter().filter(|row| row.verb == verb);
    rows.flat_map(|row| row.who).for_each(|role| {
        if !roles.contains(role) {
            roles.push(*role)
        }
    });
    roles
}

fn rows_from(stage: Stage, leg: Leg) -> impl Iterator<Item = &'static Transition> {
    TRANSITIONS.iter().filter(move |row| row.from.contains(&stage) && (row.legs.is_empty() || row.legs.contains(&leg)))
}

/// The reasons that a role may give for a verb.
pub fn reasons(verb: Verb, role: Role) -> &'static [Reason] {
    use Reason::*;
    match (verb, role) {
        (Verb::Reject, Role::Restaurant) => &[Busy, ClosingEarly, ItemUnavailable, TooFar, NoCourier, Other],
        (Verb::Fail, Role::Courier) => {
            &[CustomerAbsent, CouldNotReachCustomer, AddressError, PackageDamaged, CourierProblem, Other]
        }
        (Verb::Cancel, Role::Customer) => &[ChangedMind, DeliveryTooLong, MadeMistake, Other],
        (Verb::Cancel, Role::Restaurant) => {
            &[CustomerAbsent, CustomerRequested, NoCourier, FakeOrder, ItemUnavailable, Busy, ClosingEarly, Other]
        }
        (Verb::Cancel, Role::Ops) => Reason::ALL,
        (Verb::Cancel, Role::System) => &[DeliveryUnresolved, TestOrder, Other],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_terminal_stage_and_everything_open_can_end() {
        for stage in Stage::ALL {
            let leaves = TRANSITIONS.iter().any(|row| row.from.contains(stage));
            assert_ne!(leaves, stage.is_terminal(), "{stage:?}");
        }
    }

    #[test]
    fn every_row_has_an_actor_and_no_two_answer_the_same_question() {
        for row in TRANSITIONS {
            assert!(!row.who.is_empty() && !row.doc.is_empty(), "{}", row.row);
        }
        for stage in Stage::ALL {
            for leg in Leg::ALL {
                for role in Role::ALL {
                    let verbs = allowed(*stage, *leg, *role);
                    let mut unique = verbs.clone();
                    unique.sort_unstable();
                    unique.dedup();
                    assert_eq!(verbs.len(), unique.len(), "{stage:?} {leg:?} {role:?}");
                }
            }
        }
    }

    #[test]
    fn only_couriers_move_food_and_only_the_system_fires_timers() {
        assert_eq!(who(Verb::PickUp), [Role::Courier]);
        assert_eq!(who(Verb::Deliver), [Role::Courier]);
        assert_eq!(who(Verb::Expire), [Role::System]);
        assert_eq!(who(Verb::Cancel), [Role::Customer, Role::Restaurant, Role::Ops, Role::System]);
        assert_eq!(allowed(Stage::Placed, Leg::Unassigned, Role::Restaurant), [Verb::Accept, Verb::Reject]);
    }

    #[test]
    fn a_move_that_is_not_in_the_table_was_never_taken() {
        use {EventKind as E, Role as R};
        let row = |from, event, to, by| taken(from, event, to, by).map(|row| row.row);
        assert_eq!(row(None, E::Placed, Stage::Placed, R::Customer), Some("1"));
        assert_eq!(row(Some(Stage::Ready), E::CourierAssigned, Stage::Ready, R::Courier), Some("18"));
        assert_eq!(row(Some(Stage::Ready), E::CourierAssigned, Stage::Preparing, R::Courier), None);
        assert_eq!(row(Some(Stage::Placed), E::Delivered, Stage::Delivered, R::Courier), None);
        assert_eq!(row(None, E::Accepted, Stage::Accepted, R::Restaurant), None);
        assert_eq!(row(Some(Stage::Accepted), E::Cancelled, Stage::Cancelled, R::Customer), Some("14"));
        assert_eq!(row(Some(Stage::Ready), E::Cancelled, Stage::Cancelled, R::Customer), None);
    }

    #[test]
    fn rows_that_a_history_cannot_tell_apart_do_the_same_to_the_payment() {
        for (place, row) in TRANSITIONS.iter().enumerate() {
            for other in &TRANSITIONS[..place] {
                let meet = row.from.iter().any(|stage| other.from.contains(stage))
                    && row.who.iter().any(|role| other.who.contains(role));
                let same = (row.event, row.to) == (other.event, other.to);
                assert!(!meet || !same || row.pays == other.pays, "{} and {}", other.row, row.row);
            }
        }
    }

    #[test]
    fn every_way_out_that_serves_nobody_voids_or_refunds() {
        for row in TRANSITIONS.iter().filter(|row| row.to.is_some_and(Stage::is_terminal)) {
            let served = matches!(row.to, Some(Stage::Delivered | Stage::Collected));
            let back = matches!(row.pays, Charge::Void | Charge::RefundAll | Charge::RefundHalf);
            assert!(if served { row.pays == Charge::Settle } else { back }, "{}", row.row);
        }
    }
}
