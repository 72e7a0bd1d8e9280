//! What the front end needs of the group of replicas, and nothing more: the seam at which tests put a book of their own.
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, unfold};
use group::{Epoch, Pod};
use member::client::{Belief, Client, FeedEvent, Metrics};
use member::{Answer, Consistency, Cursor, Failure, History, Report};
use std::collections::BTreeMap;

/// The group of replicas, as its callers see it.
pub trait Cluster: Send + Sync + 'static {
    /// Has a command executed, once.
    fn submit(&self, command: Bytes) -> BoxFuture<'_, Result<Answer, Failure>>;
    /// Has a question answered.
    fn read(&self, consistency: Consistency, query: Bytes) -> BoxFuture<'_, Result<Answer, Failure>>;
    /// A stretch of the committed history.
    fn log(&self, after: Cursor, max: usize) -> BoxFuture<'_, Result<History, Failure>>;
    /// The committed history from now on, without end.
    fn feed(&self) -> BoxStream<'static, FeedEvent>;
    /// What every replica says of itself.
    fn reports(&self) -> BoxFuture<'_, BTreeMap<Pod, Option<Report>>>;
    /// Asks that another replica lead.
    fn hand_over(&self, to: Pod, epoch: Epoch) -> BoxFuture<'_, Result<(), Failure>>;
    /// What is believed of it at this moment.
    fn belief(&self) -> Belief;
    /// Figures.
    fn metrics(&self) -> Metrics;
}

impl Cluster for Client {
    fn submit(&self, command: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        Box::pin(Client::submit(self, command))
    }
    fn read(&self, consistency: Consistency, query: Bytes) -> BoxFuture<'_, Result<Answer, Failure>> {
        Box::pin(Client::read(self, consistency, query))
    }
    fn log(&self, after: Cursor, max: usize) -> BoxFuture<'_, Result<History, Failure>> {
        Box::pin(Client::log(self, after, max))
    }
    fn feed(&self) -> BoxStream<'static, FeedEvent> {
        unfold(Client::feed(self, None), |mut feed| async move { Some((feed.next().await, feed)) }).boxed()
    }
    fn reports(&self) -> BoxFuture<'_, BTreeMap<Pod, Option<Report>>> {
        Box::pin(Client::reports(self))
    }
    fn hand_over(&self, to: Pod, epoch: Epoch) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(Client::hand_over(self, to, epoch))
    }
    fn belief(&self) -> Belief {
        self.believed().borrow().clone()
    }
    fn metrics(&self) -> Metrics {
        Client::metrics(self)
    }
}
