//! Counts what passes, tells it to Prometheus, and tells the log of slow answers. Knows methods and statuses, not what requests mean.
use crate::app::App;
use crate::limits;
use axum::http::{Method, StatusCode};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

type Labels = [(&'static str, &'static str); 2];

/// What has passed. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<Labels, Counter>,
    times: Histogram,
    began: Instant,
    /// The next slow answer is told after this, in ms since `began`.
    told_after_ms: Arc<AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        // From 0.25 ms, where an undisturbed order is, to 16 s, beyond what a request may wait.
        let times = Histogram::new(exponential_buckets(0.000_25, 2.0, 17));
        Metrics { requests: Family::default(), times, began: Instant::now(), told_after_ms: Arc::default() }
    }
}

impl Metrics {
    /// Counts one answered request.
    pub fn count(&self, method: &Method, status: StatusCode, took: Duration) {
        self.requests.get_or_create(&[("method", name(method)), ("class", class(status))]).inc();
        self.times.observe(took.as_secs_f64());
        if took >= limits::SLOW && self.may_tell() {
            tracing::info!(%method, status = status.as_u16(), ?took, "a slow answer");
        }
    }

    fn may_tell(&self) -> bool {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let after_ms = self.told_after_ms.load(Ordering::Relaxed);
        now_ms >= after_ms
            && self
                .told_after_ms
                .compare_exchange(after_ms, now_ms + limits::SLOW_EVERY_MS, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

/// The text that Prometheus reads.
pub fn text(app: &App) -> String {
    let mut registry = Registry::with_prefix("jh_frontend");
    let Metrics { requests, times, .. } = app.metrics.clone();
    registry.register("requests", "Requests answered", requests);
    registry.register("request_seconds", "Time to the head of the answer", times);
    let seen = app.cluster.metrics();
    let mut gauge = |name: &str, help: &str, value: usize| {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    };
    gauge("parked", "Requests that wait for a primary", seen.parked);
    gauge("open", "Requests sent on or parked, without an answer", seen.open);
    gauge("replicas_connected", "Replicas with an open connection", seen.connected);
    gauge("subscribers", "Subscribers of events", app.follower.listeners());
    let mut counter = |name: &str, help: &str, value: u64| {
        let counter: Counter = Counter::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    };
    counter("answered", "Requests answered by the group", seen.answered);
    counter("retried", "Requests sent once more", seen.retried);
    counter("not_executed", "Requests given up without any effect", seen.not_executed);
    counter("outcome_unknown", "Requests given up with unknown outcome", seen.unknown);
    let mut text = String::new();
    encode(&mut text, &registry).expect("writing to a string never fails");
    text
}
