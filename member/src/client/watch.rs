//! What a controller sees of the members: their status, pushed by themselves, and what its own connections tell. Observes, never decides.
use super::clock::Clock;
use crate::handle::Directory;
use crate::limits;
use crate::net::{Caller, LineEvent, keep_lines};
use crate::wire::{Kind, Outbox, Request, Told};
use group::detector::Detector;
use group::{BootId, Epoch, Fence, Pod, Status, View};
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The connection to a member.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Link {
    /// Not there yet since this watch began, and not refused either.
    #[default]
    Never,
    /// Open, and the member speaks.
    Up,
    /// Open, but nothing came for `group::limits::SILENT_MISSES` of my own ticks.
    Silent,
    /// It ended; whether the process lives is not known.
    Closed,
    /// Its port refuses: the process is dead.
    Refused,
}

/// What a controller decides by.
impl From<Link> for group::choose::Link {
    fn from(link: Link) -> Self {
        match link {
            Link::Never => Self::Unknown,
            Link::Up => Self::Up,
            Link::Silent => Self::Silent,
            Link::Closed => Self::Closed,
            Link::Refused => Self::Refused,
        }
    }
}

/// What is seen of a member.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Observation {
    /// The connection.
    pub link: Link,
    /// Its process as of the last greeting. Another one than a view names: that one is dead (reborn).
    pub boot: Option<BootId>,
    /// What it last said of itself, on whichever connection.
    pub status: Option<Status>,
    /// When it said so.
    pub heard: Option<Instant>,
    /// Since when the link is as it is.
    pub since: Option<Instant>,
}

#[derive(Default)]
struct Seen {
    observation: Observation,
    detector: Detector,
    outbox: Option<Arc<Outbox>>,
}

struct Shared {
    seen: Mutex<BTreeMap<Pod, Seen>>,
    clock: Clock,
    news: watch::Sender<u64>,
}

/// Connections to all members that tell how they are. Cheap to clone; ends with its last clone. Needs a tokio runtime.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Shared>,
    news: watch::Receiver<u64>,
    _tasks: Arc<JoinSet<()>>,
}

impl Watch {
    /// Begins to connect to all members under this name, and keeps connected.
    pub fn start(name: &str, members: Directory) -> Watch {
        let mut tasks = JoinSet::new();
        let there = members.borrow().keys().cloned().collect();
        let (shared, news) = Shared::new(&there, Clock::real());
        let caller = Caller { name: name.into(), kind: Kind::Controller, directory: members };
        tasks.spawn(lines(shared.clone(), caller));
        tasks.spawn(tick(shared.clone()));
        Watch { shared, news, _tasks: Arc::new(tasks) }
    }

    pub(super) fn by_hand(members: &BTreeSet<Pod>) -> Watch {
        let (shared, news) = Shared::new(members, Clock::by_hand());
        Watch { shared, news, _tasks: Arc::default() }
    }
    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }
    pub(super) fn line(&self, pod: &Pod, event: LineEvent<(u64, Told)>) {
        self.shared.line(pod, event);
    }
    pub(super) fn tick(&self, ping: bool) {
        self.shared.tick(ping);
    }

    /// Waits until something is seen that was not there at the last call: a member, a link, a role, a view, a doubt, or a new status.
    pub async fn changed(&mut self) {
        let _ = self.news.changed().await;
    }

    /// What is seen of each member in the directory.
    pub fn seen(&self) -> BTreeMap<Pod, Observation> {
        self.shared.lock().iter().map(|(pod, seen)| (pod.clone(), seen.observation.clone())).collect()
    }
    /// Shows it, without copying it. Nothing else may be asked of this watch meanwhile.
    pub fn look(&self, mut look: impl FnMut(&Pod, &Observation)) {
        self.shared.lock().iter().for_each(|(pod, seen)| look(pod, &seen.observation));
    }

    /// The newest view that any member tells of.
    pub fn newest_view(&self) -> Option<View> {
        let seen = self.shared.lock();
        let views = seen.values().filter_map(|seen| seen.observation.status.as_ref()?.view.as_ref());
        views.max_by_key(|view| (view.epoch, view.version)).cloned()
    }

    /// Asks these members for their status now, instead of waiting until they push it. It is seen like any other.
    pub fn ask(&self, pods: &BTreeSet<Pod>) {
        let seen = self.shared.lock();
        for outbox in pods.iter().filter_map(|pod| seen.get(pod)?.outbox.as_ref()) {
            outbox.push(&(0u64, Request::Report));
        }
    }

    /// Tells all members a view.
    pub fn push_view(&self, view: &View) {
        self.shared.tell_all(&Request::PushView(view.clone()));
    }

    /// Has all members promise to follow nothing below a view that is about to be rebuilt (V3), and asks for their status, which shows
    /// who has once that is on its disk.
    pub fn fence(&self, fence: &Fence) {
        self.shared.tell_all(&Request::Fence(fence.clone()));
        self.shared.tell_all(&Request::Report);
    }

    /// Asks the primary that `to` lead, if the epoch is still `epoch` (H1).
    pub fn hand_over(&self, to: &Pod, epoch: Epoch) {
        self.shared.tell_all(&Request::HandOver { to: to.clone(), epoch });
    }
}

impl Shared {
    fn new(members: &BTreeSet<Pod>, clock: Clock) -> (Arc<Shared>, watch::Receiver<u64>) {
        let (sender, news) = watch::channel(0);
        let shared = Arc::new(Shared { seen: Mutex::default(), clock, news: sender });
        shared.set_members(members);
        (shared, news)
    }
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Pod, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn tell_all(&self, request: &Request) {
        for outbox in self.lock().values().filter_map(|seen| seen.outbox.as_ref()) {
            outbox.push(&(0u64, request));
        }
    }
    fn wake(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    fn line(&self, pod: &Pod, event: LineEvent<(u64, Told)>) -> bool {
        let now = self.clock.instant();
        let mut all = self.lock();
        let Some(seen) = all.get_mut(pod) else { return false };
        match event {
            LineEvent::Up(peer, outbox) => {
                seen.observation.boot = Some(peer.boot);
                seen.outbox = Some(outbox);
                seen.detector = Detector::default();
                seen.detector.hear();
                seen.observation.turn(Link::Up, now);
            }
            LineEvent::Down { refused } => {
                seen.outbox = None;
                seen.observation.turn(if refused { Link::Refused } else { Link::Closed }, now);
            }
            LineEvent::Frames(batch) => {
                seen.detector.hear();
                seen.observation.turn(Link::Up, now);
                for (_, told) in batch {
                    let status = match told {
                        Told::Status(status) => *status,
                        Told::Report(report) => report.status,
                        _ => continue,
                    };
                    seen.observation.status = Some(status);
                    seen.observation.heard = Some(now);
                }
            }
        }
        drop(all);
        self.wake();
        true
    }

    fn tick(&self, ping: bool) {
        let mut news = false;
        let now = self.clock.instant();
        for seen in self.lock().values_mut() {
            seen.detector.tick();
            if seen.observation.link == Link::Up && seen.detector.is_silent() {
                seen.observation.turn(Link::Silent, now);
                news = true;
            }
            if let (true, Some(outbox)) = (ping, &seen.outbox) {
                outbox.push(&(0u64, Request::Ping));
            }
        }
        if news {
            self.wake();
        }
    }

    fn set_members(&self, members: &BTreeSet<Pod>) {
        let mut seen = self.lock();
        if seen.keys().eq(members) {
            return;
        }
        seen.retain(|pod, _| members.contains(pod));
        for pod in members {
            seen.entry(pod.clone()).or_default();
        }
        drop(seen);
        self.wake();
    }
}

impl Observation {
    fn turn(&mut self, link: Link, now: Instant) {
        if self.link != link {
            self.link = link;
            self.since = Some(now);
        }
    }
}

/// Counts a miss for everyone once per own tick, after everything that had arrived was heard.
async fn tick(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::STATUS_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for count in 0u64.. {
        ticks.tick().await;
        crate::net::drained().await;
        shared.tick(pings(count));
    }
}

/// Whether everyone is asked for a word at this tick.
pub(super) fn pings(tick: u64) -> bool {
    tick.is_multiple_of(limits::PING_MS / limits::STATUS_MS)
}

async fn lines(shared: Arc<Shared>, caller: Caller) {
    let hearer = |pod: &Pod| {
        let (shared, pod) = (shared.clone(), pod.clone());
        move |event: LineEvent<(u64, Told)>| ready(shared.line(&pod, event))
    };
    let members = |members: &BTreeSet<Pod>| shared.set_members(members);
    keep_lines(caller, None, Some(limits::SILENCE_MS), members, hearer, |_| Arc::default()).await;
}
