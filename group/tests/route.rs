//! Stories of a front end's belief: each rule of parking, sending again and giving up, by name. No socket, no clock.
use bytes::Bytes;
use group::route::{Demand, Failure, Input, Output, Route};
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, Time, View, limits};

struct Front {
    route: Route,
    now: Time,
    last_ticket: u64,
}

fn view(number: u64, primary: &str) -> View {
    let members = ["a", "b", "c"].map(Pod::from);
    View {
        group: GroupId(1),
        version: number,
        epoch: Epoch::new(0, number),
        primary: primary.into(),
        primary_boot: BootId(7),
        in_sync: members.iter().map(|pod| (pod.clone(), StorageId(1))).collect(),
        members: members.into(),
        min_in_sync: 2,
        change: Change { cause: Cause::Died, suspected_at: 0, decided_at: 0 },
    }
}

impl Front {
    fn knowing(primary: &str, up: &[&str]) -> Front {
        let mut front = Front { route: Route::new(), now: Time(0), last_ticket: 0 };
        for pod in up {
            front.does(Input::Up(Pod::from(*pod)));
        }
        front.does(Input::View(view(1, primary)));
        front
    }
    fn does(&mut self, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.route.step(self.now, input, &mut out);
        out
    }
    fn asks(&mut self, demand: Demand) -> Vec<Output> {
        self.last_ticket += 1;
        let bytes = Bytes::from(format!("request {}", self.last_ticket));
        self.does(Input::Request { ticket: self.last_ticket, demand, bytes })
    }
    fn after_ms(&mut self, ms: u64) -> Vec<Output> {
        self.now = self.now.plus_ms(ms);
        self.does(Input::Tick)
    }
}

fn sent(to: &str, ticket: u64) -> Output {
    Output::Send { to: to.into(), ticket, bytes: Bytes::from(format!("request {ticket}")) }
}
fn failed(ticket: u64, failure: Failure) -> Output {
    Output::Fail { ticket, failure }
}
fn down(pod: &str) -> Input {
    Input::Down { pod: pod.into(), refused: true }
}
fn not_primary(from: &str, ticket: u64, number: u64, primary: &str) -> Input {
    Input::NotPrimary {
        from: from.into(),
        ticket: Some(ticket),
        epoch: Epoch::new(0, number),
        primary: Some(primary.into()),
    }
}
fn draining(from: &str, ticket: Option<u64>) -> Input {
    Input::Draining { from: from.into(), ticket, epoch: Epoch::new(0, 1) }
}

#[test]
fn a_request_goes_to_the_primary_and_the_first_answer_is_delivered_once() {
    let mut front = Front::knowing("a", &["a", "b"]);
    assert_eq!(front.asks(Demand::Write), [sent("a", 1)]);
    assert_eq!(front.does(Input::Answered { ticket: 1 }), [Output::Deliver { ticket: 1 }]);
    assert_eq!(front.does(Input::Answered { ticket: 1 }), []);
}

#[test]
fn e1_what_the_dead_primary_did_not_answer_goes_unchanged_to_the_next() {
    let mut front = Front::knowing("a", &["a", "b"]);
    front.asks(Demand::Write);
    let suspect = Output::Suspect { pod: "a".into(), epoch: Epoch::new(0, 1), refused: true };
    assert_eq!(front.does(down("a")), [suspect]);
    assert_eq!(front.asks(Demand::Write), [], "it waits for a primary");
    assert_eq!(front.does(Input::View(view(2, "b"))), [sent("b", 1), sent("b", 2)]);
    assert_eq!(front.route.resent(), 1);
}

#[test]
fn what_a_demoted_primary_holds_is_sent_on_though_its_connection_is_still_there() {
    let mut front = Front::knowing("a", &["a", "b"]);
    front.asks(Demand::Write);
    assert_eq!(front.does(Input::View(view(2, "b"))), [sent("b", 1)]);
    assert_eq!(front.does(Input::View(view(1, "a"))), [], "an old view changes nothing");
}

#[test]
fn a_hint_of_a_higher_epoch_is_followed_at_once() {
    let mut front = Front::knowing("a", &["a", "b"]);
    front.asks(Demand::Write);
    assert_eq!(front.does(not_primary("a", 1, 2, "b")), [sent("b", 1)]);
}

#[test]
fn a_primary_that_does_not_lead_yet_is_asked_again_when_it_serves() {
    let mut front = Front::knowing("a", &["a"]);
    front.asks(Demand::Write);
    assert_eq!(front.does(not_primary("a", 1, 0, "c")), []);
    assert_eq!(front.asks(Demand::Read), []);
    let serving = Input::Serving { from: "a".into(), epoch: Epoch::new(0, 1) };
    assert_eq!(front.does(serving), [sent("a", 1), sent("a", 2)]);
}

#[test]
fn a_primary_that_sent_requests_away_is_probed_with_one_of_them() {
    let mut front = Front::knowing("a", &["a"]);
    front.asks(Demand::Write);
    front.asks(Demand::Write);
    front.does(not_primary("a", 1, 1, "a"));
    front.does(not_primary("a", 2, 1, "a"));
    assert_eq!(front.after_ms(limits::PROBE_MS - 1), []);
    assert_eq!(front.after_ms(1), [sent("a", 1)]);
    assert_eq!(front.does(Input::Answered { ticket: 1 }), [Output::Deliver { ticket: 1 }, sent("a", 2)]);
}

#[test]
fn h1_requests_wait_while_the_primary_drains_and_go_to_its_successor() {
    let mut front = Front::knowing("a", &["a", "b"]);
    front.asks(Demand::Write);
    assert_eq!(front.does(draining("a", None)), []);
    assert_eq!(front.asks(Demand::Write), []);
    assert_eq!(front.does(Input::Answered { ticket: 1 }), [Output::Deliver { ticket: 1 }], "what it took it finishes");
    assert_eq!(front.does(Input::View(view(2, "b"))), [sent("b", 2)]);
}

#[test]
fn h1_a_primary_that_takes_its_resignation_back_gets_the_waiting_requests() {
    let mut front = Front::knowing("a", &["a", "b"]);
    front.asks(Demand::Write);
    assert_eq!(front.does(draining("a", Some(1))), []);
    let serving = Input::Serving { from: "a".into(), epoch: Epoch::new(0, 1) };
    assert_eq!(front.does(serving), [sent("a", 1)]);
}

#[test]
fn e4_a_write_that_was_sent_and_not_answered_is_unknown() {
    let mut front = Front::knowing("a", &["a"]);
    front.asks(Demand::Write);
    front.does(down("a"));
    assert_eq!(front.after_ms(limits::PARK_MS), [failed(1, Failure::OutcomeUnknown)]);
    assert_eq!(front.route.pending(), 0);
}

#[test]
fn e4_a_write_that_was_never_sent_or_only_refused_is_not_executed() {
    let mut front = Front::knowing("a", &["a"]);
    front.asks(Demand::Write);
    front.does(draining("a", Some(1)));
    front.does(down("a"));
    front.asks(Demand::Write);
    let expected = [failed(1, Failure::NotExecuted), failed(2, Failure::NotExecuted)];
    assert_eq!(front.after_ms(limits::PARK_MS), expected);
}

#[test]
fn e4_a_refusal_after_an_unanswered_send_leaves_it_unknown() {
    let mut front = Front::knowing("a", &["a", "b"]);
    front.asks(Demand::Write);
    front.does(Input::View(view(2, "b")));
    front.does(Input::Draining { from: "b".into(), ticket: Some(1), epoch: Epoch::new(0, 2) });
    front.does(down("b"));
    assert_eq!(front.after_ms(limits::PARK_MS), [failed(1, Failure::OutcomeUnknown)]);
}

#[test]
fn a_read_that_was_not_answered_had_no_effect() {
    let mut front = Front::knowing("a", &["a"]);
    front.asks(Demand::Read);
    assert_eq!(front.after_ms(limits::PARK_MS), [failed(1, Failure::NotExecuted)]);
}

#[test]
fn more_than_the_bound_is_turned_away_at_once_and_nothing_that_waits_is_dropped() {
    let mut front = Front::knowing("a", &[]);
    for _ in 0..limits::PARK_REQUESTS {
        assert_eq!(front.asks(Demand::Write), []);
    }
    assert_eq!(front.asks(Demand::Write), [failed(front.last_ticket, Failure::Full)]);
    assert_eq!(front.does(Input::Up("a".into())).len(), limits::PARK_REQUESTS);
}

#[test]
fn a_read_for_anyone_goes_to_a_backup_and_from_a_frozen_one_to_the_next() {
    let mut front = Front::knowing("a", &["a", "b", "c"]);
    assert_eq!(front.asks(Demand::Any), [sent("b", 1)]);
    assert_eq!(front.after_ms(limits::HEDGE_MS), [sent("c", 1)]);
    assert_eq!(front.does(down("c")), [sent("b", 1)]);
}

#[test]
fn a_read_for_anyone_is_answered_without_a_primary() {
    let mut front = Front { route: Route::new(), now: Time(0), last_ticket: 0 };
    assert_eq!(front.asks(Demand::Any), []);
    assert_eq!(front.does(Input::Up("c".into())), [sent("c", 1)]);
}

#[test]
fn a_caller_that_went_away_is_not_sent_for() {
    let mut front = Front::knowing("a", &[]);
    front.asks(Demand::Write);
    front.asks(Demand::Any);
    assert_eq!(front.route.parked(), 2);
    front.does(Input::Forget { ticket: 1 });
    front.does(Input::Forget { ticket: 2 });
    assert_eq!((front.route.parked(), front.route.pending()), (0, 0));
    assert_eq!(front.does(Input::Up("a".into())), []);
}

#[test]
fn only_a_read_for_anyone_is_sent_to_a_second_member_and_only_when_the_first_is_late() {
    let mut front = Front::knowing("a", &["a", "b", "c"]);
    front.asks(Demand::Write);
    front.asks(Demand::Read);
    assert_eq!(front.after_ms(limits::HEDGE_MS), []);
    assert_eq!(front.asks(Demand::Any), [sent("b", 3)]);
    assert_eq!(front.after_ms(limits::HEDGE_MS - 1), []);
    assert_eq!(front.after_ms(1), [sent("c", 3)]);
    let course = front.route.course(3).unwrap();
    assert_eq!((course.since, course.sent_at, course.tries), (Time(0).plus_ms(limits::HEDGE_MS), front.now, 2));
    assert_eq!(front.route.course(4), None);
}

#[test]
fn e4_a_member_that_takes_no_more_has_done_nothing_but_another_may_have() {
    let busy = |from: &str, ticket| Input::Busy { from: from.into(), ticket };
    let mut front = Front::knowing("a", &["a", "b"]);
    front.asks(Demand::Write);
    assert_eq!(front.does(busy("b", 1)), [], "it was not asked");
    assert_eq!(front.does(busy("a", 1)), [failed(1, Failure::Full)]);
    front.asks(Demand::Write);
    front.asks(Demand::Read);
    front.does(Input::View(view(2, "b")));
    assert_eq!(front.does(busy("b", 2)), [failed(2, Failure::OutcomeUnknown)], "a may have executed it");
    assert_eq!(front.does(busy("b", 3)), [failed(3, Failure::Full)], "a read has no effect");
    assert_eq!(front.does(busy("b", 3)), []);
}

#[test]
fn e4_a_write_that_waited_through_a_change_of_primary_was_not_executed() {
    let mut front = Front::knowing("a", &[]);
    front.asks(Demand::Write);
    front.does(Input::View(view(2, "b")));
    assert_eq!(front.after_ms(limits::PARK_MS), [failed(1, Failure::NotExecuted)]);
}

#[test]
fn within_an_epoch_a_belief_is_only_completed() {
    let mut front = Front::knowing("a", &["a", "b"]);
    front.asks(Demand::Write);
    assert_eq!(front.does(not_primary("b", 1, 1, "b")), [], "the view says a, and b has not been asked");
    assert_eq!(front.asks(Demand::Write), [sent("a", 2)]);
    let nobody_known =
        |number| Input::NotPrimary { from: "a".into(), ticket: None, epoch: Epoch::new(0, number), primary: None };
    assert_eq!(front.does(nobody_known(2)), []);
    assert_eq!(front.route.parked(), 2);
    assert_eq!(front.does(not_primary("a", 9, 1, "a")), [], "that was the epoch before");
    let serving = Input::Serving { from: "b".into(), epoch: Epoch::new(0, 2) };
    assert_eq!(front.does(serving), [sent("b", 1), sent("b", 2)]);
    assert_eq!((front.route.parked(), front.route.resent()), (0, 2));
}

#[test]
fn a_primary_is_not_probed_with_a_request_that_nobody_waits_for() {
    let mut front = Front::knowing("a", &["a"]);
    for ticket in 1..=3 {
        front.asks(Demand::Write);
        front.does(not_primary("a", ticket, 1, "a"));
    }
    front.does(Input::Forget { ticket: 1 });
    assert_eq!(front.route.parked(), 2);
    assert_eq!(front.after_ms(limits::PROBE_MS), [sent("a", 2)]);
    assert_eq!(front.route.parked(), 1, "it is under way");
}

#[test]
fn as_many_bytes_wait_as_the_bound_says() {
    let mut front = Front::knowing("a", &[]);
    let of = |ticket, length| Input::Request { ticket, demand: Demand::Write, bytes: Bytes::from(vec![0; length]) };
    assert_eq!(front.does(of(1, limits::PARK_BYTES)), []);
    assert_eq!(front.does(of(2, 1)), [failed(2, Failure::Full)]);
    front.does(Input::Forget { ticket: 1 });
    assert_eq!(front.does(of(3, 1)), []);
}
