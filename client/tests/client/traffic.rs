//! The traffic of harnesses, and those who follow it.

use std::time::Duration;

use client::{Told, Traffic};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use crate::fake::Fake;

const WITHIN: Duration = Duration::from_secs(10);
const EVENT: &str = "id: later\ndata: {\"order\":\"A\",\"version\":1,\"stage\":\"placed\",\"at\":\"2030-01-01T12:00:00Z\",\"event\":\"order.placed\"}\n\n";

#[test]
fn whoever_follows_the_traffic_hears_it_from_before_its_first_order_on() {
    let fake = Fake::start();
    fake.state().streams.push_back(EVENT.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let traffic = Traffic::start(&fake.url(), 200.0).await.unwrap();
        // The subscriber comes late, as it may on a busy machine.
        let some = async {
            while traffic.acknowledged(0).1 < 5 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(WITHIN, some).await.unwrap();
        let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
        let told = timeout(WITHIN, async {
            tokio::select! {
                ended = traffic.follow(|told| heard.send(told).unwrap()) => panic!("{ended:?}"),
                told = hears.recv() => told.unwrap(),
            }
        });
        assert!(matches!(told.await.unwrap(), Told::Changed(event) if event.order == "A"));
        traffic.stop().await;
    });
    assert_eq!(fake.state().asked_from[0].as_deref(), Some("after-0"));
}

#[test]
fn no_order_begins_once_the_traffic_has_stopped() {
    let fake = Fake::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = LocalSet::new();
    let traffic = local.block_on(&runtime, async {
        let traffic = Traffic::start(&fake.url(), 50.0).await.unwrap();
        let none_under_way = async {
            while traffic.acknowledged(0).1 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(WITHIN, none_under_way).await.unwrap();
        traffic.stop().await;
        traffic
    });
    let orders = fake.state().orders.len();
    // When every task has ended, nobody is left who could begin one.
    runtime.block_on(async { timeout(WITHIN, local).await }).unwrap();
    assert_eq!((fake.state().orders.len(), traffic.acknowledged(0).1), (orders, orders));
}
