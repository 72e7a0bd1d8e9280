//! The customers and kitchens of a run: each asks one thing at a time through a front end, repeats it with the same key until it is answered,
//! and remembers what it was told.
use crate::history::{Heard, Request, Told};
use crate::luck::Luck;
use crate::mix::MS;
use crate::world::{Event, World};
use api::cluster::{self, Found, Query, Reply};
use bytes::Bytes;
use member::{Answer, BEGINNING, Consistency, Cursor, Failure, Freshness, History};
use order::command::{Action, Command, Expect, LineWish, PlaceOrder, Step, Tender};
use order::key::{Key, Keyed};
use order::stage::{Actor, Reason, Role, Service};
use order::{OrderId, sample};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// How long somebody goes on asking, in µs.
const PATIENCE: u64 = 10_000 * MS;
/// An answer must come within this time, in µs, once everything is well again.
const PROMPT: u64 = 3_000 * MS;
/// When faults are over there is less to be seen: one request is made where there were so many.
const CALM_SHARE: u64 = 3;
const SLUG: &str = "cathedral-pizza";

#[derive(Clone, Debug)]
enum What {
    SetUp,
    Place { key: String },
    Step { order: usize, if_match: u32 },
    Read { order: usize },
    Log { after: Cursor },
}

enum Came {
    Answer(Answer),
    History(History),
}
type Waiting = Pin<Box<dyn Future<Output = Result<Came, Failure>>>>;

struct Asking {
    what: What,
    bytes: Bytes,
    consistency: Consistency,
    sent: u64,
    front: usize,
    waiting: Option<Waiting>,
    /// It may have had its effect.
    uncertain: bool,
}

/// Somebody who asks.
pub(crate) struct Client {
    luck: Luck,
    asking: Option<Asking>,
    number: usize,
    asked: u64,
    cursor: Cursor,
}

impl Client {
    pub(crate) fn new(seed: u64, number: usize) -> Client {
        Client { luck: Luck::new(seed, 100 + number as u64), asking: None, number, asked: 0, cursor: BEGINNING }
    }
}

/// An order that was placed, as far as clients know.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) key: String,
    pub(crate) id: OrderId,
    pub(crate) version: u32,
    pub(crate) requests: Vec<Request>,
}

impl World {
    /// A client does what it does next.
    pub(crate) fn client(&mut self, c: usize) {
        let Some(asking) = &self.clients[c].asking else { return self.begin(c) };
        if asking.waiting.is_none() {
            self.repeat(c);
        }
    }
    fn begin(&mut self, c: usize) {
        if self.now >= self.mix.course.quiet {
            return;
        }
        let Some((what, bytes, consistency)) = self.wish(c) else {
            return self.after(50 * MS, Event::Client(c));
        };
        let (sent, front) = (self.now, self.clients[c].luck.below(self.fronts.len()));
        let asking = Asking { what, bytes, consistency, sent, front, waiting: None, uncertain: false };
        self.sums.asked += 1;
        self.clients[c].asking = Some(asking);
        self.repeat(c);
    }
    fn repeat(&mut self, c: usize) {
        let Some(asking) = &mut self.clients[c].asking else { return };
        let (client, bytes, consistency) =
            (self.fronts[asking.front].client.clone(), asking.bytes.clone(), asking.consistency);
        let waiting: Waiting = match asking.what {
            What::SetUp | What::Place { .. } | What::Step { .. } => {
                Box::pin(async move { client.submit(bytes).await.map(Came::Answer) })
            }
            What::Read { .. } => Box::pin(async move { client.read(consistency, bytes).await.map(Came::Answer) }),
            What::Log { after } => Box::pin(async move { client.log(after, 200).await.map(Came::History) }),
        };
        asking.waiting = Some(waiting);
        let front = asking.front;
        self.set_front(front);
        self.poll(c);
        self.front_has_moved(front);
    }

    /// Everybody who asks through this front end looks whether there is an answer.
    pub(crate) fn poll_clients(&mut self, f: usize) {
        for c in 0..self.clients.len() {
            if self.clients[c].asking.as_ref().is_some_and(|asking| asking.front == f && asking.waiting.is_some()) {
                self.poll(c);
            }
        }
    }
    fn poll(&mut self, c: usize) {
        let Some(waiting) = self.clients[c].asking.as_mut().and_then(|asking| asking.waiting.as_mut()) else { return };
        if let Poll::Ready(came) = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            self.answered(c, came);
        }
    }
    /// A front end is gone: whoever asked through it asks another one.
    pub(crate) fn clients_lose(&mut self, f: usize) {
        for c in 0..self.clients.len() {
            if let Some(asking) =
                self.clients[c].asking.as_mut().filter(|asking| asking.front == f && asking.waiting.is_some())
            {
                asking.waiting = None;
                asking.uncertain = true;
                asking.front = (f + 1) % self.fronts.len();
                self.after(20 * MS, Event::Client(c));
            }
        }
    }

    fn answered(&mut self, c: usize, came: Result<Came, Failure>) {
        let Some(mut asking) = self.clients[c].asking.take() else { return };
        asking.waiting = None;
        let took = self.now - asking.sent;
        if asking.sent >= self.mix.course.healed && took > PROMPT {
            self.broken(format!("not healed: {:?} took {} ms", asking.what, took / MS));
        }
        match came {
            Ok(came) => {
                self.told_client(c, &asking, came);
            }
            Err(failure) => {
                if asking.sent >= self.mix.course.healed {
                    self.broken(format!("not healed: {:?} failed: {failure:?}", asking.what));
                }
                asking.uncertain |= failure == Failure::OutcomeUnknown;
                if took < PATIENCE || matches!(asking.what, What::SetUp) {
                    asking.front = (asking.front + 1) % self.fronts.len();
                    self.clients[c].asking = Some(asking);
                    return self.after(50 * MS, Event::Client(c));
                }
                self.give_up(&asking);
            }
        }
        let gap = self.mix.gap_ms * if self.calm() { CALM_SHARE } else { 1 };
        let delay = self.clients[c].luck.between(MS, gap * 2 * MS);
        self.after(delay, Event::Client(c));
    }
    fn give_up(&mut self, asking: &Asking) {
        self.sums.unknown += u64::from(asking.uncertain);
        let open = Request { sent: asking.sent, answer: None, eventual: false };
        if let (What::Step { order, .. }, true) = (&asking.what, asking.uncertain) {
            self.laws.orders[*order].requests.push(open);
        }
        if let (What::Place { key }, true) = (&asking.what, asking.uncertain) {
            self.laws.perhaps.insert(key.clone());
        }
    }

    fn told_client(&mut self, c: usize, asking: &Asking, came: Came) {
        match came {
            Came::History(history) => self.paged(c, asking, history),
            Came::Answer(answer) => match &asking.what {
                What::Read { order } => {
                    let Ok(found) = cluster::found_from_bytes(&answer.reply) else {
                        return self.broken("an answer cannot be read");
                    };
                    let told = match found {
                        // What is not committed yet is labelled so, and may come to nothing.
                        _ if answer.freshness == Freshness::Unsettled => Told::Nothing,
                        Found::Told { tag, .. } => Told::Showed(tag.parse().unwrap_or(0)),
                        Found::Refused(_) | Found::Number(_) => Told::Absent,
                    };
                    let eventual = asking.consistency == Consistency::Eventual;
                    if answer.freshness == Freshness::Strong {
                        self.law_of_barrier(asking.sent);
                    }
                    self.sums.heard(match told {
                        Told::Nothing => Heard::Unsettled,
                        _ if eventual => Heard::ShownPerhapsOld,
                        _ => Heard::Shown,
                    });
                    self.note(*order, asking, told, eventual);
                }
                what => {
                    let Ok(reply) = cluster::reply_from_bytes(&answer.reply) else {
                        return self.broken("an answer cannot be read");
                    };
                    self.replied(what, asking, reply);
                }
            },
        }
    }
    fn replied(&mut self, what: &What, asking: &Asking, reply: Reply) {
        match (what, reply) {
            (What::SetUp, _) => {
                self.sums.heard(Heard::Begun);
                self.laws.set_up += 1;
            }
            (What::Place { key }, Reply::Order { id, version, placed, replayed, .. }) => {
                if version != 1 || !(placed || replayed) {
                    self.broken(format!("an order was placed as version {version}"));
                }
                if replayed {
                    self.law_of_barrier(asking.sent);
                }
                self.sums.heard(if replayed { Heard::PlacedBefore } else { Heard::Placed });
                let answer = Some((self.now, Told::Made(1)));
                let requests = vec![Request { sent: asking.sent, answer, eventual: false }];
                self.say(|| format!("placed {id}, key {key}{}", if replayed { ", repeated" } else { "" }));
                self.laws.orders.push(Known { key: key.clone(), id, version: 1, requests });
            }
            (What::Step { order, if_match }, Reply::Order { version, replayed, .. }) => {
                if replayed {
                    self.law_of_barrier(asking.sent);
                }
                self.sums.heard(if replayed { Heard::ChangedBefore } else { Heard::Changed });
                let told = match (replayed, version > *if_match) {
                    // What a repeated answer shows is of any moment since the first.
                    (true, _) => Told::Nothing,
                    (false, true) => Told::Made(version),
                    (false, false) => Told::Showed(version),
                };
                self.note(*order, asking, told, false);
                let known = &mut self.laws.orders[*order];
                known.version = known.version.max(version);
            }
            (What::Step { order, .. }, Reply::Refused(json)) => {
                self.sums.heard(Heard::Refused);
                self.law_of_barrier(asking.sent);
                let absent = contains(&json.0, b"\"not_found\"");
                let told = if absent { Told::Absent } else { Told::Nothing };
                self.note(*order, asking, told, false);
            }
            (What::Place { key }, Reply::Refused(json)) => {
                let text = String::from_utf8_lossy(&json.0).into_owned();
                self.broken(format!("placing with key {key} was refused: {text}"));
            }
            (what, reply) => self.broken(format!("{what:?} was answered by {reply:?}")),
        }
    }
    fn note(&mut self, order: usize, asking: &Asking, told: Told, eventual: bool) {
        let request = Request { sent: asking.sent, answer: Some((self.now, told)), eventual };
        let known = &mut self.laws.orders[order];
        if let Told::Showed(version) = told {
            known.version = known.version.max(version);
        }
        known.requests.push(request);
        let check = crate::history::explain(&known.requests);
        let id = known.id;
        if let Err(why) = check {
            self.broken(format!("I8, order {id}: {why}"));
        }
    }
    /// A page of the history shows committed entries only, each at its place.
    fn paged(&mut self, c: usize, asking: &Asking, history: History) {
        let What::Log { after } = asking.what else { return };
        self.sums.heard(if matches!(history, History::Page(_)) { Heard::Page } else { Heard::NoPage });
        match history {
            History::Page(page) => {
                let mut last = after.seq;
                for delivered in &page.entries {
                    if delivered.cursor.seq <= last && delivered.cursor.loss == after.loss {
                        self.broken("a page of the history goes back");
                    }
                    last = delivered.cursor.seq;
                    self.law_of_events(delivered);
                }
                if let Some(seq) = self.laws.left_out(after.seq, page.next.seq, &page.entries) {
                    self.broken(format!("a page of the history leaves entry {seq} out"));
                }
                self.clients[c].cursor = page.next;
            }
            History::TooOld { now } => self.clients[c].cursor = now,
            History::NotYet => {}
        }
    }

    /// What a client asks next; nothing while the restaurant is not there.
    fn wish(&mut self, c: usize) -> Option<(What, Bytes, Consistency)> {
        let strong = Consistency::Strong;
        if self.laws.set_up < 2 {
            let command = sample::commands().swap_remove(self.laws.set_up);
            let first = self.clients[c].number == 0;
            return first.then(|| (What::SetUp, Bytes::from(cluster::command_to_bytes(&command)), strong));
        }
        let client = &mut self.clients[c];
        client.asked += 1;
        let key = format!("key-of-{:04}-{:08}", client.number, client.asked);
        let known = self.laws.orders.len();
        let dice = client.luck.below(100);
        if known == 0 || dice < 30 {
            let command = placing(&key, client.luck.draw());
            return Some((What::Place { key }, Bytes::from(cluster::command_to_bytes(&command)), strong));
        }
        if dice > 92 {
            return Some((What::Log { after: client.cursor }, Bytes::new(), strong));
        }
        let order = known - 1 - client.luck.below(known.min(6));
        let Known { id, version, .. } = self.laws.orders[order];
        if dice < 65 {
            let command = step(&key, id, version, client.luck.below(100));
            return Some((
                What::Step { order, if_match: version },
                Bytes::from(cluster::command_to_bytes(&command)),
                strong,
            ));
        }
        let consistency = if client.luck.chance(70) { strong } else { Consistency::Eventual };
        Some((What::Read { order }, Bytes::from(cluster::query_to_bytes(&Query::Order(id))), consistency))
    }
}

fn keyed(key: &str, about: u64) -> Option<Keyed> {
    let fingerprint =
        u128::from(about) << 64 | key.bytes().fold(7u128, |sum, byte| sum.wrapping_mul(31) + u128::from(byte));
    Some(Keyed { key: Key::parse(key).expect("made to be one"), fingerprint })
}

fn placing(key: &str, random: u64) -> Command {
    let items = vec![LineWish { item: slug("margherita"), quantity: 1 + (random % 3) as u32, options: vec![] }];
    let place = PlaceOrder {
        restaurant: slug(SLUG),
        service: Service::Collection,
        items,
        name: "Ada".into(),
        phone: "+441913341234".into(),
        deliver_to: None,
        note: key.into(),
        expect: Expect::default(),
        allergens_acknowledged: None,
        age_confirmed: false,
        fulfil_at_ms: None,
        tender: Tender::Cash,
        quote: None,
        random,
    };
    Command {
        actor: Actor::guest(Role::Customer),
        keyed: keyed(key, 1),
        if_match: None,
        action: Action::Place(Box::new(place)),
    }
}

fn step(key: &str, order: OrderId, version: u32, dice: usize) -> Command {
    let kitchen = Actor { role: Role::Restaurant, id: SLUG.into() };
    let ops = Actor { role: Role::Ops, id: "ops".into() };
    let (actor, step) = match version {
        _ if dice < 10 => (ops, Step::Cancel { reason: Reason::TestOrder }),
        1 => (kitchen, Step::Accept { ready_by_ms: None }),
        2 => (kitchen, Step::Start),
        3 => (kitchen, Step::Ready),
        _ => (kitchen, Step::HandOver { code: None }),
    };
    Command { actor, keyed: keyed(key, 2), if_match: Some(version), action: Action::Step { order, step } }
}

fn slug(text: &str) -> order::id::Slug {
    order::id::Slug::parse(text).expect("a slug of the sample")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
