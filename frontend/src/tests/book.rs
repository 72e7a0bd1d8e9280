//! A group of one, in this process: the real order book behind the front end's seam, without log, sockets or copies.
use crate::app::now_ms;
use crate::seam::Cluster;
use api::cluster::book;
use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::{BoxStream, unfold};
use futures_util::{FutureExt, StreamExt};
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View};
use member::client::{Belief, FeedEvent, Metrics};
use member::{Answer, Consistency, Cursor, Delivered, Failure, Freshness, History, Page, Report};
use order::state::State;
use order::{Command, sample};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

pub(crate) struct Book {
    inner: Arc<Mutex<Inner>>,
    grown: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    state: State,
    log: Vec<Delivered>,
    /// Entries up to this one are no longer kept.
    trimmed: u64,
    loss: u64,
    /// What the next calls fail with.
    failures: VecDeque<Failure>,
}

impl Book {
    pub(crate) fn new() -> Book {
        let book = Book { inner: Arc::default(), grown: watch::channel(0).0 };
        for command in [Command::begin([7; 32])].into_iter().chain(sample::commands()) {
            book.run(&api::cluster::command_to_bytes(&command));
        }
        book
    }

    pub(crate) fn orders_held(&self) -> usize {
        self.lock().state.orders_held()
    }
    pub(crate) fn digest(&self) -> u128 {
        self.lock().state.digest()
    }
    pub(crate) fn fail_next(&self, failure: Failure) {
        self.lock().failures.push_back(failure);
    }
    /// Forgets all but the last `keep` entries.
    pub(crate) fn trim(&self, keep: u64) {
        let mut inner = self.lock();
        inner.trimmed = inner.tip().seq.saturating_sub(keep);
    }
    /// A loss is accepted: what was before is another history.
    pub(crate) fn lose(&self) {
        self.lock().loss += 1;
        self.grown.send_modify(|count| *count += 1);
    }
    pub(crate) fn tip(&self) -> Cursor {
        self.lock().tip()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn run(&self, command: &[u8]) -> Answer {
        let mut inner = self.lock();
        let (delta, reply) = book::execute(&inner.state, now_ms(), command);
        if let Some(delta) = delta {
            inner.state.apply(&delta);
            let cursor = Cursor { loss: inner.loss, seq: inner.tip().seq + 1 };
            let body = Bytes::from(api::record::delta_to_bytes(&delta));
            inner.log.push(Delivered { cursor, at: now_ms(), body });
        }
        let cursor = inner.tip();
        drop(inner);
        self.grown.send_modify(|count| *count += 1);
        Answer { reply: Bytes::from(reply), cursor, freshness: Freshness::Strong }
    }
}

impl Inner {
    fn tip(&self) -> Cursor {
        Cursor { loss: self.loss, seq: self.log.len() as u64 }
    }

    fn after(&self, after: Cursor, max: usize) -> History {
        let now = self.tip();
        if after.loss < now.loss || after.seq < self.trimmed {
            return History::TooOld { now };
        }
        if after > now {
            return History::NotYet;
        }
        let entries: Vec<Delivered> = self.log[after.seq as usize..].iter().take(max).cloned().collect();
        let next = entries.last().map_or(after, |entry| Cursor { loss: now.loss, ..entry.cursor });
        History::Page(Page { entries, next, commit: now.seq })
    }
}

impl Cluster for Book {
    fn submit(&self, command: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        let failure = self.lock().failures.pop_front();
        ready(failure.map_or_else(|| Ok(self.run(&command)), Err)).boxed()
    }

    fn read(&self, _: Consistency, query: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        let mut inner = self.lock();
        if let Some(failure) = inner.failures.pop_front() {
            return ready(Err(failure)).boxed();
        }
        let reply = Bytes::from(book::answer(&inner.state, now_ms(), &query));
        ready(Ok(Answer { reply, cursor: inner.tip(), freshness: Freshness::Strong })).boxed()
    }

    fn log(&self, after: Cursor, max: usize) -> BoxFuture<'_, Result<History, Failure>> {
        ready(Ok(self.lock().after(after, max))).boxed()
    }

    fn feed(&self) -> BoxStream<'static, FeedEvent> {
        let (inner, grown) = (self.inner.clone(), self.grown.subscribe());
        let start: Option<Cursor> = None;
        unfold((inner, grown, start), |(inner, mut grown, at)| async move {
            loop {
                grown.borrow_and_update();
                let (history, tip) = {
                    let inner = inner.lock().unwrap();
                    (inner.after(at.unwrap_or(inner.tip()), 4_096), inner.tip())
                };
                match history {
                    History::Page(page) if at.is_none() || !page.entries.is_empty() => {
                        let next = Some(page.next);
                        return Some((FeedEvent::Page(page), (inner, grown, next)));
                    }
                    History::TooOld { now } => return Some((FeedEvent::Reset { now }, (inner, grown, Some(tip)))),
                    _ => grown.changed().await.ok()?,
                }
            }
        })
        .boxed()
    }

    fn reports(&self) -> BoxFuture<'_, BTreeMap<Pod, Option<Report>>> {
        ready([(Pod::new("replica-0"), None)].into()).boxed()
    }

    fn hand_over(&self, _: Pod, _: Epoch) -> BoxFuture<'_, Result<(), Failure>> {
        ready(Ok(())).boxed()
    }

    fn belief(&self) -> Belief {
        let pods = ["replica-0", "replica-1", "replica-2"];
        let view = View {
            group: GroupId(7),
            version: 3,
            epoch: Epoch::new(0, 2),
            primary: pods[0].into(),
            primary_boot: BootId(1),
            in_sync: [(pods[0].into(), StorageId(10)), (pods[1].into(), StorageId(11))].into(),
            members: pods.map(Pod::new).into(),
            min_in_sync: 2,
            change: Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 },
        };
        Belief { epoch: view.epoch, primary: Some(view.primary.clone()), view: Some(view), serving: true }
    }

    fn metrics(&self) -> Metrics {
        Metrics::default()
    }
}
