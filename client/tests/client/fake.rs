//! A small order service on loopback that can be told to fail, to break connections and to lie. Knows just enough of the
//! API for the client's tests.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What happens to the next order, before the service is honest again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// 503 `not_executed`.
    NotExecuted,
    /// Executed, but the answer breaks off.
    BreakAfter,
    /// Refused with two issues.
    Refuse,
}

/// How the service deceives its clients for as long as it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lie {
    #[default]
    None,
    /// Acknowledges every 20th order without keeping it.
    Lose,
    /// Keeps every 20th order twice.
    Double,
    /// Forgets an item of every 20th order.
    Change,
    /// Refuses every 20th order.
    Refuse,
    /// Answers the first question for an order as if it had not been placed yet.
    Lag,
    /// Acknowledges commands without keeping what they did.
    Forget,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub next: VecDeque<Next>,
    pub lie: Lie,
    /// Every order request that came in: key and body.
    pub requests: Vec<(String, String)>,
    /// All orders, oldest first.
    pub orders: Vec<Value>,
    /// If set: whether a pending file was there when each request came in.
    pub watched_dir: Option<PathBuf>,
    pub was_on_disk: Vec<bool>,
    /// The events that the next connections get, each ending with the connection; and the cursors asked from.
    pub streams: VecDeque<String>,
    pub asked_from: Vec<Option<String>>,
    pub epoch: u64,
    keys: HashMap<String, String>,
    asked_for: HashSet<String>,
    count: usize,
}

type Shared = Arc<Mutex<Inner>>;

/// A running service; it ends with the test.
pub(crate) struct Fake {
    pub address: SocketAddr,
    shared: Shared,
}

impl Fake {
    pub(crate) fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Shared::default();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/v1/orders", post(place).get(list))
            .route("/v1/orders/{id}", get(order))
            .route("/v1/orders/{id}/events", get(events))
            .route("/v1/events", get(events))
            .route("/v1/orders/{id}/{command}", post(command))
            .route("/v1/cluster", get(cluster))
            .with_state(Arc::clone(&shared));
        listener.set_nonblocking(true).unwrap();
        // The thread ends with the process: a test's own service needs no stopping.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await.unwrap();
            });
        });
        Fake { address, shared }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, Inner> {
        self.shared.lock().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn problem(status: u16, more: Value) -> Response {
    let mut body = json!({"type": "urn:x", "title": "No", "status": status, "detail": "", "trace_id": ""});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

async fn place(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let mut state = shared.lock().unwrap();
    let key = headers["Idempotency-Key"].to_str().unwrap().to_owned();
    state.requests.push((key.clone(), body.clone()));
    if let Some(dir) = &state.watched_dir {
        let is_there = dir.join(format!("pending/{key}.json")).exists();
        state.was_on_disk.push(is_there);
    }
    let next = state.next.pop_front();
    match next {
        Some(Next::NotExecuted) => {
            let answer = problem(503, json!({"code": "not_executed"}));
            return ([("Retry-After", "0")], answer).into_response();
        }
        Some(Next::Refuse) => return refuse(),
        Some(Next::BreakAfter) | None => {}
    }
    let known = state.keys.get(&key).cloned();
    let is_replay = known.is_some();
    let id = match known {
        Some(id) => id,
        None => match state.execute(&key, &body) {
            Some(id) => id,
            None => return refuse(),
        },
    };
    if next == Some(Next::BreakAfter) {
        let broken = futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("broken")) });
        return Response::builder().header("Content-Length", "100").body(Body::from_stream(broken)).unwrap();
    }
    let order = state.acknowledged(&id, &body);
    match is_replay {
        true => (StatusCode::OK, [("Idempotent-Replayed", "true")], Json(order)).into_response(),
        false => (StatusCode::CREATED, Json(order)).into_response(),
    }
}

fn refuse() -> Response {
    let issues = json!([{"code": "item_unknown", "pointer": "/items/0", "detail": "no", "remedy": "look"}, {"code": "minimum_not_met"}]);
    problem(422, json!({"code": "order_refused", "issues": issues}))
}

impl Inner {
    /// The id, or None for a refusal.
    fn execute(&mut self, key: &str, body: &str) -> Option<String> {
        self.count += 1;
        let is_twentieth = self.count.is_multiple_of(20);
        let id = format!("{:026}", self.count);
        let lie = if is_twentieth { self.lie } else { Lie::None };
        let mut order = whole_order(&id, body);
        match lie {
            Lie::None | Lie::Lag | Lie::Forget => self.orders.push(order),
            Lie::Lose => {}
            Lie::Double => {
                self.orders.push(order.clone());
                order["id"] = format!("D{}", &id[1..]).into();
                self.orders.push(order);
            }
            Lie::Change => {
                order["lines"] = json!([]);
                self.orders.push(order);
            }
            Lie::Refuse => return None,
        }
        self.keys.insert(key.to_owned(), id.clone());
        Some(id)
    }

    fn acknowledged(&self, id: &str, body: &str) -> Value {
        self.orders.iter().find(|order| order["id"] == id).cloned().unwrap_or_else(|| whole_order(id, body))
    }
}

fn whole_order(id: &str, body: &str) -> Value {
    let body: Value = serde_json::from_str(body).unwrap();
    let money = |amount: u64| json!({"amount": amount, "currency": "GBP"});
    let mut sum = 0;
    let line = |item: &Value| {
        let quantity = item["quantity"].as_u64().unwrap();
        sum += 100 * quantity;
        let options = item["options"].as_array().cloned().unwrap_or_default();
        let option =
            |o: &Value| json!({"option": o["option"], "name": "", "quantity": o["quantity"], "price": money(0)});
        json!({"item": item["item"], "name": "", "quantity": quantity, "unit_price": money(100), "total": money(100 * quantity),
            "options": options.iter().map(option).collect::<Vec<_>>(), "allergens": []})
    };
    let lines: Vec<Value> = body["items"].as_array().unwrap().iter().map(line).collect();
    json!({"id": id, "code": "K7", "version": 1, "stage": "placed", "restaurant": body["restaurant"], "service": body["service"],
        "lines": lines, "totals": {"items": money(sum), "delivery_fee": money(0), "total": money(sum)}, "menu_revision": 1,
        "customer": body["customer"], "note": body["note"], "placed_at": "2030-01-01T12:00:00Z",
        "changed_at": "2030-01-01T12:00:00Z", "allowed": ["cancel"]})
}

async fn order(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut state = shared.lock().unwrap();
    // The orders a drill reads back at once are its first, its eleventh …
    let is_first = id.ends_with('1') && state.asked_for.insert(id.clone());
    match state.orders.iter().find(|order| order["id"] == id.as_str()) {
        Some(_) if is_first && state.lie == Lie::Lag => problem(404, json!({"code": "order_unknown"})),
        Some(order) => ([("JH-Cursor", "c0")], Json(order.clone())).into_response(),
        None => problem(404, json!({"code": "order_unknown"})),
    }
}

/// Two pages, however many orders: newest first. The cursor says how many there are.
async fn list(State(shared): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Response {
    let state = shared.lock().unwrap();
    let newest_first: Vec<&Value> = state.orders.iter().rev().collect();
    let (first, second) = newest_first.split_at(newest_first.len() / 2);
    match query.get("cursor").map(String::as_str) {
        None => {
            let cursor = [("JH-Cursor", format!("after-{}", state.orders.len()))];
            (cursor, Json(json!({"orders": first, "next": "page/2"}))).into_response()
        }
        Some("page/2") => Json(json!({"orders": second})).into_response(),
        Some(_) => problem(400, json!({"code": "cursor_invalid"})),
    }
}

async fn command(
    State(shared): State<Shared>,
    Path((id, command)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut state = shared.lock().unwrap();
    let forgets = state.lie == Lie::Forget;
    if let Some(order) = state.orders.iter_mut().find(|order| order["id"] == id.as_str()) {
        return obey(order, &command, forgets);
    }
    match command.as_str() {
        "accept" if headers.contains_key("If-Match") => problem(412, json!({"code": "version_mismatch"})),
        _ => problem(409, json!({"code": "wrong_stage", "stage": "ready", "version": 5, "allowed": ["cancel"]})),
    }
}

/// What a command does to an order that is there.
fn obey(order: &mut Value, command: &str, forgets: bool) -> Response {
    let (version, stage) = (order["version"].as_u64().unwrap(), order["stage"].clone());
    let next = match (stage.as_str().unwrap(), command) {
        ("placed", "accept") => "accepted",
        ("placed" | "accepted", "cancel") => "cancelled",
        _ => return problem(409, json!({"code": "wrong_stage", "stage": stage, "version": version, "allowed": []})),
    };
    let mut changed = order.clone();
    changed["version"] = (version + 1).into();
    changed["stage"] = next.into();
    if !forgets {
        *order = changed.clone();
    }
    Json(changed).into_response()
}

async fn events(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let mut state = shared.lock().unwrap();
    state.asked_from.push(headers.get("Last-Event-ID").map(|value| value.to_str().unwrap().to_owned()));
    match state.streams.pop_front() {
        Some(stream) => ([("Content-Type", "text/event-stream")], stream).into_response(),
        None => problem(503, json!({"code": "unavailable"})),
    }
}

async fn cluster(State(shared): State<Shared>) -> Json<Value> {
    let epoch = shared.lock().unwrap().epoch;
    let replica = |name: &str, role: &str| json!({"name": name, "role": role, "epoch": epoch, "durable": 1, "committed": 1, "storage_id": "", "healthy": true});
    Json(
        json!({"group": "g", "version": epoch, "epoch": epoch, "loss_epoch": 0, "primary": "replica-0", "in_sync": ["replica-0", "replica-1"],
        "min_in_sync": 2, "replicas": [replica("replica-0", "primary"), replica("replica-1", "backup")], "failovers": []}),
    )
}
