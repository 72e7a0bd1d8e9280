//! Which of the controllers builds: one, by a Lease. Failover needs no lease and does not look at this.
use crate::limits::{LEASE_HELD, LEASE_RENEW, LEASE_TIME};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use std::convert::Infallible;
use std::future::{Future, pending};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Competes for a Lease under one name.
pub(crate) struct Competitor {
    api: Api<Lease>,
    name: String,
    me: String,
    leading: watch::Sender<bool>,
    /// What was last seen of another holder, and since when: clocks of two machines are never compared.
    seen: Option<(Option<String>, Instant)>,
    /// Until when nobody else can have taken it.
    held_until: Option<Instant>,
}

impl Competitor {
    /// `leading` tells whether the Lease is held.
    pub(crate) fn new(
        client: Client,
        namespace: &str,
        name: &str,
        me: &str,
        leading: watch::Sender<bool>,
    ) -> Competitor {
        let api = Api::namespaced(client, namespace);
        Competitor { api, name: name.into(), me: me.into(), leading, seen: None, held_until: None }
    }

    /// Competes until `stop`, and then lets go, so that the other need not wait.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let lapsed = lapse(self.held_until, self.leading.clone());
            tokio::select! {
                // A request that hangs must not outlive the claim that it renews.
                turned = timeout(LEASE_RENEW, self.turn()) => {
                    if let Ok(Err(error)) = turned {
                        tracing::debug!(%error, "renew the lease");
                    }
                }
                never = lapsed => match never {},
            }
            let holds = self.held_until.is_some_and(|until| Instant::now() < until);
            self.leading.send_if_modified(|leading| std::mem::replace(leading, holds) != holds);
            tokio::select! {
                () = sleep(LEASE_RENEW) => {}
                () = &mut stop => break,
                never = lapse(self.held_until, self.leading.clone()) => match never {},
            }
        }
        self.leading.send_replace(false);
        let _ = timeout(LEASE_RENEW, self.release()).await;
    }

    /// Renews, takes, or looks.
    async fn turn(&mut self) -> Result<(), kube::Error> {
        let began = Instant::now();
        let Some(lease) = self.api.get_opt(&self.name).await? else {
            let lease =
                Lease { metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() }, spec: None };
            self.api.create(&PostParams::default(), &self.mine(lease)).await?;
            self.won(began);
            return Ok(());
        };
        if !self.may_take(&lease) {
            self.held_until = None;
            return Ok(());
        }
        // On the version that was read: of two who take it one fails.
        self.api.replace(&self.name, &PostParams::default(), &self.mine(lease)).await?;
        self.won(began);
        Ok(())
    }

    fn won(&mut self, began: Instant) {
        if self.held_until.is_none() {
            tracing::info!(lease = self.name, "this controller builds");
        }
        self.held_until = Some(began + LEASE_HELD);
    }

    /// Mine, nobody's, or not renewed for as long as a claim counts.
    fn may_take(&mut self, lease: &Lease) -> bool {
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.unwrap_or_default();
        if holder == self.me || holder.is_empty() {
            return true;
        }
        let version = lease.metadata.resource_version.clone();
        match &self.seen {
            Some((seen, since)) if *seen == version => since.elapsed() >= LEASE_TIME,
            _ => {
                self.seen = Some((version, Instant::now()));
                false
            }
        }
    }

    fn mine(&self, mut lease: Lease) -> Lease {
        let before = lease.spec.take().unwrap_or_default();
        let now = MicroTime(Timestamp::now());
        let is_mine = before.holder_identity.as_ref() == Some(&self.me);
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.me.clone()),
            lease_duration_seconds: Some(LEASE_TIME.as_secs() as i32),
            acquire_time: if is_mine { before.acquire_time } else { Some(now.clone()) },
            lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!is_mine)),
            renew_time: Some(now),
            ..LeaseSpec::default()
        });
        lease
    }

    async fn release(&self) -> Result<(), kube::Error> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else { return Ok(()) };
        let Some(spec) = lease.spec.as_mut().filter(|it| it.holder_identity.as_ref() == Some(&self.me)) else {
            return Ok(());
        };
        spec.holder_identity = None;
        self.api.replace(&self.name, &PostParams::default(), &lease).await.map(drop)
    }
}

/// Says that the Lease is not held any more as soon as somebody else might take it, whatever is waited for meanwhile. Never ends.
async fn lapse(held_until: Option<Instant>, leading: watch::Sender<bool>) -> Infallible {
    if let Some(until) = held_until {
        sleep_until(until).await;
        leading.send_if_modified(|leading| std::mem::replace(leading, false));
    }
    pending().await
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
