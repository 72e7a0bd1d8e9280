//! Places orders: at a steady rate whatever the service does (open loop), or as fast as it answers (closed loop). Each
//! order is repeated with its key until it has a definite answer or the promise's 10 s are over.

use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::deal;
use super::linearity::{Answered, Asked, Call};
use super::record::{Clock, Glances, Outcome, Record};
use super::ticket::Tickets;
use super::why::Whys;
use super::wire::{Broken, Wire};
use crate::output::talk;
use crate::retry::{ATTEMPT_GRACE, ATTEMPT_SILENCE, Retry, chance};

/// For so long a client repeats an order: the promise is made to clients that do.
const PATIENCE: Duration = Duration::from_secs(10);
/// The timer wakes up to this late; beyond it an order was kept waiting for a free client.
const TIMER_SLACK_US: u64 = 2_000;

/// With every so many'th order of a steady load several clients deal at once: an acknowledged order must be seen by
/// whoever asks next, most of all while the primary changes, and all must see one order. It comes over a new connection,
/// as a new customer's does: those that are open tell nothing of whether one can be opened. At full speed all effort goes into
/// placing.
const GLANCE_EVERY: u64 = 10;

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rate {
    /// So many orders each second.
    PerSecond(f64),
    /// Every client sends its next order when the last one is answered.
    Max,
}

/// What is done with every so many'th order once it is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deals {
    /// Nothing.
    None,
    /// It is looked at.
    Looks,
    /// It is looked at while it is accepted and cancelled.
    Changes,
}

/// A load that runs until it is stopped.
#[derive(Debug, Clone)]
pub(super) struct Load {
    shared: Rc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    tickets: Tickets,
    authority: String,
    clients: usize,
    deals: Deals,
    records: RefCell<Vec<Record>>,
    glances: RefCell<Glances>,
    whys: RefCell<Whys>,
    /// Connections of those who deal with placed orders.
    hands: RefCell<Vec<Wire>>,
    /// Orders on their way, and since when.
    in_flight: RefCell<BTreeMap<u64, u64>>,
    next_seq: Cell<u64>,
    is_stopping: Cell<bool>,
    said_why: Cell<bool>,
    idle: RefCell<Vec<Client>>,
    open: Cell<usize>,
    freed: Notify,
}

/// A connection and the buffer of its request.
#[derive(Debug)]
struct Client {
    wire: Wire,
    request: Vec<u8>,
}

impl Load {
    /// Begins at once. Must be called on a `LocalSet`.
    pub(super) fn start(
        clock: Clock,
        tickets: Tickets,
        authority: &str,
        rate: Rate,
        clients: usize,
        deals: Deals,
    ) -> Load {
        let shared = Rc::new(Shared {
            clock,
            tickets,
            authority: authority.to_owned(),
            clients,
            deals,
            records: RefCell::default(),
            glances: RefCell::default(),
            whys: RefCell::default(),
            hands: RefCell::default(),
            in_flight: RefCell::default(),
            next_seq: Cell::new(0),
            is_stopping: Cell::new(false),
            said_why: Cell::new(false),
            idle: RefCell::default(),
            open: Cell::new(0),
            freed: Notify::new(),
        });
        match rate {
            Rate::PerSecond(rate) => drop(tokio::task::spawn_local(open_loop(Rc::clone(&shared), rate))),
            Rate::Max => (0..clients).for_each(|_| drop(tokio::task::spawn_local(closed_loop(Rc::clone(&shared))))),
        }
        Load { shared }
    }

    /// Everything that has ended, in the order in which it did.
    pub(super) fn records(&self) -> Ref<'_, [Record]> {
        Ref::map(self.shared.records.borrow(), Vec::as_slice)
    }

    /// What came of dealing with placed orders while the load ran.
    pub(super) fn glances(&self) -> Ref<'_, Glances> {
        self.shared.glances.borrow()
    }

    /// Why the first calls without a definite answer had none.
    pub(super) fn whys(&self) -> Vec<String> {
        self.shared.whys.borrow().all().to_vec()
    }

    /// Everything that clients saw of orders that are known, by calls.
    pub(super) fn calls(&self) -> Vec<Call> {
        let placed = self.records().iter().filter_map(Record::call).collect::<Vec<_>>();
        placed.into_iter().chain(self.glances().calls.iter().cloned()).collect()
    }

    /// How many orders have been under way since before `us`.
    pub(super) fn waiting_since_before(&self, us: u64) -> usize {
        self.shared.in_flight.borrow().values().filter(|begun| **begun < us).count()
    }

    /// Begins no more orders and returns when all that were begun have ended.
    pub(super) async fn stop(&self) {
        self.shared.is_stopping.set(true);
        while !self.shared.in_flight.borrow().is_empty() {
            self.shared.freed.notified().await;
        }
    }
}

async fn open_loop(shared: Rc<Shared>, rate: f64) {
    let begun_us = shared.clock.now_us();
    let mut number = 0_u64;
    while !shared.is_stopping.get() {
        #[expect(clippy::cast_precision_loss, reason = "exact for more orders than a drill can place")]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^64 µs")]
        let planned_us = begun_us + (number as f64 / rate * 1e6) as u64;
        number += 1;
        sleep_until(Instant::from_std(shared.clock.instant_of(planned_us))).await;
        let client = shared.free_client().await;
        if shared.is_stopping.get() {
            return;
        }
        let now_us = shared.clock.now_us();
        let due_us = if now_us.saturating_sub(planned_us) <= TIMER_SLACK_US { now_us } else { planned_us };
        let shared = Rc::clone(&shared);
        tokio::task::spawn_local(async move {
            let mut client = client;
            shared.place(&mut client, due_us).await;
            shared.idle.borrow_mut().push(client);
            shared.freed.notify_one();
        });
    }
}

async fn closed_loop(shared: Rc<Shared>) {
    let mut client = shared.new_client();
    while !shared.is_stopping.get() {
        shared.place(&mut client, shared.clock.now_us()).await;
    }
    shared.freed.notify_one();
}

impl Shared {
    fn new_client(&self) -> Client {
        self.open.set(self.open.get() + 1);
        Client { wire: Wire::new(&self.authority), request: Vec::new() }
    }

    async fn free_client(&self) -> Client {
        loop {
            if let Some(client) = self.idle.borrow_mut().pop() {
                return client;
            }
            if self.open.get() < self.clients {
                return self.new_client();
            }
            self.freed.notified().await;
        }
    }

    async fn place(&self, client: &mut Client, due_us: u64) {
        let seq = self.next_seq.replace(self.next_seq.get() + 1);
        let is_dealt_with = self.deals != Deals::None && seq.is_multiple_of(GLANCE_EVERY);
        if is_dealt_with {
            client.wire = Wire::new(&self.authority);
        }
        let begun_us = self.clock.now_us();
        self.in_flight.borrow_mut().insert(seq, begun_us);
        self.tickets.write(seq, self.clock.wall_ms(begun_us), &mut client.request);
        let (outcome, attempts) = self.until_definite(client, begun_us, seq).await;
        let done_us = self.clock.now_us();
        self.records.borrow_mut().push(Record { seq, due_us, begun_us, done_us, attempts, outcome });
        if let Outcome::Placed(id) = outcome
            && is_dealt_with
        {
            let id = String::from_utf8_lossy(&id);
            let look_twice = async {
                self.deal(&mut client.wire, &id, Asked::Look, "").await;
                self.deal(&mut client.wire, &id, Asked::Look, "").await;
            };
            let change_it = async {
                if self.deals == Deals::Changes {
                    tokio::join!(self.change(&id, "accept"), self.change(&id, "cancel"));
                }
            };
            tokio::join!(look_twice, change_it);
        }
        self.in_flight.borrow_mut().remove(&seq);
    }

    async fn change(&self, id: &str, command: &str) {
        let idle = self.hands.borrow_mut().pop();
        let mut wire = idle.unwrap_or_else(|| Wire::new(&self.authority));
        self.deal(&mut wire, id, Asked::Change, command).await;
        self.hands.borrow_mut().push(wire);
    }

    /// One call about a placed order, repeated for as long as a client does, and noted.
    async fn deal(&self, wire: &mut Wire, id: &str, asked: Asked, command: &str) {
        // Whatever ended before has ended in an earlier microsecond.
        let begun_us = self.clock.now_us() + 1;
        let request = deal::request(&self.authority, id, asked, command);
        let what = || format!("{} of {id}", if asked == Asked::Look { "a look" } else { command });
        let answer = self.until_answered(wire, request.as_bytes(), asked, what).await;
        let (done_us, answered) = match answer {
            Some(answered) => (Some(self.clock.now_us().max(begun_us)), answered),
            None => (None, Answered::Nothing),
        };
        let mut glances = self.glances.borrow_mut();
        glances.unanswered += usize::from(done_us.is_none());
        glances.calls.push(Call { order: id.to_owned(), begun_us, done_us, asked, answered });
    }

    /// None if no answer came while patience lasted.
    async fn until_answered(
        &self,
        wire: &mut Wire,
        request: &[u8],
        asked: Asked,
        what: impl Fn() -> String,
    ) -> Option<Answered> {
        let begun = Instant::now();
        let mut retry = Retry::new(PATIENCE);
        let mut is_first = true;
        loop {
            let until = (begun + PATIENCE + ATTEMPT_GRACE).min(Instant::now() + ATTEMPT_SILENCE);
            let answer = timeout_at(until, wire.exchange(request)).await;
            let pause = match &answer {
                Ok(Ok((head, body))) => match deal::read(head.status, body, asked, is_first) {
                    Some(answered) => return Some(answered),
                    None => head.retry_after,
                },
                Ok(Err(_)) | Err(_) => None,
            };
            is_first = false;
            let Some(pause) = retry.pause(begun.elapsed(), pause, chance()) else {
                let span_us = (self.clock.us_of(begun.into_std()), self.clock.now_us());
                self.whys.borrow_mut().add(what, span_us, &answer);
                return None;
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn until_definite(&self, client: &mut Client, begun_us: u64, seq: u64) -> (Outcome, u16) {
        let begun = Instant::from_std(self.clock.instant_of(begun_us));
        let last = begun + PATIENCE + ATTEMPT_GRACE;
        let mut retry = Retry::new(PATIENCE);
        let mut may_be_placed = false;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let until = last.min(Instant::now() + ATTEMPT_SILENCE);
            let answer = timeout_at(until, client.wire.exchange(&client.request)).await;
            let again = match &answer {
                Ok(Ok((head, body))) => match judge(head.status, body) {
                    Verdict::Definite(outcome) => {
                        self.explain_first_refusal(outcome, body);
                        return (outcome, attempts);
                    }
                    Verdict::Again { was_sent } => (was_sent, head.retry_after),
                },
                Ok(Err(Broken::NotSent)) => (false, None),
                Ok(Err(Broken::Sent)) | Err(_) => (true, None),
            };
            may_be_placed |= again.0;
            if let Some(pause) = retry.pause(begun.elapsed(), again.1, chance()) {
                tokio::time::sleep(pause).await;
                continue;
            }
            let what = || format!("order {seq}, sent {attempts} ×");
            self.whys.borrow_mut().add(what, (begun_us, self.clock.now_us()), &answer);
            return (if may_be_placed { Outcome::Unknown } else { Outcome::NotExecuted }, attempts);
        }
    }

    fn explain_first_refusal(&self, outcome: Outcome, body: &[u8]) {
        if let Outcome::Refused(status) = outcome
            && !self.said_why.replace(true)
        {
            talk(&format!("an order was refused: {}", crate::problem::text(&crate::problem::read(status, body))));
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Definite(Outcome),
    Again { was_sent: bool },
}

fn judge(status: u16, body: &[u8]) -> Verdict {
    match (status, order_id(body)) {
        (200 | 201, Some(id)) => Verdict::Definite(Outcome::Placed(id)),
        // A success that names no order acknowledges nothing.
        (200..300, _) => Verdict::Again { was_sent: true },
        (429, _) => Verdict::Again { was_sent: false },
        (500.., _) => {
            let was_not_executed =
                serde_json::from_slice::<Value>(body).is_ok_and(|json| json["code"] == "not_executed");
            Verdict::Again { was_sent: !was_not_executed }
        }
        (status, _) => Verdict::Definite(Outcome::Refused(status)),
    }
}

/// The order's id, found without reading the whole document: at full speed that would cost more than placing the order.
fn order_id(body: &[u8]) -> Option<[u8; 26]> {
    const BEFORE: &[u8] = b"\"id\":\"";
    let at = body.windows(BEFORE.len()).position(|window| window == BEFORE)? + BEFORE.len();
    let id: [u8; 26] = body.get(at..at + 26)?.try_into().ok()?;
    (id.iter().all(u8::is_ascii_alphanumeric) && body.get(at + 26) == Some(&b'"')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_that_names_the_order_acknowledges_it() {
        let id = *b"01HZY3V8QK5T0ABCDEFGHJKMNP";
        let body = br#"{"id":"01HZY3V8QK5T0ABCDEFGHJKMNP","code":"K7"}"#;
        assert_eq!(judge(201, body), Verdict::Definite(Outcome::Placed(id)));
        assert_eq!(judge(200, body), Verdict::Definite(Outcome::Placed(id)));
        assert_eq!(judge(201, b"{}"), Verdict::Again { was_sent: true });
        assert_eq!(judge(422, body), Verdict::Definite(Outcome::Refused(422)));
        assert_eq!(judge(503, br#"{"code":"not_executed"}"#), Verdict::Again { was_sent: false });
        assert_eq!(judge(503, br#"{"code":"outcome_unknown"}"#), Verdict::Again { was_sent: true });
        assert_eq!(judge(500, b"oops"), Verdict::Again { was_sent: true });
    }
}
