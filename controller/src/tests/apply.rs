//! What comes of a plan at the view store (P1, V4): one that wins, loses, refuses, fails, or does not answer.
use super::first;
use crate::apply::{Applied, apply, read};
use crate::clock::Clock;
use crate::limits::AGAIN_MS;
use crate::observe::Observer;
use crate::plan::{Plan, Step};
use futures_util::future::BoxFuture;
use group::choose::Store;
use group::limits::DECISION_MS;
use group::{BootId, Pod, Time, View, Writer};
use member::client::Watch;
use std::collections::BTreeSet;
use std::sync::Mutex;
use tokio::sync::watch;
use view::{Denial, Outcome, Sight, StoreError, ViewStore};

/// A store that answers as it is told, and notes what it is asked.
#[derive(Debug)]
struct Told {
    /// How the next write ends; it never does if nothing is said.
    ends: Mutex<Option<Outcome>>,
    holds: Option<View>,
    clock: Clock,
    /// What was asked, and when.
    asked: Mutex<Vec<(&'static str, Time)>>,
}

impl Told {
    fn note(&self, what: &'static str) {
        self.asked.lock().unwrap().push((what, self.clock.now().mono));
        // Its answer comes later than the question.
        let asked = self.clock.now().mono;
        while self.clock.now().mono == asked {}
    }
    fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().unwrap().iter().map(|(what, _)| *what).collect()
    }
    fn end(&self, what: &'static str) -> BoxFuture<'_, Outcome> {
        self.note(what);
        let end = self.ends.lock().unwrap().take();
        Box::pin(async move {
            match end {
                Some(end) => end,
                None => std::future::pending().await,
            }
        })
    }
}

impl ViewStore for Told {
    fn get(&self) -> BoxFuture<'_, Result<Option<View>, StoreError>> {
        self.note("get");
        Box::pin(async { Ok(self.holds.clone()) })
    }
    fn watch(&self) -> watch::Receiver<Sight> {
        watch::channel(Sight::Unread).1
    }
    fn compare_and_swap(&self, _: u64, _: View, writer: Writer) -> BoxFuture<'_, Outcome> {
        assert_eq!(writer, Writer::Controller);
        self.end("swap")
    }
    fn create(&self, _: View) -> BoxFuture<'_, Outcome> {
        self.end("create")
    }
    fn rebuild(&self, _: Option<u64>, _: View) -> BoxFuture<'_, Outcome> {
        self.end("rebuild")
    }
}

fn second() -> View {
    let view = first();
    view.promote(&view.primary, BootId(2), &view.in_sync, view.change)
}

/// A controller that sees nobody, and a store that holds the first view.
fn scene(end: Option<Outcome>) -> (Observer, Told) {
    let clock = Clock::start();
    let holds = Some(first());
    let store = Told { ends: Mutex::new(end), holds, clock, asked: Mutex::default() };
    let observer = Observer::new(clock, Watch::start("controller-0", member::directory([])), store.watch());
    (observer, store)
}

fn planned(step: Step, at: Time) -> Plan {
    Plan { step, conditions: Vec::new(), look_again: None, at }
}

async fn write(end: Option<Outcome>) -> (Applied, Observer, Told) {
    let (mut observer, store) = scene(end);
    let plan = planned(Step::Write { base: 1, next: second() }, observer.clock.now().mono);
    let applied = apply(plan, &mut observer, &store).await;
    (applied, observer, store)
}

#[tokio::test]
async fn p1_a_decision_older_than_a_second_is_discarded() {
    for step in [Step::Write { base: 1, next: second() }, Step::Create(first()), Step::Read] {
        let (mut observer, store) = scene(Some(Outcome::Written));
        let late = Time(observer.clock.now().mono.0 - (DECISION_MS + 1) * 1_000);
        let applied = apply(planned(step, late), &mut observer, &store).await;
        assert!(matches!(applied, Applied::Not { again: None }), "{applied:?}");
        assert_eq!(store.asked(), [""; 0]);
    }
}

#[tokio::test]
async fn what_was_written_is_taken_in_before_a_watch_shows_it() {
    let (applied, observer, store) = write(Some(Outcome::Written)).await;
    assert!(matches!(&applied, Applied::Wrote { next, .. } if *next == second()), "{applied:?}");
    assert_eq!((observer.seen.view(), store.asked()), (Some(&second()), vec!["swap"]));
}

#[tokio::test]
async fn v2_a_birth_creates_and_swaps_nothing() {
    let (mut observer, store) = scene(Some(Outcome::Written));
    let plan = planned(Step::Create(first()), observer.clock.now().mono);
    assert!(matches!(apply(plan, &mut observer, &store).await, Applied::Wrote { .. }));
    assert_eq!(store.asked(), ["create"]);
}

#[tokio::test]
async fn a_lost_race_is_followed_by_a_fresh_read_and_by_no_pause() {
    let (applied, observer, store) = write(Some(Outcome::Lost)).await;
    assert!(matches!(applied, Applied::Not { again: None }), "{applied:?}");
    assert_eq!((observer.seen.view(), store.asked()), (Some(&first()), vec!["swap", "get"]));
}

#[tokio::test]
async fn v4_after_a_write_of_unknown_outcome_the_store_is_read_and_then_left_alone_for_a_while() {
    let refused = Denial::Server { code: 403, why: "no".into() };
    for end in [Outcome::Unknown(StoreError::Stopped), Outcome::Refused(refused)] {
        let (applied, observer, store) = write(Some(end)).await;
        let Applied::Not { again: Some(again) } = applied else { panic!("{applied:?}") };
        let began = store.asked.lock().unwrap()[0].1;
        assert!(again >= began.plus_ms(AGAIN_MS) && again <= observer.clock.now().mono.plus_ms(AGAIN_MS));
        assert_eq!((observer.seen.view(), store.asked()), (Some(&first()), vec!["swap", "get"]));
    }
}

/// The time of the runtime passes at once, since nobody does anything else.
#[tokio::test(start_paused = true)]
async fn v4_a_write_without_an_answer_is_waited_for_no_longer_than_two_seconds() {
    let (applied, ..) = tokio::time::timeout(crate::limits::STORE_TIME * 2, write(None)).await.expect("it is given up");
    assert!(matches!(applied, Applied::Not { again: Some(_) }), "{applied:?}");
}

/// A member that tells of a higher view after the read began may know one that the read could not show (V3).
#[tokio::test]
async fn v3_a_read_is_as_fresh_as_the_moment_at_which_it_began() {
    let (mut observer, store) = scene(None);
    assert_eq!(read(&mut observer, &store).await.unwrap(), Some(first()));
    let asked = store.asked.lock().unwrap()[0].1;
    assert!(observer.seen.read_afresh().unwrap() <= asked);
    assert_eq!(*observer.seen.store(), Store::Is(first()));
}

#[tokio::test]
async fn whom_the_controller_asks_it_has_asked() {
    let (mut observer, store) = scene(None);
    let pods = BTreeSet::from([Pod::new("replica-1")]);
    let plan = planned(Step::Ask(pods), observer.clock.now().mono);
    assert!(matches!(apply(plan, &mut observer, &store).await, Applied::Nothing));
    assert!(observer.seen.member(&Pod::new("replica-1")).unwrap().asked.is_some());
    assert_eq!(store.asked(), [""; 0]);
}
