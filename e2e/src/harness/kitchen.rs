//! Clients beside those who order: a kitchen that takes some of the orders on and looks at them in between, and a subscriber
//! who is told of everything. Both write down what they learn.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use api::v1::paths;
use client::{Call, Told, Traffic, Trouble};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::history::{History, Learned};

/// The kitchen takes every so many'th order on.
const EVERY: usize = 10;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// By then everything that was answered must have been told: what has not been is a gap.
const TOLD_WITHIN: Duration = Duration::from_secs(10);
/// Orders that are being taken on have ended by then: six calls, each repeated as clients do.
const DONE_WITHIN: Duration = Duration::from_secs(72);
/// What is done with an order, one after the other.
const STEPS: [&str; 3] = ["accept", "start", "ready"];

/// Kitchen and subscriber at work.
#[derive(Debug)]
pub(super) struct Kitchen {
    shared: Rc<Shared>,
    subscriber: JoinHandle<Result<(), Trouble>>,
    cook: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    history: RefCell<History>,
    errors: RefCell<Vec<String>>,
    is_closing: Cell<bool>,
    under_way: Cell<usize>,
}

impl Kitchen {
    /// Opens at once. Must be called on a `LocalSet`.
    pub(super) fn open(traffic: &Traffic) -> Kitchen {
        let shared = Rc::new(Shared::default());
        let (follower, heard) = (traffic.clone(), Rc::clone(&shared));
        let subscriber = tokio::task::spawn_local(async move { follower.follow(|told| heard.hear(told)).await });
        let cook = tokio::task::spawn_local(cook(traffic.clone(), Rc::clone(&shared)));
        Kitchen { shared, subscriber, cook }
    }

    /// Finishes what was begun and waits until everything has been told. What was wrong with the events, the calls that
    /// got no answer, and all that was done to orders and seen of them. The traffic must have stopped.
    pub(super) async fn close(self, may_reset: bool) -> (Vec<String>, Vec<String>, Vec<Call>) {
        self.shared.is_closing.set(true);
        let _ended = self.cook.await;
        self.shared.until(DONE_WITHIN, |shared| shared.under_way.get() == 0).await;
        self.shared.until(TOLD_WITHIN, |shared| shared.history.borrow().untold() == 0).await;
        let mut errors = self.shared.errors.take();
        if self.subscriber.is_finished()
            && let Ok(Err(trouble)) = self.subscriber.await
        {
            errors.push(format!("subscribe: {trouble}"));
        }
        let history = self.shared.history.borrow();
        (history.faults(may_reset), errors, history.calls())
    }
}

impl Shared {
    /// Waits until it is so, but no longer than this: what is judged then is what is there.
    async fn until(&self, within: Duration, is_so: impl Fn(&Shared) -> bool) {
        let so = async {
            while !is_so(self) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let _judged_all_the_same = tokio::time::timeout(within, so).await;
    }

    fn hear(&self, told: Told) {
        match told {
            Told::Changed(event) => self.history.borrow_mut().told(&event),
            Told::Reset(reason) => self.history.borrow_mut().reset(reason),
        }
    }

    fn learn(&self, order: &str, begun_us: u64, done_us: u64, version: u64, is_change: bool) {
        let order = order.to_owned();
        self.history.borrow_mut().learn(Learned { order, begun_us, done_us, version, is_change });
    }
}

/// Writes every acknowledged order down and takes some of them on.
async fn cook(traffic: Traffic, shared: Rc<Shared>) {
    let mut seen = 0;
    let mut count: usize = 0;
    loop {
        let is_last = shared.is_closing.get();
        let (placed, next) = traffic.acknowledged(seen);
        seen = next;
        for (order, begun_us, done_us) in placed {
            shared.learn(&order, begun_us, done_us, 1, true);
            count += 1;
            if count.is_multiple_of(EVERY) {
                shared.under_way.set(shared.under_way.get() + 1);
                tokio::task::spawn_local(take_on(traffic.clone(), Rc::clone(&shared), order));
            }
        }
        if is_last {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn take_on(traffic: Traffic, shared: Rc<Shared>, order: String) {
    if let Err(error) = take_on_until_ready(&traffic, &shared, &order).await {
        shared.errors.borrow_mut().push(format!("order {order}: {error}"));
    }
    shared.under_way.set(shared.under_way.get() - 1);
}

async fn take_on_until_ready(traffic: &Traffic, shared: &Shared, order: &str) -> Result<()> {
    for step in STEPS {
        let begun_us = traffic.now_us();
        let answer = traffic.post(&paths::order_command(order, step), &json!({})).await;
        if answer.is_err() {
            shared.history.borrow_mut().unsure(order, begun_us);
        }
        let answer = answer?;
        shared.learn(order, begun_us, traffic.now_us(), version(&answer)?, true);
        let begun_us = traffic.now_us();
        let answer = traffic.get(&format!("{}/{order}", paths::ORDERS)).await?;
        shared.learn(order, begun_us, traffic.now_us(), version(&answer)?, false);
    }
    Ok(())
}

fn version(order: &Value) -> Result<u64> {
    let version = order["version"].as_u64();
    ensure!(version.is_some(), "an answer without a version: {order}");
    Ok(version.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::event::OrderEvent;
    use api::v1::order::Stage;
    use api::v1::time::Timestamp;

    /// One order was answered and a subscriber hears of it after this time, if at all: what is found, and when.
    async fn judged(hears_after: Option<Duration>) -> (Vec<String>, Duration) {
        let begun = tokio::time::Instant::now();
        let shared = Rc::new(Shared::default());
        shared.learn("A", 0, 10, 1, true);
        let late = async {
            let Some(after) = hears_after else { return std::future::pending().await };
            tokio::time::sleep(after).await;
            let (order, event) = ("A".to_owned(), "order.placed".to_owned());
            shared.hear(Told::Changed(OrderEvent {
                order,
                version: 1,
                stage: Stage::Placed,
                at: Timestamp::from_ms(0),
                event,
            }));
            std::future::pending().await
        };
        tokio::select! {
            () = shared.until(TOLD_WITHIN, |shared| shared.history.borrow().untold() == 0) => {}
            () = late => {}
        }
        (shared.history.borrow().faults(false), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_subscriber_that_lags_is_waited_for_and_nothing_is_amiss() {
        let (faults, took) = judged(Some(Duration::from_secs(6))).await;
        assert_eq!(faults, [""; 0]);
        assert!(took < Duration::from_secs(7), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_never_comes_is_a_gap_when_patience_ends() {
        let (faults, took) = judged(None).await;
        assert_eq!(faults, ["order A: version 1 was answered, events end at 0"]);
        assert!(took >= TOLD_WITHIN, "{took:?}");
    }
}
