//! `kubectl jh drill`: deletes the primary's pod for real while orders flow, round by round, each from full redundancy. Knows pods; the load,
//! the figures and what is wrong with them are the client's.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};
use api::v1::cluster::Cluster;
use client::{Exit, Format, Round, Seen, Traffic};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::DeleteParams;
use tokio::time::{Instant, sleep};

use super::{Installation, connect};

/// Orders flow so long before a fault, and after the last.
const BEFORE: Duration = Duration::from_secs(2);
/// After so long a cluster that is not whole is given up: a pod must be scheduled, started and filled.
const WHOLE_WITHIN: Duration = Duration::from_secs(120);
/// The cluster is asked this often.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// One question may take this long.
const ASK_WITHIN: Duration = Duration::from_millis(1_500);

/// What to do.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How often
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// As `kubectl delete pod --force --grace-period=0`: the pod is not asked to hand over
    #[arg(long)]
    force: bool,
    /// Orders each second; all go through one port-forward, so this is no test of speed
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    rate: u16,
}

/// Does the drill and prints what was found.
pub(super) async fn run(args: Args, at: &Installation, endpoint: &str, output: Format) -> anyhow::Result<Exit> {
    let Args { rounds, force, rate } = args;
    let pods = at.pods(connect().await?);
    let traffic = Traffic::start(endpoint, f64::from(rate)).await?;
    let mut done = Vec::new();
    let mut stopped = None;
    for number in 1..=usize::from(rounds) {
        match round(&traffic, &pods, number, force).await {
            Ok(round) => {
                talk(&round.line());
                done.push(round);
            }
            Err(error) => {
                stopped = Some(error);
                break;
            }
        }
    }
    sleep(BEFORE).await;
    let end_us = traffic.now_us();
    traffic.stop().await;
    // What was acknowledged is checked even where the drill could not go on.
    let name = if force { "delete pod by force" } else { "delete pod" };
    let report = traffic.report(name, done, end_us, Vec::new()).await?;
    let text = match output {
        Format::Json => serde_json::to_string(&report).context("write the report")?,
        Format::Table => report.text(),
    };
    // Whoever closed the pipe has read enough.
    let _closed = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
    match (stopped, report.is_clean) {
        (Some(error), _) => Err(error),
        (None, true) => Ok(Exit::Ok),
        (None, false) => Ok(Exit::Wrong),
    }
}

async fn round(traffic: &Traffic, pods: &Api<Pod>, number: usize, force: bool) -> anyhow::Result<Round> {
    let is_whole = |cluster: &Cluster| !cluster.replicas.is_empty() && cluster.in_sync.len() == cluster.replicas.len();
    until(traffic, is_whole).await.context("wait until all replicas are in sync, before the fault")?;
    sleep(BEFORE).await;
    let before = until(traffic, is_whole).await.context("wait until all replicas are in sync, before the fault")?;
    let how = if force { DeleteParams::default().grace_period(0) } else { DeleteParams::default() };
    let fault_us = traffic.now_us();
    pods.delete(&before.primary, &how).await.with_context(|| format!("delete pod {}", before.primary))?;
    let what = format!("delete pod{}: {}", if force { " by force" } else { "" }, before.primary);
    talk(&format!("round {number}: {what}"));
    let again = |cluster: &Cluster| cluster.epoch > before.epoch && cluster.in_sync.len() == before.in_sync.len();
    let after = until(traffic, again).await;
    let in_sync_again_us = after.is_ok().then(|| traffic.now_us());
    let after = after.unwrap_or_else(|_| before.clone());
    Ok(traffic.round(Seen {
        number,
        what,
        fault_us,
        end_us: traffic.now_us(),
        epochs: (before.epoch, after.epoch),
        primaries: (before.primary, after.primary),
        in_sync_again_us,
    }))
}

/// The cluster as soon as it is as wanted.
async fn until(traffic: &Traffic, wanted: impl Fn(&Cluster) -> bool) -> anyhow::Result<Cluster> {
    let deadline = Instant::now() + WHOLE_WITHIN;
    while Instant::now() < deadline {
        if let Some(cluster) = traffic.cluster(ASK_WITHIN).await.filter(&wanted) {
            return Ok(cluster);
        }
        sleep(ASK_EVERY).await;
    }
    bail!("it did not happen in {WHOLE_WITHIN:?}; see `kubectl jh status`")
}

fn talk(text: &str) {
    // With standard error gone there is nobody to talk to.
    let _gone = writeln!(std::io::stderr().lock(), "{text}");
}
