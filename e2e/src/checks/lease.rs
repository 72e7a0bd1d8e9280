//! Which of the controllers builds: one, by a Lease, which passes on when its holder is deleted, and when it stands still.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::harness::{Ground, NAMESPACE};
use crate::sh::{signal, until};

const LEASE: &str = "just-hungry-controller";
/// Whoever is deleted lets go; the other looks once a second.
const LET_GO_WITHIN: Duration = Duration::from_secs(3);
/// A claim counts for 4 s after it was last renewed, and is looked at once a second.
const LAPSED_WITHIN: Duration = Duration::from_secs(7);
const RUNS_WITHIN: Duration = Duration::from_secs(60);

pub(super) fn check(ground: &Ground) -> Result<()> {
    let first = holder(ground)?;
    let begun = Instant::now();
    ground.kubectl(["-n", NAMESPACE, "delete", "pod", &first, "--wait=false"]).run()?;
    let second = another_than(ground, &first, LET_GO_WITHIN)?;
    let let_go = begun.elapsed();
    let rollout = format!("--timeout={}s", RUNS_WITHIN.as_secs());
    ground.kubectl(["-n", NAMESPACE, "rollout", "status", "deployment/just-hungry-controller", &rollout]).run()?;
    let Ok(cluster) = ground.own() else {
        eprintln!("e2e: lease: passed on {:.1} s after its holder was deleted", let_go.as_secs_f64());
        return Ok(());
    };
    let pod = format!("pod/{second}");
    let (uid, node) = (ground.field(&pod, "{.metadata.uid}")?, ground.field(&pod, "{.spec.nodeName}")?);
    let pid = cluster.worker_of_pod(&node, &uid)?;
    signal(pid, Signal::STOP);
    let begun = Instant::now();
    let third = another_than(ground, &second, LAPSED_WITHIN);
    let lapsed = begun.elapsed();
    signal(pid, Signal::CONT);
    let third = third?;
    // It wakes up and must see that it builds no more.
    std::thread::sleep(LET_GO_WITHIN);
    let now = holder(ground)?;
    ensure!(now == third, "{second} was thawed and took the Lease from {third}: {now} holds it");
    eprintln!(
        "e2e: lease: passed on {:.1} s after its holder was deleted, {:.1} s after its holder stood still",
        let_go.as_secs_f64(),
        lapsed.as_secs_f64()
    );
    Ok(())
}

fn holder(ground: &Ground) -> Result<String> {
    ground.field(&format!("lease/{LEASE}"), "{.spec.holderIdentity}").context("read the Lease")
}

/// Whoever holds the Lease as soon as it is not this one.
fn another_than(ground: &Ground, before: &str, within: Duration) -> Result<String> {
    let mut now = String::new();
    until(&format!("another holder of the Lease than {before}"), within, || {
        now = holder(ground).unwrap_or_default();
        !now.is_empty() && now != before
    })?;
    Ok(now)
}
