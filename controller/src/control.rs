//! The controller's one loop: observe, plan, apply, and again when something happens. Knows the order of things, no rule.
use crate::account::account;
use crate::apply::{self, Applied};
use crate::clock::Clock;
use crate::conditions::{Condition, Kind};
use crate::failovers::Failovers;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::picture::Picture;
use crate::plan::{Plan, Step, plan};
use crate::rebuilding::Rebuilding;
use crate::repair::{Repair, Reply};
use api::control::Suspect;
use group::choose::{Store, Wish};
use group::{Epoch, Pod, Time, View};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot, watch};
use view::ViewStore;

/// What others want of the loop.
#[derive(Debug)]
pub(crate) enum Request {
    /// A front end's word.
    Suspect(Suspect),
    /// What the controller sees and thinks.
    Status(oneshot::Sender<Value>),
    /// Other members, or another minimum, are wished.
    Wish {
        /// The pods that shall be allowed in.
        members: BTreeSet<Pod>,
        /// Fewer disks than this shall commit nothing.
        min_in_sync: usize,
    },
    /// The primary is to hand over, if its epoch is still this one (H1).
    HandOver {
        /// Who shall lead.
        to: Pod,
        /// The epoch.
        epoch: Epoch,
    },
    /// An operator's command (V3, U1).
    Repair(Repair, Reply),
}

/// Everything the loop holds.
pub(crate) struct Control {
    pub(crate) name: String,
    pub(crate) observer: Observer,
    pub(crate) store: Arc<dyn ViewStore>,
    pub(crate) wish: Wish,
    /// How long to let the first controller go first; drawn anew for every epoch.
    pub(crate) draw_jitter_ms: Box<dyn Fn() -> u64 + Send>,
    pub(crate) metrics: Metrics,
    /// Whether the store has been read: what readiness means.
    pub(crate) ready: Arc<AtomicBool>,
    pub(crate) failovers: Failovers,
    /// What was last found, and of each condition what was last logged.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) said: BTreeMap<Kind, bool>,
    pub(crate) pause_until: Option<Time>,
    /// The newest view that was pushed to the members.
    pub(crate) pushed: Option<(Epoch, u64)>,
    /// A rebuild of the view that waits for promises (V3).
    pub(crate) rebuilding: Option<(Rebuilding, Reply)>,
    /// Where what was found is told to whoever builds.
    pub(crate) picture: watch::Sender<Picture>,
}

impl Control {
    /// A loop that has found nothing yet.
    pub(crate) fn new(
        name: String,
        observer: Observer,
        store: Arc<dyn ViewStore>,
        wish: Wish,
        draw_jitter_ms: Box<dyn Fn() -> u64 + Send>,
        metrics: Metrics,
        ready: Arc<AtomicBool>,
    ) -> Control {
        Control {
            name,
            observer,
            store,
            wish,
            draw_jitter_ms,
            metrics,
            ready,
            failovers: Failovers::default(),
            conditions: Vec::new(),
            said: BTreeMap::new(),
            pause_until: None,
            pushed: None,
            rebuilding: None,
            picture: watch::Sender::default(),
        }
    }

    /// Runs until `stop`; a write under way is waited for.
    pub(crate) async fn run(mut self, mut requests: mpsc::Receiver<Request>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let mut plan = self.observe_and_plan();
            if let Some(again) = self.go_on().await {
                plan.look_again = plan.look_again.into_iter().chain([again]).min();
            }
            let (clock, look_again) = (self.observer.clock, plan.look_again);
            match plan.step {
                Step::Nothing => {}
                // What was asked is planned with when it is answered. Planning again at once would, as long as the plan is
                // to ask, never let this thread hear an answer.
                Step::Ask(_) => self.apply(plan).await,
                Step::Read | Step::Create(_) | Step::Write { .. } => {
                    self.apply(plan).await;
                    continue;
                }
            }
            tokio::select! {
                () = self.observer.changed() => {}
                Some(request) = requests.recv() => self.answer(request).await,
                () = until(clock, look_again) => {}
                () = &mut stop => return,
            }
        }
    }

    fn observe_and_plan(&mut self) -> Plan {
        self.observer.take_members();
        self.spread();
        let now = self.observer.clock.now();
        let plan = plan(&self.observer.seen, &self.wish, self.pause_until, now);
        self.failovers.look(&self.observer.seen, &self.metrics);
        self.say(&plan.conditions);
        let picture = Picture::take(&self.observer.seen, &self.conditions, self.failovers.last_took());
        self.picture.send_if_modified(|told| {
            let is_news = *told != picture;
            *told = picture;
            is_news
        });
        plan
    }

    /// Tells the members a view that some of them may not have seen: a watch of theirs may be slow.
    fn spread(&mut self) {
        let Some(view) = self.observer.seen.view() else { return };
        let rank = Some((view.epoch, view.version));
        if rank > self.pushed {
            if self.pushed.is_none_or(|(epoch, _)| epoch != view.epoch) {
                self.wish.jitter_ms = (self.draw_jitter_ms)();
            }
            self.observer.members.push_view(view);
            self.pushed = rank;
        }
    }

    /// Logs what has changed and keeps the figures.
    fn say(&mut self, conditions: &[Condition]) {
        let seen = &self.observer.seen;
        self.ready.store(!matches!(seen.store(), Store::Unread | Store::Unreadable(_)), Ordering::Relaxed);
        if self.conditions == conditions {
            return;
        }
        for Condition { kind, holds, reason, message } in conditions {
            // What is unknown for a moment is no news, nor is another reason for the same.
            let Some(holds) = *holds else { continue };
            if self.said.insert(*kind, holds) != Some(holds) {
                tracing::info!(condition = %kind, holds, reason, "{message}");
            }
        }
        self.metrics.state(seen.view(), conditions);
        self.conditions = conditions.to_vec();
    }

    async fn apply(&mut self, plan: Plan) {
        let before = self.observer.seen.view().cloned();
        let applied = apply::apply(plan, &mut self.observer, &*self.store).await;
        self.note(before.as_ref(), &applied);
    }

    pub(crate) fn note(&mut self, before: Option<&View>, applied: &Applied) {
        match applied {
            Applied::Nothing => {}
            Applied::Wrote { next, took } => {
                self.metrics.wrote("written");
                self.pushed = self.pushed.max(Some((next.epoch, next.version)));
                let now = self.observer.clock.now().mono;
                self.failovers.wrote(before, next, *took, now, &self.metrics);
                self.wish.jitter_ms = (self.draw_jitter_ms)();
            }
            Applied::Not { again } => {
                self.metrics.wrote(if again.is_some() { "failed" } else { "lost" });
                self.pause_until = *again;
            }
        }
    }

    async fn answer(&mut self, request: Request) {
        match request {
            Request::Suspect(suspect) => {
                tracing::debug!(pod = %suspect.pod, sign = ?suspect.sign, by = %suspect.by, "suspicion");
                self.metrics.suspected(suspect.sign);
                self.observer.take_suspect(&suspect);
            }
            Request::Status(reply) => {
                let account = account(&self.name, &self.observer, &self.conditions, &self.failovers);
                let _ = reply.send(account);
            }
            Request::Wish { members, min_in_sync } => {
                tracing::info!(?members, min_in_sync, "another wish");
                self.wish.members = members;
                self.wish.min_in_sync = min_in_sync;
                self.wish.jitter_ms = (self.draw_jitter_ms)();
            }
            Request::HandOver { to, epoch } => {
                tracing::info!(%to, %epoch, "asks the primary to hand over");
                self.observer.members.hand_over(&to, epoch);
            }
            Request::Repair(repair, reply) => self.repair(repair, reply).await,
        }
    }
}

async fn until(clock: Clock, look_again: Option<Time>) {
    match look_again {
        Some(time) => tokio::time::sleep_until(clock.instant(time).into()).await,
        None => pending().await,
    }
}
