//! Connections as callers may misuse them: slow, silent, garbled, too many; and a stop in the middle.
use super::*;
use axum::routing::get;
use std::time::Duration;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

fn routes() -> Router {
    let slow = || async {
        sleep(Duration::from_secs(2)).await;
        "slow\n"
    };
    Router::new().route("/", get(|| async { "here\n" })).route("/slow", get(slow))
}

/// One connection without a socket, and the caller's end of it.
fn connected() -> (GracefulShutdown, DuplexStream) {
    let graceful = GracefulShutdown::new();
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    tokio::spawn(connection(&graceful, ours, routes(), Metrics::default()));
    (graceful, theirs)
}

async fn all(mut stream: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    // A connection that is cut may end in an error: what came before counts.
    let _ = stream.read_to_string(&mut text).await;
    text
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_is_not_waited_for_for_ever() {
    for begun in ["", "GET / HTT", "GET / HTTP/1.1\r\nhost: x\r\n"] {
        let (_graceful, mut stream) = connected();
        let began = Instant::now();
        stream.write_all(begun.as_bytes()).await.unwrap();
        assert!(!all(stream).await.contains("200 OK"), "{begun:?}");
        assert!(began.elapsed() <= limits::HEAD_TIME + Duration::from_secs(1), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_http_gets_400_and_a_head_that_is_too_large_431() {
    let many: String = (0..limits::HEADERS + 1).map(|number| format!("h{number}: x\r\n")).collect();
    let long = format!("long: {}\r\n", "x".repeat(2 * limits::HEAD_BYTES));
    for (request, status) in [
        ("\u{16}\u{3}\u{1} hello\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), ""),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{long}\r\n"), "431"),
    ] {
        let (_graceful, mut stream) = connected();
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = all(stream).await;
        assert!(answer.contains(status) && !answer.contains("200 OK"), "{status}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn several_requests_on_one_connection_are_answered_in_order() {
    let (_graceful, mut stream) = connected();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(all(stream).await.matches("here\n").count(), 2);
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_and_takes_nothing_new() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, routes(), Metrics::default(), async { drop(stopped.await) }));
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    // The idle one was answered, so the busy one, which came before, is in flight.
    stop.send(()).unwrap();
    assert!(all(busy).await.contains("slow\n"));
    all(idle).await;
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn one_connection_too_many_is_told_to_come_back() {
    let (mut ours, theirs) = tokio::io::duplex(64 << 10);
    refuse(&mut ours).await;
    drop(ours);
    let text = all(theirs).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503") && head.contains("retry-after: 1"), "{head}");
    assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
    assert_eq!(serde_json::from_str::<Problem>(body).unwrap().code, "not_executed");
}
