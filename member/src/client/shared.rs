//! What all users of one client share: the belief (`group::route`), the connections' outboxes, and who waits for which answer. One
//! short lock, never held across an await; whoever has something to say writes it straight into the outbox, and the
//! connection's writer takes all of it in one write.
use super::clock::Clock;
use super::{Belief, Metrics, Suspicion};
use crate::answer::{Failure, History, Rejection, Why};
use crate::limits;
use crate::net::LineEvent;
use crate::wire::{Outbox, Request, Told};
use bytes::Bytes;
use group::route::{self, Demand, Input, Output, Route};
use group::{Pod, Time, View};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

type Waiter = oneshot::Sender<Result<Told, Failure>>;

struct State {
    route: Route,
    members: BTreeSet<Pod>,
    outboxes: BTreeMap<Pod, Arc<Outbox>>,
    waiters: HashMap<u64, Waiter>,
    direct: HashMap<u64, (Pod, oneshot::Sender<Told>)>,
    feeds: HashMap<u64, (Pod, mpsc::Sender<History>)>,
    last_number: u64,
    metrics: Metrics,
    outputs: Vec<Output>,
    ticks: u64,
    /// The next slow answer is told after this.
    slow_told: Time,
    seen: (group::Epoch, u64, bool),
}

pub(super) struct Shared {
    state: Mutex<State>,
    clock: Clock,
    believed: watch::Sender<Belief>,
    suspicions: broadcast::Sender<Suspicion>,
    ups: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new(clock: Clock) -> Shared {
        let state = State {
            route: Route::new(),
            members: BTreeSet::new(),
            outboxes: BTreeMap::new(),
            waiters: HashMap::new(),
            direct: HashMap::new(),
            feeds: HashMap::new(),
            last_number: 0,
            metrics: Metrics::default(),
            outputs: Vec::new(),
            ticks: 0,
            slow_told: Time(0),
            seen: Default::default(),
        };
        Shared {
            state: Mutex::new(state),
            clock,
            believed: watch::channel(Belief::default()).0,
            suspicions: broadcast::channel(limits::EVENTS).0,
            ups: watch::channel(0).0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }
    fn now(&self) -> Time {
        self.clock.now()
    }

    /// Asks whoever the demand allows, however often it takes.
    pub(super) async fn ask(&self, demand: Demand, request: &Request) -> Result<Told, Failure> {
        let bytes = Bytes::from(postcard::to_stdvec(request).expect("requests are plain data"));
        let (waiter, answer) = oneshot::channel();
        let ticket = {
            let mut state = self.lock();
            let ticket = state.number();
            state.waiters.insert(ticket, waiter);
            self.step(&mut state, Input::Request { ticket, demand, bytes }, None);
            ticket
        };
        let mut asked = Asked { shared: self, ticket: Some(ticket) };
        let told = answer.await.unwrap_or(Err(Failure::NotExecuted(Why::Stopping)));
        asked.ticket = None;
        told
    }

    /// Asks one member, once. `None` if there is no connection to it or it ends.
    pub(super) fn ask_member(&self, pod: &Pod, request: &Request) -> impl Future<Output = Option<Told>> + use<> {
        let (waiter, answer) = oneshot::channel();
        let mut state = self.lock();
        let number = state.number();
        if let Some(outbox) = state.outboxes.get(pod) {
            outbox.push(&(number, request));
            state.direct.insert(number, (pod.clone(), waiter));
        }
        async move { answer.await.ok() }
    }

    /// Subscribes at one member. Pages come until the connection ends or nobody takes them.
    pub(super) fn subscribe(&self, pod: &Pod, request: &Request, pages: mpsc::Sender<History>) -> Option<u64> {
        let mut state = self.lock();
        let number = state.number();
        state.outboxes.get(pod)?.push(&(number, request));
        state.feeds.insert(number, (pod.clone(), pages));
        Some(number)
    }
    pub(super) fn unsubscribe(&self, number: u64) {
        let mut state = self.lock();
        if let Some((pod, _)) = state.feeds.remove(&number)
            && let Some(outbox) = state.outboxes.get(&pod)
        {
            outbox.push(&(0u64, Request::Unsubscribe { number }));
        }
    }

    pub(super) fn push_view(&self, view: View) {
        let mut state = self.lock();
        for outbox in state.outboxes.values() {
            outbox.push(&(0u64, Request::PushView(view.clone())));
        }
        self.step(&mut state, Input::View(view), None);
    }

    pub(super) fn set_members(&self, members: &BTreeSet<Pod>) {
        self.lock().members = members.clone();
    }
    pub(super) fn members(&self) -> BTreeSet<Pod> {
        self.lock().members.clone()
    }
    /// The members there is a connection to, and who is believed to lead.
    pub(super) fn connected(&self) -> (Vec<Pod>, Option<Pod>) {
        let state = self.lock();
        (state.outboxes.keys().cloned().collect(), state.route.primary().1.cloned())
    }
    /// Changes whenever a connection is opened.
    pub(super) fn ups(&self) -> watch::Receiver<u64> {
        self.ups.subscribe()
    }
    pub(super) fn believed(&self) -> watch::Receiver<Belief> {
        self.believed.subscribe()
    }
    pub(super) fn suspicions(&self) -> broadcast::Receiver<Suspicion> {
        self.suspicions.subscribe()
    }
    pub(super) fn metrics(&self) -> Metrics {
        let state = self.lock();
        let (parked, open, retried) = (state.route.parked(), state.route.pending(), state.route.resent());
        Metrics { parked, open, retried, connected: state.outboxes.len(), ..state.metrics }
    }

    pub(super) fn tick(&self) {
        let mut state = self.lock();
        state.ticks += 1;
        if state.ticks.is_multiple_of(limits::PING_MS / group::limits::TICK_MS) {
            state.outboxes.values().for_each(|outbox| outbox.push(&(0u64, Request::Ping)));
        }
        self.step(&mut state, Input::Tick, None);
    }

    /// Something happened on the line to this member.
    pub(super) fn line(&self, pod: &Pod, event: LineEvent<(u64, Told)>) {
        let mut state = self.lock();
        match event {
            LineEvent::Up(_, outbox) => {
                state.outboxes.insert(pod.clone(), outbox);
                self.step(&mut state, Input::Up(pod.clone()), None);
                self.ups.send_modify(|count| *count += 1);
            }
            LineEvent::Down { refused } => {
                state.outboxes.remove(pod);
                state.direct.retain(|_, (asked, _)| asked != pod);
                state.feeds.retain(|_, (asked, _)| asked != pod);
                self.step(&mut state, Input::Down { pod: pod.clone(), refused }, None);
            }
            LineEvent::Frames(batch) => {
                batch.into_iter().for_each(|(number, told)| self.told(&mut state, pod, number, told))
            }
        }
    }

    fn told(&self, state: &mut State, from: &Pod, number: u64, told: Told) {
        if let Some((_, waiter)) = state.direct.remove(&number) {
            return drop(waiter.send(told));
        }
        if let Some((_, pages)) = state.feeds.get(&number) {
            // Whoever does not take its pages loses the subscription, not the pages: it begins again where it stopped.
            if let Told::History(history) = told
                && pages.try_send(history).is_err()
            {
                state.feeds.remove(&number);
                if let Some(outbox) = state.outboxes.get(from) {
                    outbox.push(&(0u64, Request::Unsubscribe { number }));
                }
            }
            return;
        }
        let (from, ticket) = (from.clone(), (number > 0).then_some(number));
        let input = match &told {
            Told::View(view) => Input::View(view.clone()),
            Told::Serving(epoch) => Input::Serving { from, epoch: *epoch },
            Told::Draining(epoch) | Told::Rejected(Rejection::Draining { epoch }) => {
                Input::Draining { from, ticket, epoch: *epoch }
            }
            Told::NotPrimary { epoch, primary } | Told::Rejected(Rejection::NotPrimary { epoch, primary }) => {
                Input::NotPrimary { from, ticket, epoch: *epoch, primary: primary.clone() }
            }
            Told::Rejected(Rejection::Busy) => Input::Busy { from, ticket: number },
            Told::Rejected(Rejection::TooLarge { .. })
            | Told::Answer(_)
            | Told::History(_)
            | Told::Noted
            | Told::Report(_) => {
                self.tell_if_slow(state, &from, number);
                Input::Answered { ticket: number }
            }
            Told::Status(_) | Told::Pong => return,
        };
        self.step(state, input, Some(told));
    }

    /// What was slow, and where the time went: until it was last sent, or after that.
    fn tell_if_slow(&self, state: &mut State, from: &Pod, ticket: u64) {
        let now = self.now();
        let Some(course) = state.route.course(ticket) else { return };
        let waited_ms = now.ms_since(course.since);
        if waited_ms >= limits::SLOW_MS && now >= state.slow_told {
            state.slow_told = now.plus_ms(limits::SLOW_EVERY_MS);
            let (answered_in_ms, tries) = (now.ms_since(course.sent_at), course.tries);
            tracing::info!(pod = %from, waited_ms, answered_in_ms, tries, "a slow answer");
        }
    }

    /// One step of the belief, and what it wants done.
    fn step(&self, state: &mut State, input: Input, told: Option<Told>) {
        let mut told = told;
        let mut outputs = std::mem::take(&mut state.outputs);
        state.route.step(self.now(), input, &mut outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Send { to, ticket, bytes } => {
                    if let Some(outbox) = state.outboxes.get(&to) {
                        outbox.push_numbered(ticket, &bytes);
                    }
                }
                Output::Deliver { ticket } => {
                    state.metrics.answered += 1;
                    if let (Some(waiter), Some(told)) = (state.waiters.remove(&ticket), told.take()) {
                        let _ = waiter.send(Ok(told));
                    }
                }
                Output::Fail { ticket, failure } => state.fail(ticket, failure),
                Output::Suspect { pod, epoch, refused } => {
                    let _ = self.suspicions.send(Suspicion { pod, epoch, refused });
                }
            }
        }
        state.outputs = outputs;
        self.tell_belief(state);
    }

    fn tell_belief(&self, state: &mut State) {
        let (epoch, primary) = state.route.primary();
        let serving = state.route.is_open();
        let seen = (epoch, state.route.view().map_or(0, |view| view.version), serving);
        if seen != state.seen {
            let (view, primary) = (state.route.view().cloned(), primary.cloned());
            state.seen = seen;
            self.believed.send_replace(Belief { view, epoch, primary, serving });
        }
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
    fn fail(&mut self, ticket: u64, failure: route::Failure) {
        let failure = match failure {
            route::Failure::Full => Failure::NotExecuted(Why::Full),
            route::Failure::NotExecuted => Failure::NotExecuted(Why::NoPrimary),
            route::Failure::OutcomeUnknown => Failure::OutcomeUnknown,
        };
        match failure {
            Failure::NotExecuted(_) => self.metrics.not_executed += 1,
            Failure::OutcomeUnknown => self.metrics.unknown += 1,
        }
        if let Some(waiter) = self.waiters.remove(&ticket) {
            let _ = waiter.send(Err(failure));
        }
    }
}

/// A request under way: if its caller goes away, nothing more is done for it.
struct Asked<'a> {
    shared: &'a Shared,
    ticket: Option<u64>,
}
impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.shared.lock();
            state.waiters.remove(&ticket);
            self.shared.step(&mut state, Input::Forget { ticket }, None);
        }
    }
}
