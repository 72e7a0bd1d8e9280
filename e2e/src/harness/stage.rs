//! What a scenario has in its hands: the group as it was before, the pods, the traffic, and the moment of the fault.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use api::v1::cluster::Cluster as Group;
use api::v1::paths;
use client::Traffic;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use super::ground::Ground;
use super::install::{NAME, NAMESPACE};
use super::pods::{self, Pods};
use crate::scenarios::Seat;
use crate::sh::is_interrupted;

/// The group is asked this often while something is awaited.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// One question may take this long: frozen processes answer none.
const ASK_WITHIN: Duration = Duration::from_millis(1500);

/// A scenario's course, as a future on the stage's own thread.
pub(crate) type Play<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// Makes a [`Play`] of a block.
pub(crate) fn play<'a>(course: impl Future<Output = Result<()>> + 'a) -> Play<'a> {
    Box::pin(course)
}

/// One round's stage.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) ground: Ground,
    pub(crate) pods: Pods,
    pub(crate) traffic: Traffic,
    /// The group before the fault, whole.
    pub(crate) before: Group,
    /// How many replicas there are to be when all is well again.
    pub(crate) replicas: Rc<Cell<usize>>,
    fault_us: Cell<Option<u64>>,
    mended_us: Cell<Option<u64>>,
    what: RefCell<String>,
}

impl Stage {
    pub(crate) fn new(ground: Ground, kube: &kube::Client, traffic: Traffic, before: Group) -> Stage {
        let replicas = Rc::new(Cell::new(before.replicas.len()));
        let pods = Pods::new(kube);
        let (fault_us, mended_us, what) = (Cell::new(None), Cell::new(None), RefCell::default());
        Stage { ground, pods, traffic, before, replicas, fault_us, mended_us, what }
    }

    /// This is the moment of the fault.
    pub(crate) fn fault(&self, what: impl Into<String>) {
        self.fault_us.set(Some(self.traffic.now_us()));
        *self.what.borrow_mut() = what.into();
    }

    /// From this moment on nothing stands in the way of recovery any more.
    pub(crate) fn mended(&self) {
        self.mended_us.set(Some(self.traffic.now_us()));
    }

    pub(crate) fn fault_us(&self) -> Option<u64> {
        self.fault_us.get()
    }

    pub(crate) fn mended_us(&self) -> Option<u64> {
        self.mended_us.get()
    }

    pub(crate) fn what(&self) -> String {
        self.what.borrow().clone()
    }

    /// The primary before the fault.
    pub(crate) fn primary(&self) -> &str {
        &self.before.primary
    }

    /// A backup that was in sync before the fault.
    pub(crate) fn backup(&self) -> Result<&str> {
        let mut backups = self.before.in_sync.iter().filter(|name| **name != self.before.primary);
        backups.next().map(String::as_str).context("there is no backup in sync")
    }

    /// A backup whose node has no front end on it.
    pub(crate) async fn lone_backup(&self) -> Result<String> {
        let busy = self.front_end_nodes().await?;
        for name in self.before.in_sync.iter().filter(|name| **name != self.before.primary) {
            if !busy.contains(&self.node_of(name).await?) {
                return Ok(name.clone());
            }
        }
        bail!("every backup shares its node with a front end")
    }

    /// The nodes with front ends.
    pub(crate) async fn front_end_nodes(&self) -> Result<BTreeSet<String>> {
        Ok(self.pods.of("frontend").await?.iter().map(|pod| pods::node(pod).to_owned()).collect())
    }

    /// Hands the lead over until the primary sits where the scenario wants it; whether it had to.
    pub(crate) async fn arrange(&self, seat: Seat) -> Result<bool> {
        if seat == Seat::Any {
            return Ok(false);
        }
        let busy = self.front_end_nodes().await?;
        let is_right = |node: &String| busy.contains(node) == (seat == Seat::BackupApart);
        if is_right(&self.node_of(self.primary()).await?) {
            return Ok(false);
        }
        for name in self.before.in_sync.iter().filter(|name| **name != self.before.primary) {
            if is_right(&self.node_of(name).await?) {
                let body = json!({"to": name, "expect_epoch": self.before.epoch});
                self.traffic.post(paths::PROMOTE, &body).await?;
                self.until_moved().await?;
                return Ok(true);
            }
        }
        bail!("no replica sits on the right kind of node; front ends are on {busy:?}")
    }

    /// Waits until the resource says so of itself.
    pub(crate) async fn until_condition(&self, kind: &str, status: &str) -> Result<()> {
        let resource = format!("justhungry/{NAME}");
        let condition = format!("--for=condition={kind}={status}");
        self.kubectl(&["-n", NAMESPACE, "wait", &condition, &resource, "--timeout=20s"]).await.map(drop)
    }

    /// The pod of a replica.
    pub(crate) async fn pod(&self, name: &str) -> Result<Pod> {
        self.pods.get(name).await
    }

    /// The node that a pod runs on.
    pub(crate) async fn node_of(&self, name: &str) -> Result<String> {
        Ok(pods::node(&self.pods.get(name).await?).to_owned())
    }

    /// Deletes a replica's pod. The fault begins when the request leaves.
    pub(crate) async fn delete(&self, name: &str, grace: Option<u32>) -> Result<()> {
        self.fault(format!("delete pod {name}"));
        self.pods.delete(name, grace).await
    }

    /// The group as it is now, if somebody answers.
    pub(crate) async fn group(&self) -> Option<Group> {
        self.traffic.cluster(ASK_WITHIN).await
    }

    /// Waits until the group is so.
    pub(crate) async fn until(
        &self,
        what: &str,
        within: Duration,
        mut is_so: impl FnMut(&Group) -> bool,
    ) -> Result<Group> {
        let end_us = self.traffic.now_us() + us(within);
        let mut last = None;
        while self.traffic.now_us() < end_us {
            ensure!(!is_interrupted(), "interrupted while waiting: {what}");
            if let Some(group) = self.group().await {
                if is_so(&group) {
                    return Ok(group);
                }
                last = Some(group);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        let last = last.map_or("nobody answered".to_owned(), |group| {
            format!("primary {}, epoch {}, in sync {:?}", group.primary, group.epoch, group.in_sync)
        });
        bail!("{what}: not within {} s; {last}", within.as_secs())
    }

    /// Waits until another primary leads.
    pub(crate) async fn until_moved(&self) -> Result<Group> {
        let before = (self.before.loss_epoch, self.before.epoch);
        let has_moved = |group: &Group| (group.loss_epoch, group.epoch) > before;
        self.until("another epoch", Duration::from_secs(20), has_moved).await
    }

    /// Lets the traffic run on.
    pub(crate) async fn go_on(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// Something that blocks, beside the traffic.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        deed: impl FnOnce(Ground) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let ground = self.ground.clone();
        tokio::task::spawn_blocking(move || deed(ground)).await?
    }

    /// kubectl, beside the traffic; what it prints.
    pub(crate) async fn kubectl(&self, args: &[&str]) -> Result<String> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.blocking(move |ground| ground.kubectl(args.iter().map(String::as_str)).read()).await
    }
}

/// A duration in µs.
pub(crate) fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
