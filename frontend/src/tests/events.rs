//! Events reach every subscriber once, whatever breaks between; on any front end, because the cursor is all there is.
use super::*;
use axum::body::BodyDataStream;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::timeout;

struct Listening {
    body: BodyDataStream,
    text: String,
}

/// One frame: its id, its event's name (empty for an id alone) and its data.
#[derive(Debug, Clone, PartialEq)]
struct Frame {
    id: String,
    name: String,
    data: Value,
}

impl Listening {
    async fn to(bench: &Bench, path: &str, last: Option<&str>) -> Listening {
        let request = Request::get(path).header("last-event-id", last.unwrap_or_default());
        let response = bench.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
            (200, "text/event-stream")
        );
        Listening { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next frame; none when the stream has ended.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
                let (id, name) = (field("id: "), field("event: "));
                let data = serde_json::from_str(&field("data: ")).unwrap_or_default();
                self.text = rest.to_owned();
                match id.is_empty() {
                    true => continue,
                    false => return Some(Frame { id, name, data }),
                }
            }
            let piece = timeout(Duration::from_secs(60), self.body.next()).await.expect("a frame within a minute")?;
            self.text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    }

    /// The next events, keep-alives passed over: order and version of each, and the last id.
    async fn events(&mut self, count: usize) -> (Vec<(String, u64)>, String) {
        let (mut all, mut id) = (Vec::new(), String::new());
        while all.len() < count {
            let frame = self.next().await.unwrap();
            id = frame.id;
            if frame.name == "order" {
                all.push((frame.data["order"].as_str().unwrap().to_owned(), frame.data["version"].as_u64().unwrap()));
            }
        }
        (all, id)
    }
}

async fn placed(bench: &Bench, number: usize) -> String {
    bench.place(&format!("key-number-{number:06}"), &order()).await.json["id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_from_a_reads_cursor_misses_nothing() {
    let bench = Bench::new();
    let id = placed(&bench, 0).await;
    let read = bench.get(&format!("/v1/orders/{id}")).await;
    bench.post(&format!("/v1/orders/{id}/accept"), json!({})).await;
    placed(&bench, 1).await;
    let path = format!("/v1/orders/{id}/events?after={}", read.header("jh-cursor"));
    let mut listening = Listening::to(&bench, &path, None).await;
    assert_eq!(listening.events(1).await.0, [(id.clone(), 2)]);
    bench.post(&format!("/v1/orders/{id}/start"), json!({})).await;
    assert_eq!(listening.events(1).await.0, [(id, 3)]);
}

#[tokio::test(start_paused = true)]
async fn broken_off_anywhere_and_resumed_the_events_are_all_there_once() {
    let bench = Bench::new();
    let start = bench.book.tip().to_string();
    let mut wanted = Vec::new();
    for number in 0..40 {
        wanted.push((placed(&bench, number).await, 1));
    }
    for step in [1, 3, 7, 40] {
        let (mut got, mut last) = (Vec::new(), start.clone());
        while got.len() < wanted.len() {
            // Each time on another front end before the same book: the cursor is all that goes over.
            let other = Bench::before(&bench.book);
            let mut listening = Listening::to(&other, "/v1/events", Some(&last)).await;
            let (events, id) = listening.events(step.min(wanted.len() - got.len())).await;
            got.extend(events);
            last = id;
        }
        assert_eq!(got, wanted, "in pieces of {step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restaurant_hears_of_its_own_orders_only() {
    let bench = Bench::new();
    let mut listening = Listening::to(&bench, "/v1/events?restaurant=cathedral-pizza", None).await;
    assert_eq!(listening.next().await.unwrap().name, "", "where it begins");
    let id = placed(&bench, 0).await;
    assert_eq!(listening.events(1).await.0, [(id, 1)]);
    let mut other = Listening::to(&bench, "/v1/events?restaurant=elvet-bakery&after=0-1", None).await;
    placed(&bench, 1).await;
    assert_eq!(other.next().await.unwrap().name, "", "a keep-alive and nothing else");
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_the_cursor_every_ten_seconds() {
    let bench = Bench::new();
    let id = placed(&bench, 0).await;
    let mut listening = Listening::to(&bench, &format!("/v1/orders/{id}/events"), None).await;
    listening.next().await.unwrap();
    placed(&bench, 1).await;
    let before = tokio::time::Instant::now();
    let alive = listening.next().await.unwrap();
    assert_eq!((alive.name.as_str(), alive.id), ("", bench.book.tip().to_string()));
    assert!((9..=11).contains(&before.elapsed().as_secs()), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_too_old_or_of_another_history_is_reset() {
    let bench = Bench::new();
    placed(&bench, 0).await;
    bench.book.trim(0);
    let mut listening = Listening::to(&bench, "/v1/events", Some("0-1")).await;
    let reset = listening.next().await.unwrap();
    assert_eq!((reset.name.as_str(), &reset.data["reason"]), ("reset", &json!("too_old")));
    assert_eq!(reset.id, bench.book.tip().to_string());
    let id = placed(&bench, 1).await;
    assert_eq!(listening.events(1).await.0, [(id, 1)], "it goes on from there");
    bench.book.lose();
    let reset = listening.next().await.unwrap();
    assert_eq!((reset.name.as_str(), &reset.data["reason"]), ("reset", &json!("other_history")));
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_ahead_of_the_replica_waits_for_it() {
    let bench = Bench::new();
    let ahead = format!("0-{}", bench.book.tip().seq + 1);
    let mut listening = Listening::to(&bench, "/v1/events", Some(&ahead)).await;
    placed(&bench, 0).await;
    let second = placed(&bench, 1).await;
    assert_eq!(listening.events(1).await.0, [(second, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_does_not_read_falls_back_to_the_log_and_loses_nothing() {
    let bench = Bench::new();
    let mut listening = Listening::to(&bench, "/v1/events", None).await;
    listening.next().await.unwrap();
    let mut wanted = Vec::new();
    for number in 0..crate::limits::EVENTS_WAITING * 2 {
        wanted.push((placed(&bench, number).await, 1));
    }
    assert_eq!(listening.events(wanted.len()).await.0, wanted);
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_the_streams() {
    let bench = Bench::new();
    let mut listening = Listening::to(&bench, "/v1/events", None).await;
    listening.next().await.unwrap();
    bench.stop.send_replace(true);
    assert_eq!(listening.next().await, None);
}
