//! Following the committed history from a cursor on, at whichever member is there: nothing lost, nothing twice, because every change
//! of member begins at the cursor.
use super::shared::Shared;
use crate::answer::{Cursor, History, Page};
use crate::limits;
use crate::wire::Request;
use group::Pod;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What a feed gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FeedEvent {
    /// What came next. Without entries: the cursor has moved on, or nothing has happened for a while.
    Page(Page),
    /// The history from the cursor on is not there any more: read the state; the feed goes on at `now`.
    Reset {
        /// Where it goes on.
        now: Cursor,
    },
}

/// A subscription to the committed history.
pub struct Feed {
    shared: Arc<Shared>,
    after: Option<Cursor>,
    subscription: Option<Subscription>,
    last: Option<Pod>,
}

struct Subscription {
    number: u64,
    pages: mpsc::Receiver<History>,
}

impl Feed {
    pub(super) fn new(shared: Arc<Shared>, after: Option<Cursor>) -> Feed {
        Feed { shared, after, subscription: None, last: None }
    }

    /// Where the feed is: what `next` gives comes after it. `None` until the first page, if it began without a cursor.
    pub fn cursor(&self) -> Option<Cursor> {
        self.after
    }

    /// What comes next. Never ends: without any member it waits for one. May be dropped and called again without loss.
    pub async fn next(&mut self) -> FeedEvent {
        loop {
            if self.subscription.is_none() {
                self.subscribe().await;
                continue;
            }
            let Some(subscription) = &mut self.subscription else { continue };
            // Members say where they are several times a second, so that one which is frozen is noticed.
            let patience = Duration::from_millis(limits::FEED_SILENCE_MS);
            match timeout(patience, subscription.pages.recv()).await {
                Ok(Some(History::Page(page))) => {
                    if let Some(page) = self.advance(page) {
                        return FeedEvent::Page(page);
                    }
                }
                Ok(Some(History::TooOld { now })) => {
                    self.after = Some(now);
                    return FeedEvent::Reset { now };
                }
                Ok(Some(History::NotYet)) => {}
                Ok(None) | Err(_) => self.unsubscribe(),
            }
        }
    }

    /// Moves the cursor; what lies before it was given already.
    fn advance(&mut self, mut page: Page) -> Option<Page> {
        if let Some(after) = self.after {
            if page.next < after {
                return None;
            }
            page.entries.retain(|entry| entry.cursor > after);
        }
        self.after = Some(page.next);
        Some(page)
    }

    async fn subscribe(&mut self) {
        let mut ups = self.shared.ups();
        let (connected, primary) = self.shared.connected();
        // Another one than last time, and rather not the primary, which has the writes to do.
        let choice = |pod: &&Pod| (Some(*pod) == self.last.as_ref(), Some(*pod) == primary.as_ref());
        let Some(pod) = connected.iter().min_by_key(choice).cloned() else {
            self.last = None;
            let _ = ups.changed().await;
            return;
        };
        let (sender, pages) = mpsc::channel(limits::FEED_PAGES);
        let number = self.shared.subscribe(&pod, &Request::Subscribe { after: self.after }, sender);
        self.subscription = number.map(|number| Subscription { number, pages });
        self.last = Some(pod);
    }

    fn unsubscribe(&mut self) {
        if let Some(subscription) = self.subscription.take() {
            self.shared.unsubscribe(subscription.number);
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.unsubscribe();
    }
}
