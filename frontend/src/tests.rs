//! The whole front end without a socket: requests go into the router, a book in this process answers.
mod bad_input;
mod book;
mod described;
mod events;
mod mutations;
mod orders;
mod places;

use crate::app::{App, Inner};
use crate::controllers::Controllers;
use crate::follow::Follower;
use crate::metrics::Metrics;
use crate::places::Places;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use book::Book;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

/// A front end with a book of its own behind it.
pub(crate) struct Bench {
    pub(crate) book: Arc<Book>,
    pub(crate) router: Router,
    pub(crate) meeting: watch::Sender<bool>,
    pub(crate) stop: watch::Sender<bool>,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    pub(crate) fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }
    /// Code and pointer of each issue.
    pub(crate) fn issues(&self) -> Vec<(&str, &str)> {
        let issues = self.json["issues"].as_array().into_iter().flatten();
        issues.map(|issue| (issue["code"].as_str().unwrap(), issue["pointer"].as_str().unwrap())).collect()
    }
}

impl Bench {
    /// Nothing listens where its postcode adapter should be.
    pub(crate) fn new() -> Bench {
        Bench::with_adapter("http://127.0.0.1:1")
    }

    pub(crate) fn with_adapter(base: &str) -> Bench {
        Bench::of(&Arc::new(Book::new()), base)
    }

    /// Another front end before the same book.
    pub(crate) fn before(book: &Arc<Book>) -> Bench {
        Bench::of(book, "http://127.0.0.1:1")
    }

    fn of(book: &Arc<Book>, base: &str) -> Bench {
        let book = book.clone();
        let (stop, stopping) = watch::channel(false);
        let meeting = watch::Sender::new(true);
        let app = App::new(Inner {
            cluster: book.clone(),
            places: Places::new(base),
            follower: Follower::new(book.clone()),
            controllers: Controllers::new(&[]),
            metrics: Metrics::default(),
            met: meeting.subscribe(),
            stopping,
        });
        Bench { book, router: crate::routes::app(app), meeting, stop }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Got { status: parts.status, headers: parts.headers, json }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Got {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Got {
        self.call("POST", path, &[], body.to_string()).await
    }

    pub(crate) async fn place(&self, key: &str, body: &Value) -> Got {
        self.call("POST", "/v1/orders", &[("idempotency-key", key)], body.to_string()).await
    }
}

/// The order body of the documentation.
pub(crate) fn order() -> Value {
    json!({"restaurant": "cathedral-pizza", "service": "delivery",
        "items": [{"item": "margherita", "quantity": 2, "options": [{"option": "extra-cheese", "quantity": 1}]}],
        "customer": {"name": "Ada", "phone": "+441913341234"},
        "deliver_to": {"lines": ["12 North Road"], "postcode": "DH1 4SG"}, "note": "ring twice"})
}

/// The body with one value put in the place of another; `null` at a place that is not there makes one.
pub(crate) fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.insert(name.to_owned(), value)),
        Value::Array(elements) => elements[name.parse::<usize>().unwrap()] = value,
        other => panic!("{parent} is {other}"),
    }
    body
}

/// The body without one of its fields.
pub(crate) fn without(mut body: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    body
}
