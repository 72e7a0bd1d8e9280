//! Processes killed from outside their containers, as the kernel kills them when memory runs out.

use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::harness::{Play, Stage, play, pods};
use crate::sh::signal;

const WITHIN: Duration = Duration::from_secs(20);

/// A replica's or a controller's worker.
pub(super) async fn worker(stage: &Stage, name: &str) -> Result<u32> {
    let pod = stage.pod(name).await?;
    let (node, uid) = (pods::node(&pod).to_owned(), pods::uid(&pod).to_owned());
    let found = stage.blocking(move |ground| ground.own()?.worker_of_pod(&node, &uid)).await;
    found.with_context(|| format!("find the process of {name}"))
}

/// Kills it at once; the pid was looked up before, so that it takes no time.
pub(super) fn kill(stage: &Stage, name: &str, pid: u32) {
    stage.fault(format!("SIGKILL {name}"));
    signal(pid, Signal::KILL);
}

pub(super) fn kill_primary(stage: &Stage) -> Play<'_> {
    play(async move {
        let pid = worker(stage, stage.primary()).await?;
        kill(stage, stage.primary(), pid);
        stage.until_moved().await.map(drop)
    })
}

pub(super) fn kill_primary_and_controller(stage: &Stage) -> Play<'_> {
    play(async move {
        let primary = worker(stage, stage.primary()).await?;
        let controllers = stage.pods.of("controller").await?;
        let name =
            controllers.iter().find(|pod| pods::is_running(pod)).map(pods::name).context("no controller runs")?;
        let controller = worker(stage, name).await?;
        kill(stage, stage.primary(), primary);
        signal(controller, Signal::KILL);
        stage.until_moved().await.map(drop)
    })
}

pub(super) fn kill_primary_while_catching_up(stage: &Stage) -> Play<'_> {
    play(async move {
        let backup = stage.backup()?.to_owned();
        let pids = (worker(stage, &backup).await?, worker(stage, stage.primary()).await?);
        // One that is killed is back so soon that nobody sees it missing: stopped, it is out until it goes on.
        signal(pids.0, Signal::STOP);
        let out = stage.until("the backup out of the set", WITHIN, |group| !group.in_sync.contains(&backup)).await;
        signal(pids.0, Signal::CONT);
        out?;
        kill(stage, stage.primary(), pids.1);
        stage.until_moved().await.map(drop)
    })
}

pub(super) fn kill_twenty_in_a_row(stage: &Stage) -> Play<'_> {
    play(async move {
        let mut group = stage.before.clone();
        for number in 1..=20 {
            let pid = worker(stage, &group.primary).await?;
            if number == 1 {
                stage.fault("SIGKILL of whoever leads, twenty times");
            }
            signal(pid, Signal::KILL);
            let (primary, epoch) = (group.primary.clone(), group.epoch);
            let is_next = |now: &api::v1::cluster::Cluster| {
                now.epoch > epoch && now.in_sync.len() >= 2 && now.in_sync.contains(&now.primary)
            };
            group = stage.until(&format!("after kill {number}, of {primary}"), WITHIN, is_next).await?;
        }
        Ok(())
    })
}
