//! The second loop: observe, plan, apply, status, for one installation, while the Lease is held. Knows the order of things, no rule.
use super::api::{Server, words};
use super::events::Event;
use super::installation::{Installation, Invalid, Key};
use super::observed::Observed;
use super::plan::{Plan, plan};
use super::resource::{JustHungry, JustHungryStatus};
use super::rollout::Move;
use super::status::invalid;
use super::watching::Watching;
use crate::control::Request;
use crate::limits::{BUILD_AGAIN, BUILD_SETTLE, BUILD_TIME, HAND_OVER_TIME};
use crate::picture::Picture;
use group::{Epoch, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::Resource;
use kube::runtime::events::{Event as Told, EventType, Recorder};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{sleep, timeout};

/// Builds one installation.
pub(crate) struct Builder {
    pub(crate) key: Key,
    pub(crate) server: Server,
    pub(crate) recorder: Recorder,
    pub(crate) watching: Arc<Watching>,
    pub(crate) picture: watch::Receiver<Picture>,
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) leading: watch::Receiver<bool>,
    pub(crate) memory: Memory,
}

/// What is remembered from one pass to the next. Losing it costs nothing.
#[derive(Default)]
pub(crate) struct Memory {
    /// What failed, in words.
    trouble: Option<String>,
    /// In which epoch a hand-over was asked for, and when.
    asked: Option<(Epoch, Instant)>,
    /// The status that was written last: the watched copy may lag behind it.
    written: Option<JustHungryStatus>,
}

impl Builder {
    /// Builds until it is dropped.
    pub(crate) async fn run(mut self) {
        let woken: Arc<Notify> = self.watching.wakes(&self.key);
        loop {
            if !*self.leading.borrow() {
                // Another one writes the status meanwhile.
                self.memory = Memory::default();
                if self.leading.wait_for(|leading| *leading).await.is_err() {
                    return;
                }
            }
            if let Some(resource) = self.watching.resource(&self.key)
                && timeout(BUILD_TIME, self.pass(&resource)).await.is_err()
            {
                tracing::warn!(installation = %self.key, "the API server does not answer");
            }
            tokio::select! {
                () = woken.notified() => {}
                changed = self.picture.changed() => if changed.is_err() { return },
                () = sleep(BUILD_AGAIN) => {}
            }
            // A failover is many changes in a few milliseconds, and the machine has better to do meanwhile.
            sleep(BUILD_SETTLE).await;
        }
    }

    async fn pass(&mut self, resource: &JustHungry) {
        let before = self.memory.written.clone().or_else(|| resource.status.clone()).unwrap_or_default();
        let installation = match Installation::new(resource) {
            Ok(installation) => installation,
            Err(why) => return self.refuse(resource, &why, &before).await,
        };
        match self.observe(&installation).await {
            Ok(observed) => {
                let plan = plan(&installation, &observed, &before);
                self.carry_out(plan, &installation, resource, &before).await;
            }
            Err(error) => tracing::warn!(installation = %self.key, error = words(&error), "read what exists"),
        }
    }

    async fn observe(&mut self, installation: &Installation) -> Result<Observed, kube::Error> {
        let live = self.server.live(installation).await?;
        let claims = self.server.claims(installation).await?;
        let asked = self.memory.asked.filter(|(_, at)| at.elapsed() < HAND_OVER_TIME);
        Ok(Observed {
            now: Time(Timestamp::now()),
            picture: self.picture.borrow_and_update().clone(),
            live,
            pods: self.watching.replicas(&self.key),
            claims,
            trouble: self.memory.trouble.clone(),
            asked: asked.map(|(epoch, _)| epoch),
        })
    }

    async fn carry_out(
        &mut self,
        plan: Plan,
        installation: &Installation,
        resource: &JustHungry,
        before: &JustHungryStatus,
    ) {
        let Plan { apply, marks, grow, step, status, events } = plan;
        let mut failed = self.server.apply(&apply, installation).await;
        failed.extend(self.server.mark(&marks).await);
        failed.extend(self.server.grow(&grow).await);
        failed.extend(self.step(step).await.err());
        self.tell(resource, &events).await;
        self.write(status, before).await;
        self.remember(failed);
    }

    /// Trouble is told in the next status, at once.
    fn remember(&mut self, failed: Vec<String>) {
        let trouble = (!failed.is_empty()).then(|| failed.join("; "));
        if trouble == self.memory.trouble {
            return;
        }
        if let Some(trouble) = &trouble {
            tracing::warn!(installation = %self.key, trouble, "not everything could be done");
        }
        self.memory.trouble = trouble;
        self.watching.wakes(&self.key).notify_one();
    }

    async fn step(&mut self, step: Move) -> Result<(), String> {
        match step {
            Move::Stay => Ok(()),
            Move::Evict { pod, uid, why } => self.evict(&pod, &uid, &why).await,
            Move::HandOver { to, epoch, why } => {
                tracing::info!(installation = %self.key, %to, %epoch, why, "asks for a hand-over");
                self.memory.asked = Some((epoch, Instant::now()));
                let full = |_| "ask for a hand-over: the loop is overloaded".to_owned();
                self.requests.try_send(Request::HandOver { to, epoch }).map_err(full)
            }
        }
    }

    async fn evict(&self, pod: &Pod, uid: &str, why: &str) -> Result<(), String> {
        let evicted = self.server.evict(pod, uid).await.map_err(|error| format!("evict {pod}: {}", words(&error)))?;
        tracing::info!(installation = %self.key, %pod, why, evicted, "evicts");
        Ok(())
    }

    async fn refuse(&mut self, resource: &JustHungry, why: &Invalid, before: &JustHungryStatus) {
        let generation = resource.metadata.generation.unwrap_or(0);
        let status = invalid(why, generation, &Time(Timestamp::now()), before);
        self.write(status, before).await;
    }

    async fn write(&mut self, status: JustHungryStatus, before: &JustHungryStatus) {
        if status == *before {
            return;
        }
        match self.server.status(&self.key.name, &status).await {
            Ok(()) => self.memory.written = Some(status),
            Err(error) => tracing::warn!(installation = %self.key, error = words(&error), "write the status"),
        }
    }

    async fn tell(&self, resource: &JustHungry, events: &[Event]) {
        let regarding = resource.object_ref(&());
        // Events of one reason and one action are counted instead of told, and each reign is news.
        let epoch = self.picture.borrow().view.as_ref().map_or(0, |view| view.epoch.number);
        for Event { warns, reason, note } in events {
            let event = Told {
                type_: if *warns { EventType::Warning } else { EventType::Normal },
                reason: (*reason).to_owned(),
                note: Some(note.chars().take(1_000).collect()),
                action: format!("Epoch{epoch}"),
                secondary: None,
            };
            if let Err(error) = self.recorder.publish(&event, &regarding).await {
                tracing::debug!(installation = %self.key, reason, error = words(&error), "publish an event");
            }
        }
    }
}
