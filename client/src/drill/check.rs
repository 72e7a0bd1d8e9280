//! Reads back every acknowledged order, and the list of all, to find what was lost, changed or doubled. Judging is pure;
//! asking is done over a few connections at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use api::v1::order::{Order, OrderList, Stage};
use serde::Serialize;

use super::linearity::{Answered, Asked, Call};
use super::record::{Clock, Outcome, Record};
use super::ticket::{RESTAURANT, Tickets};
use super::wire::Wire;
use crate::api_client::escape;
use crate::failure::Failure;
use crate::retry::{Retry, chance};

/// Connections that read at once.
const READERS: usize = 16;
/// For so long one read is repeated; by now nothing is broken any more.
const PATIENCE: Duration = Duration::from_secs(10);
/// The clocks of a replica and of this machine may differ by so much: the list is read back this much further.
const CLOCK_SLACK_MS: u64 = 60_000;

/// What was found. Lists name orders: ids, or the drill's own numbers where there is no id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many acknowledged orders were looked for.
    pub read_back: usize,
    /// Acknowledged, and not there.
    pub lost: Vec<String>,
    /// There, and not as it was sent.
    pub changed: Vec<String>,
    /// Placed more than once for one key.
    pub doubled: Vec<String>,
}

impl Findings {
    /// Nothing lost, changed or doubled.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.changed.is_empty() && self.doubled.is_empty()
    }
}

/// What is known of the load that is checked.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) tickets: Tickets,
    pub(super) authority: String,
    /// The clock by which its calls are timed; it began before the first order.
    pub(super) clock: Clock,
}

/// Reads everything back, and tells what was seen on the way. Errors: the service cannot be read, so nothing is known.
pub(super) async fn check(what: &Checked, records: &[Record]) -> Result<(Findings, Vec<Call>), Failure> {
    let acknowledged: Vec<(u64, String)> = records.iter().filter_map(acknowledged).collect();
    let mut findings = Findings { read_back: acknowledged.len(), ..Findings::default() };
    let mut calls = Vec::new();
    let queue = Rc::new(RefCell::new(acknowledged));
    let readers: Vec<_> =
        (0..READERS).map(|_| tokio::task::spawn_local(read_all(what.clone(), Rc::clone(&queue)))).collect();
    for reader in readers {
        let (part, looks) = reader.await.expect("a reader does not panic")?;
        findings.lost.extend(part.lost);
        findings.changed.extend(part.changed);
        calls.extend(looks);
    }
    findings.doubled = doubled(&list(what).await?);
    Ok((findings, calls))
}

fn acknowledged(record: &Record) -> Option<(u64, String)> {
    match record.outcome {
        Outcome::Placed(id) => Some((record.seq, String::from_utf8_lossy(&id).into_owned())),
        Outcome::Refused(_) | Outcome::Unknown | Outcome::NotExecuted => None,
    }
}

async fn read_all(what: Checked, queue: Rc<RefCell<Vec<(u64, String)>>>) -> Result<(Findings, Vec<Call>), Failure> {
    let mut wire = Wire::new(&what.authority);
    let (mut findings, mut calls) = (Findings::default(), Vec::new());
    loop {
        let Some((seq, id)) = queue.borrow_mut().pop() else { return Ok((findings, calls)) };
        let path = format!("/v1/orders/{id}");
        let begun_us = what.clock.now_us();
        let found = get(&mut wire, &what.authority, &path, |body| serde_json::from_slice::<Order>(body)).await?;
        calls.extend(seen(&id, begun_us, what.clock.now_us(), found.as_ref()));
        match found {
            None => findings.lost.push(id),
            Some(order) if order.id == id && what.tickets.is_unchanged(seq, &order) => {}
            Some(_) => findings.changed.push(id),
        }
    }
}

/// What a look told of an order; and where time itself has changed it, that this happened.
fn seen(id: &str, begun_us: u64, done_us: u64, found: Option<&Order>) -> Vec<Call> {
    let order = || id.to_owned();
    let answered = found.map_or(Answered::Nothing, |found| Answered::Version(found.version));
    let look = Call { order: order(), begun_us, done_us: Some(done_us), asked: Asked::Look, answered };
    let is_expired = found.is_some_and(|found| found.stage == Stage::Expired);
    let expiry = is_expired.then(|| Call {
        order: order(),
        begun_us: 0,
        done_us: None,
        asked: Asked::Change,
        answered: Answered::Nothing,
    });
    [look].into_iter().chain(expiry).collect()
}

/// Every order of this drill that the service lists: its number and its id.
async fn list(what: &Checked) -> Result<Vec<(u64, String)>, Failure> {
    let mut wire = Wire::new(&what.authority);
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/orders?restaurant={RESTAURANT}{cursor}");
        let page = get(&mut wire, &what.authority, &path, |body| serde_json::from_slice::<OrderList>(body)).await?;
        let Some(OrderList { orders, next }) = page else {
            return Err(Failure::Garbled { what: "the list of orders is not there".to_owned() });
        };
        let is_older = |order: &Order| order.placed_at.ms() + CLOCK_SLACK_MS < what.clock.wall_ms(0);
        // Newest first: behind the first order that is older than this drill there are none of it.
        let is_last = orders.is_empty() || orders.iter().any(is_older);
        found.extend(
            orders.into_iter().filter_map(|order| Some((what.tickets.seq_of(order.note.as_deref()?)?, order.id))),
        );
        match next {
            Some(next) if !is_last => cursor = format!("&cursor={}", escape(&next)),
            _ => return Ok(found),
        }
    }
}

/// Ids beyond the first that the service lists for one and the same request.
fn doubled(listed: &[(u64, String)]) -> Vec<String> {
    let mut first: BTreeMap<u64, &str> = BTreeMap::new();
    listed.iter().filter(|(seq, id)| *first.entry(*seq).or_insert(id) != id).map(|(_, id)| id.clone()).collect()
}

/// The answer read by `parse`, or None where it says that there is nothing (404).
async fn get<T>(
    wire: &mut Wire,
    authority: &str,
    path: &str,
    parse: impl Fn(&[u8]) -> serde_json::Result<T>,
) -> Result<Option<T>, Failure> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    let begun = Instant::now();
    let mut retry = Retry::new(PATIENCE);
    loop {
        let answer = tokio::time::timeout(PATIENCE, wire.exchange(request.as_bytes())).await;
        let (why, asked) = match answer {
            Ok(Ok((head, body))) => match head.status {
                200 => match parse(body) {
                    Ok(value) => return Ok(Some(value)),
                    Err(error) => return Err(Failure::Garbled { what: format!("{path}: {error}") }),
                },
                404 | 410 => return Ok(None),
                status => (format!("{path} answered {status}"), head.retry_after),
            },
            Ok(Err(_)) => (format!("no connection for {path}"), None),
            Err(_) => (format!("no answer for {path} in time"), None),
        };
        match retry.pause(begun.elapsed(), asked, chance()) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(Failure::Unavailable { what: why }),
        }
    }
}
