//! One subscriber of events: reads the log until it has caught up, then listens; falls back to the log when it was too slow or the
//! history jumped. Nothing lost, nothing twice, on any front end, because everything begins at the cursor. Knows no HTTP.
use crate::follow::{Follower, Joined, Live, Placed, Wish};
use crate::limits;
use crate::seam::Cluster;
use futures_util::Stream;
use futures_util::stream::unfold;
use member::{Cursor, History};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// What a subscriber is told.
#[derive(Clone, PartialEq, Debug)]
pub enum Told {
    /// Events, each with the cursor after it.
    Events(Vec<Placed>),
    /// Nothing of interest happened up to here.
    Nothing(Cursor),
    /// Events after the cursor are gone; read afresh, then go on from here.
    Reset(Cursor, Lost),
}

/// Why events are gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lost {
    /// They are no longer kept.
    TooOld,
    /// A loss was accepted since: the history is another one.
    OtherHistory,
}

struct Subscriber {
    cluster: Arc<dyn Cluster>,
    follower: Follower,
    wish: Wish,
    /// Everything wanted up to here has been told; none: begin wherever the history is.
    cursor: Option<Cursor>,
    live: Option<Live>,
    waiting: VecDeque<Placed>,
    told_at: Instant,
}

/// Events after a cursor (none: from now on), without end.
pub fn subscribe(
    cluster: Arc<dyn Cluster>,
    follower: Follower,
    wish: Wish,
    after: Option<Cursor>,
) -> impl Stream<Item = Told> {
    let (live, waiting) = (None, VecDeque::new());
    let subscriber = Subscriber { cluster, follower, wish, cursor: after, live, waiting, told_at: Instant::now() };
    unfold(subscriber, |mut subscriber| async move {
        let told = subscriber.next().await;
        subscriber.told_at = Instant::now();
        Some((told, subscriber))
    })
}

impl Subscriber {
    async fn next(&mut self) -> Told {
        let Some(cursor) = self.cursor else { return self.begin().await };
        let mut cursor = cursor;
        loop {
            if !self.waiting.is_empty() {
                return self.tell_waiting();
            }
            if self.live.is_some() {
                if let Some(told) = self.listen(cursor).await {
                    return told;
                }
                self.live = None;
                continue;
            }
            match self.follower.join(cursor, self.wish) {
                Joined::Live(kept, live) => {
                    self.waiting.extend(kept);
                    self.live = Some(live);
                }
                Joined::Behind => match self.read_log(cursor).await {
                    Ok(next) => cursor = next,
                    Err(told) => return told,
                },
            }
        }
    }

    /// Without a cursor the first thing told is where it begins, so that nothing is lost if the connection breaks at once.
    async fn begin(&mut self) -> Told {
        loop {
            if let Some(upto) = self.follower.upto() {
                self.cursor = Some(upto);
                return Told::Nothing(upto);
            }
            sleep(limits::CATCH_UP_PAUSE).await;
        }
    }

    fn tell_waiting(&mut self) -> Told {
        let some = self.waiting.len().min(limits::EVENTS_AT_ONCE);
        let events: Vec<Placed> = self.waiting.drain(..some).collect();
        self.cursor = events.last().map(|(cursor, _)| *cursor);
        Told::Events(events)
    }

    /// What comes, or after some silence how far all has been heard. None: go on by the log.
    async fn listen(&mut self, cursor: Cursor) -> Option<Told> {
        let live = self.live.as_mut()?;
        match timeout_at(self.told_at + limits::KEEP_ALIVE, live.next()).await {
            Ok(Some(first)) => {
                self.waiting.push_back(first);
                self.waiting.extend(std::iter::from_fn(|| live.ready()).take(limits::EVENTS_AT_ONCE));
                Some(self.tell_waiting())
            }
            Ok(None) => None,
            Err(_) => {
                let heard = live.heard().unwrap_or(cursor).max(cursor);
                self.cursor = Some(heard);
                Some(Told::Nothing(heard))
            }
        }
    }

    /// Reads a page of the log after the cursor, and tells where to go on. `Err` has what the subscriber must hear at once.
    async fn read_log(&mut self, cursor: Cursor) -> Result<Cursor, Told> {
        let left = limits::KEEP_ALIVE.saturating_sub(self.told_at.elapsed());
        let Ok(read) = timeout(left, self.cluster.log(cursor, limits::LOG_PAGE)).await else {
            return Err(Told::Nothing(cursor));
        };
        match read {
            Ok(History::Page(page)) => {
                let next = page.next.max(cursor);
                let events = page.entries.iter().flat_map(|entry| {
                    let events = api::record::events_from_bytes(&entry.body).unwrap_or_default();
                    events.into_iter().map(|event| (entry.cursor, event))
                });
                self.waiting.extend(events.filter(|(_, event)| self.wish.wants(event)));
                if self.waiting.is_empty() {
                    self.cursor = Some(next);
                    if next == cursor {
                        // The end of the log was reached before the follower's first page came.
                        sleep(limits::CATCH_UP_PAUSE).await;
                    }
                }
                Ok(next)
            }
            Ok(History::TooOld { now }) => {
                let lost = if now.loss == cursor.loss { Lost::TooOld } else { Lost::OtherHistory };
                self.cursor = Some(now);
                Err(Told::Reset(now, lost))
            }
            // The replica is behind the cursor, or none could be asked: it will be, or another one will.
            Ok(History::NotYet) | Err(_) => {
                sleep(limits::CATCH_UP_PAUSE).await;
                if self.told_at.elapsed() < limits::KEEP_ALIVE { Ok(cursor) } else { Err(Told::Nothing(cursor)) }
            }
        }
    }
}
