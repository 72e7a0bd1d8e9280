//! Follows the group's history while anyone listens, and hands each event to those who want it. One feed for all subscribers of
//! this front end; without subscribers none. Knows cursors and filters, not HTTP.
use crate::limits;
use crate::seam::Cluster;
use futures_util::StreamExt;
use member::client::FeedEvent;
use member::{Cursor, Page};
use order::OrderId;
use order::delta::Event;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;
use tokio::sync::mpsc;

/// An event and the place in history after which to go on.
pub type Placed = (Cursor, Event);

/// Which events someone wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// All of them.
    All,
    /// Of one order.
    Order(OrderId),
    /// Of one restaurant's orders, by its number.
    Restaurant(u32),
}

impl Wish {
    /// Whether this event is wanted.
    pub fn wants(self, event: &Event) -> bool {
        match self {
            Wish::All => true,
            Wish::Order(id) => event.order == id,
            Wish::Restaurant(number) => event.order.restaurant().get() == number,
        }
    }
}

/// Follows the history. Cheap to clone.
#[derive(Clone)]
pub struct Follower {
    shared: Arc<Shared>,
}

struct Shared {
    cluster: Arc<dyn Cluster>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The latest events, in order.
    kept: VecDeque<Placed>,
    /// `kept` has everything after the first and up to the second.
    span: Option<(Cursor, Cursor)>,
    /// Listeners of one order: they are not even looked at when others' events pass.
    of_orders: HashMap<OrderId, Vec<Listener>>,
    others: Vec<Listener>,
    last_number: u64,
    count: usize,
    is_following: bool,
    left_alone: Option<Instant>,
}

struct Listener {
    number: u64,
    wish: Wish,
    /// What lies before it is known already.
    after: Cursor,
    sender: mpsc::Sender<Placed>,
}

/// What someone gets who wants to listen from a cursor on.
pub enum Joined {
    /// What is kept after the cursor, and then what comes.
    Live(Vec<Placed>, Live),
    /// The cursor is older than what is kept: read the log first.
    Behind,
}

/// A place among the listeners; left when dropped.
pub struct Live {
    follower: Follower,
    wish: Wish,
    number: u64,
    events: mpsc::Receiver<Placed>,
}

impl Follower {
    /// Follows this group, once someone listens.
    pub fn new(cluster: Arc<dyn Cluster>) -> Follower {
        Follower { shared: Arc::new(Shared { cluster, state: Mutex::default() }) }
    }

    /// Listens from a cursor on.
    pub fn join(&self, after: Cursor, wish: Wish) -> Joined {
        let mut state = self.lock();
        self.begin(&mut state);
        match state.span {
            Some((from, _)) if after >= from => {}
            _ => return Joined::Behind,
        }
        let known = state.kept.partition_point(|(cursor, _)| *cursor <= after);
        let kept = state.kept.range(known..).filter(|(_, event)| wish.wants(event)).copied().collect();
        let seen = state.span.map_or(after, |(_, upto)| upto.max(after));
        let (sender, events) = mpsc::channel(limits::EVENTS_WAITING);
        state.last_number += 1;
        let number = state.last_number;
        state.listeners(wish).push(Listener { number, wish, after: seen, sender });
        state.count += 1;
        drop(state);
        Joined::Live(kept, Live { follower: self.clone(), wish, number, events })
    }

    /// How far the history has been followed; none while it is not.
    pub fn upto(&self) -> Option<Cursor> {
        let mut state = self.lock();
        self.begin(&mut state);
        state.span.map(|(_, upto)| upto)
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.lock().count
    }

    fn begin(&self, state: &mut State) {
        state.left_alone = None;
        if !state.is_following {
            state.is_following = true;
            tokio::spawn(follow(Arc::downgrade(&self.shared), self.shared.cluster.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// The next event; none once this listener was too slow, or the history is another one: go on by the log.
    pub async fn next(&mut self) -> Option<Placed> {
        self.events.recv().await
    }
    /// The next event, if it is there already.
    pub fn ready(&mut self) -> Option<Placed> {
        self.events.try_recv().ok()
    }
    /// How far this listener has heard everything it wants, if nothing waits for it.
    pub fn heard(&self) -> Option<Cursor> {
        let state = self.follower.lock();
        if self.events.is_empty() && !self.events.is_closed() { state.span.map(|(_, upto)| upto) } else { None }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.follower.lock().leave(self.wish, self.number);
    }
}

async fn follow(shared: Weak<Shared>, cluster: Arc<dyn Cluster>) {
    let mut feed = cluster.feed();
    drop(cluster);
    while let Some(event) = feed.next().await {
        let Some(shared) = shared.upgrade() else { return };
        let mut state = shared.lock();
        match event {
            FeedEvent::Page(page) => state.take_in(&page),
            FeedEvent::Reset { now } => state.begin_anew(now),
        }
        if state.is_left_alone() {
            state.stop();
            return;
        }
    }
}

impl State {
    fn listeners(&mut self, wish: Wish) -> &mut Vec<Listener> {
        match wish {
            Wish::Order(id) => self.of_orders.entry(id).or_default(),
            Wish::All | Wish::Restaurant(_) => &mut self.others,
        }
    }

    fn take_in(&mut self, page: &Page) {
        let first = page.entries.first().map_or(page.next, |entry| before(entry.cursor));
        let from = self.span.map_or(first, |(from, _)| from);
        for entry in &page.entries {
            // What this build cannot read it cannot tell; subscribers of a newer front end can.
            let events = api::record::events_from_bytes(&entry.body).unwrap_or_default();
            events.into_iter().for_each(|event| self.tell((entry.cursor, event)));
        }
        self.span = Some((from, page.next));
        self.forget_old();
    }

    fn tell(&mut self, placed: Placed) {
        self.kept.push_back(placed);
        let mut gone = 0;
        if let Some(listeners) = self.of_orders.get_mut(&placed.1.order) {
            gone += hand_out(listeners, placed);
            if listeners.is_empty() {
                self.of_orders.remove(&placed.1.order);
            }
        }
        if !self.others.is_empty() {
            gone += hand_out(&mut self.others, placed);
        }
        self.count -= gone;
    }

    fn forget_old(&mut self) {
        while self.kept.len() > limits::EVENTS_KEPT {
            if let (Some((cursor, _)), Some(span)) = (self.kept.pop_front(), &mut self.span) {
                span.0 = cursor;
            }
        }
    }

    /// The history jumped: all listeners go back to the log, which tells them.
    fn begin_anew(&mut self, now: Cursor) {
        self.kept.clear();
        self.span = Some((now, now));
        self.of_orders.clear();
        self.others.clear();
        self.count = 0;
    }

    fn leave(&mut self, wish: Wish, number: u64) {
        let listeners = self.listeners(wish);
        let before = listeners.len();
        listeners.retain(|listener| listener.number != number);
        let left = before - listeners.len();
        if let Wish::Order(id) = wish
            && listeners.is_empty()
        {
            self.of_orders.remove(&id);
        }
        self.count -= left;
    }

    fn is_left_alone(&mut self) -> bool {
        if self.count > 0 {
            self.left_alone = None;
            return false;
        }
        self.left_alone.get_or_insert_with(Instant::now).elapsed() > limits::FOLLOW_AFTER_LAST
    }

    fn stop(&mut self) {
        self.kept = VecDeque::new();
        self.span = None;
        self.is_following = false;
    }
}

/// Hands an event to all that want it; whoever cannot keep up is dropped and goes back to the log. Tells how many were.
fn hand_out(listeners: &mut Vec<Listener>, placed: Placed) -> usize {
    let before = listeners.len();
    listeners.retain(|listener| {
        let wanted = placed.0 > listener.after && listener.wish.wants(&placed.1);
        !wanted || listener.sender.try_send(placed).is_ok()
    });
    before - listeners.len()
}

fn before(cursor: Cursor) -> Cursor {
    Cursor { seq: cursor.seq.saturating_sub(1), ..cursor }
}
