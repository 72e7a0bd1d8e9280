//! The client half: what front ends, tools and controllers hold of a group. Knows how to find the primary, never what a request says.
mod clock;
mod driven;
mod feed;
mod shared;
mod watch;

pub use driven::{DrivenClient, DrivenWatch};
pub use feed::{Feed, FeedEvent};
pub use watch::{Link, Observation, Watch};

use crate::answer::{Answer, Consistency, Cursor, Failure, History, Why};
use crate::handle::{Directory, Report};
use crate::limits;
use crate::net::{Caller, LineEvent, keep_lines};
use crate::wire::{Kind, Request, Told};
use bytes::Bytes;
use clock::Clock;
use group::route::Demand;
use group::{Epoch, Pod, View};
use shared::Shared;
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch as news};
use tokio::task::JoinSet;

/// Whom a client talks to, and under what name.
pub struct Config {
    /// Its own name, for the members' logs.
    pub name: String,
    /// The members.
    pub replicas: Directory,
}

/// What a client believes of the group.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Belief {
    /// The newest view seen.
    pub view: Option<View>,
    /// The highest epoch heard of.
    pub epoch: Epoch,
    /// Who leads it.
    pub primary: Option<Pod>,
    /// Whether a request would be sent to it now; if not, requests wait.
    pub serving: bool,
}

/// The connection to the primary is gone: controllers want to know at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suspicion {
    /// The primary.
    pub pod: Pod,
    /// The epoch it is believed to lead.
    pub epoch: Epoch,
    /// Whether its port refuses connections, so that its process is dead.
    pub refused: bool,
}

/// Figures of a client, counted since it began.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Metrics {
    /// Requests that wait for somebody to send them to, at this moment.
    pub parked: usize,
    /// All requests without an answer, at this moment.
    pub open: usize,
    /// Members with an open connection, at this moment.
    pub connected: usize,
    /// Requests answered.
    pub answered: u64,
    /// How often a request was sent once more.
    pub retried: u64,
    /// Requests given up without any effect.
    pub not_executed: u64,
    /// Requests given up with unknown outcome.
    pub unknown: u64,
}

/// A connection to a whole group. Cheap to clone; ends with its last clone. Needs a tokio runtime.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// Ends with the client.
    _tasks: JoinSet<()>,
}

impl Client {
    /// Begins to connect to all replicas, and keeps connected. Returns at once; requests wait for a primary.
    pub fn connect(config: Config) -> Client {
        let Config { name, replicas } = config;
        let shared = Arc::new(Shared::new(Clock::real()));
        let mut tasks = JoinSet::new();
        tasks.spawn(tick(shared.clone()));
        tasks.spawn(lines(shared.clone(), Caller { name, kind: Kind::Client, directory: replicas }));
        Client { inner: Arc::new(Inner { shared, _tasks: tasks }) }
    }

    /// Has a command executed, exactly once if it carries its key (E1): sent again, byte for byte, until a primary answers
    /// or it has waited too long.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn submit(&self, command: Bytes) -> Result<Answer, Failure> {
        self.answer(Demand::Write, Request::Submit(command)).await
    }

    /// Has a question answered: by the primary if it must be `Strong`, else by any member.
    ///
    /// # Errors
    /// `NotExecuted` only.
    pub async fn read(&self, consistency: Consistency, request: Bytes) -> Result<Answer, Failure> {
        let demand = if consistency == Consistency::Strong { Demand::Read } else { Demand::Any };
        self.answer(demand, Request::Read(consistency, request)).await
    }

    /// A stretch of the committed history, from any member.
    ///
    /// # Errors
    /// `NotExecuted` only.
    pub async fn log(&self, after: Cursor, max: usize) -> Result<History, Failure> {
        let max = u32::try_from(max).unwrap_or(u32::MAX);
        match self.inner.shared.ask(Demand::Any, &Request::Log { after, max }).await? {
            Told::History(history) => Ok(history),
            _ => Err(Failure::NotExecuted(Why::NoPrimary)),
        }
    }

    /// The committed history from a cursor on (`None`: from where it is when asked), without end, across failovers.
    pub fn feed(&self, after: Option<Cursor>) -> Feed {
        Feed::new(self.inner.shared.clone(), after)
    }

    /// What every member says of itself; `None` if it does not answer in `limits::REPORT_MS`.
    pub async fn reports(&self) -> BTreeMap<Pod, Option<Report>> {
        let asked: Vec<_> = self
            .inner
            .shared
            .members()
            .into_iter()
            .map(|pod| (self.inner.shared.ask_member(&pod, &Request::Report), pod))
            .collect();
        let mut reports = BTreeMap::new();
        let deadline = tokio::time::Instant::now() + Duration::from_millis(limits::REPORT_MS);
        for (answer, pod) in asked {
            let told = tokio::time::timeout_at(deadline, answer).await;
            let report = match told {
                Ok(Some(Told::Report(report))) => Some(*report),
                _ => None,
            };
            reports.insert(pod, report);
        }
        reports
    }

    /// Asks the primary that `to` lead, if the epoch is still `epoch` (H1). What comes of it is seen in the view.
    ///
    /// # Errors
    /// `NotExecuted`: there was no primary to ask.
    pub async fn hand_over(&self, to: Pod, epoch: Epoch) -> Result<(), Failure> {
        self.inner.shared.ask(Demand::Read, &Request::HandOver { to, epoch }).await.map(drop)
    }

    /// Tells all members (and this client) a view that was seen elsewhere.
    pub fn push_view(&self, view: View) {
        self.inner.shared.push_view(view);
    }

    /// What is believed of the group, and every change of it.
    pub fn believed(&self) -> news::Receiver<Belief> {
        self.inner.shared.believed()
    }

    /// Every loss of the connection to the primary.
    pub fn suspicions(&self) -> broadcast::Receiver<Suspicion> {
        self.inner.shared.suspicions()
    }

    /// Figures.
    pub fn metrics(&self) -> Metrics {
        self.inner.shared.metrics()
    }

    async fn answer(&self, demand: Demand, request: Request) -> Result<Answer, Failure> {
        if let Request::Submit(bytes) | Request::Read(_, bytes) = &request
            && bytes.len() > limits::COMMAND_BYTES
        {
            return Err(Failure::NotExecuted(Why::TooLarge));
        }
        match self.inner.shared.ask(demand, &request).await? {
            Told::Answer(answer) => Ok(answer),
            _ => Err(Failure::NotExecuted(Why::TooLarge)),
        }
    }
}

async fn tick(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(group::limits::TICK_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        shared.tick();
    }
}

async fn lines(shared: Arc<Shared>, caller: Caller) {
    let hearer = |pod: &Pod| {
        let (shared, pod) = (shared.clone(), pod.clone());
        move |event: LineEvent<(u64, Told)>| {
            shared.line(&pod, event);
            ready(true)
        }
    };
    let members = |members: &BTreeSet<Pod>| shared.set_members(members);
    keep_lines(caller, None, Some(limits::SILENCE_MS), members, hearer, |_| Arc::default()).await;
}
