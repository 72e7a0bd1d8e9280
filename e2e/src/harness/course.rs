//! The course of a scenario: wait until all is well, let it play, wait until all is well again, so many times; then read
//! everything back.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use api::v1::cluster::Cluster as Group;
use client::{Report, Round, Seen, Slowest, Traffic};
use tokio::task::JoinHandle;

use super::gate::Gate;
use super::ground::Ground;
use super::kitchen::Kitchen;
use super::machine::{Machine, Worst, load};
use super::moment;
use super::paper::{Paper, Row};
use super::pods::{Pods, is_running};
use super::stage::{Stage, us};
use super::verdict::{Miss, Outcome};
use crate::cluster::Cluster;
use crate::scenarios::Scenario;
use crate::sh::is_interrupted;

/// Orders each second.
const RATE: f64 = 100.0;
/// The latency before a fault is taken from this stretch of time.
const BEFORE: Duration = Duration::from_secs(2);
/// The traffic runs on for so long after a round.
const AFTER: Duration = Duration::from_millis(500);
/// Then a group that is not whole is given up.
const WHOLE_WITHIN: Duration = Duration::from_secs(120);
/// A group is whole when it was seen so for this long: just after a fault it only looks whole.
const STABLE: Duration = Duration::from_millis(400);
/// One question may take this long: frozen processes answer none.
const ASK_WITHIN: Duration = Duration::from_millis(1500);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Runs scenarios one after the other, and prints and returns what came of them.
pub(crate) async fn run(ground: &Ground, scenarios: &[&Scenario], rounds: Option<u16>) -> Result<Paper> {
    let kube = kube::Client::try_default().await.context("find the cluster (KUBECONFIG)")?;
    let mut paper = Paper::default();
    for scenario in scenarios {
        ensure!(!is_interrupted(), "interrupted");
        let mut row = play_and_judge(ground, &kube, scenario, rounds).await?;
        // Only time is judged more than once. What was lost once is lost.
        while row.wants_another() && !is_interrupted() {
            eprintln!("e2e: {}: all was well but for the time it took; once more", scenario.name);
            row = row.with_another(play_and_judge(ground, &kube, scenario, rounds).await?);
            eprintln!("e2e: {}", row.line());
        }
        paper.add(row);
    }
    Ok(paper)
}

/// Plays a scenario, and undoes whatever it left broken: that must not be laid at the next one's door.
async fn play_and_judge(ground: &Ground, kube: &kube::Client, scenario: &Scenario, rounds: Option<u16>) -> Result<Row> {
    let (missed, outcome) = match play_all(ground, kube, scenario, rounds).await {
        Ok(outcome) => (outcome.missed(&scenario.bars), Some(outcome)),
        Err(error) => (vec![Miss::never(format!("{error:#}"))], None),
    };
    let row = Row::new(scenario, outcome.as_ref(), missed);
    eprintln!("e2e: {}", row.line());
    if let Some(outcome) = outcome.filter(|_| row.is_missed()) {
        let why = outcome.report.linearity.not.iter().chain(&outcome.history).chain(outcome.whys());
        why.take(10).for_each(|why| eprintln!("     {why}"));
    }
    mend(ground).await?;
    Ok(row)
}

/// Undoes everything that scenarios break on a cluster of our own.
pub(crate) async fn mend(ground: &Ground) -> Result<()> {
    let Ok(cluster) = ground.own().cloned() else { return Ok(()) };
    tokio::task::spawn_blocking(move || cluster.mend().and_then(|()| cluster.offer_volumes())).await?
}

async fn play_all(ground: &Ground, kube: &kube::Client, scenario: &Scenario, rounds: Option<u16>) -> Result<Outcome> {
    let rounds = rounds.unwrap_or(scenario.rounds);
    eprintln!("e2e: {} ({rounds} ×): {}", scenario.name, scenario.tells);
    let to_open = ground.clone();
    let gate = tokio::task::spawn_blocking(move || Gate::open(&to_open)).await??;
    let traffic = Traffic::start(&gate.endpoint, RATE).await?;
    let kitchen = Kitchen::open(&traffic);
    let machine = Machine::watch(traffic.now_us(), ground.own().ok().map(Cluster::disk));
    let (mut meanwhile, mut added_max_ms) = (Worst::default(), 0.0);
    let mut done = Vec::new();
    let mut rejoined_s = Vec::new();
    let mut stopped = None;
    for number in 1..=usize::from(rounds) {
        match play_one(ground, kube, scenario, &traffic, number).await {
            Ok((round, rejoined)) => {
                let worst = tell(&round, &machine);
                if round.added.max_ms >= added_max_ms {
                    (meanwhile, added_max_ms) = (worst, round.added.max_ms);
                }
                done.push(round);
                rejoined_s.push(rejoined);
                if rejoined.is_none() {
                    break;
                }
            }
            Err(error) => {
                stopped = Some(error);
                break;
            }
        }
    }
    let end_us = traffic.now_us();
    traffic.stop().await;
    let (history, unanswered, calls) = kitchen.close(scenario.bars.may_reset).await;
    let stopped = stopped.map(|error| format!("{error:#}"));
    // What was acknowledged is checked, and what was measured is told, even where a round failed.
    let report = traffic.report(scenario.name, done, end_us, calls).await;
    let report = report.with_context(|| stopped.clone().unwrap_or_else(|| "read everything back".to_owned()))?;
    tell_all(&report, &machine);
    Ok(Outcome { report, rejoined_s, history, unanswered, meanwhile, stopped })
}

/// Says what was slowest of all, between the rounds too: what went wrong there is seen by no figure of a round.
fn tell_all(report: &Report, machine: &Machine) {
    let Some(Slowest { due_ms, done_ms, attempts }) = report.slowest else { return };
    let worst = machine.worst(us_of(due_ms), us_of(done_ms)).told();
    let (orders, seconds, due_s, done_s) = (report.orders, report.seconds, due_ms / 1e3, done_ms / 1e3);
    eprintln!(
        "     in all {orders} orders in {seconds:.1} s; the slowest was due at {due_s:.3} s, answered at {done_s:.3} s, sent {attempts} ×; \
         meanwhile {worst}"
    );
}

/// Says what the machine itself did while the slowest order of a round waited: that, and not more, excuses it.
fn tell(round: &Round, machine: &Machine) -> Worst {
    let Some(slowest) = &round.slowest else { return Worst::default() };
    let fault_ms = round.fault_us as f64 / 1e3;
    let worst = machine.worst(us_of(fault_ms + slowest.due_ms), us_of(fault_ms + slowest.done_ms));
    eprintln!("       meanwhile {}; load {}", worst.told(), load());
    worst
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "µs of a run, never below its start")]
fn us_of(ms: f64) -> u64 {
    (ms * 1e3).max(0.0) as u64
}

/// One round, and how long after its pods ran again all were in sync.
async fn play_one(
    ground: &Ground,
    kube: &kube::Client,
    scenario: &Scenario,
    traffic: &Traffic,
    number: usize,
) -> Result<(Round, Option<f64>)> {
    let before = until_whole(traffic, None, WHOLE_WITHIN).await;
    ensure!(!is_interrupted(), "interrupted");
    let before = before.context("the group is not whole to begin with")?.0;
    let mut stage = Stage::new(ground.clone(), kube, traffic.clone(), before);
    if stage.arrange(scenario.seat).await? {
        let whole = until_whole(traffic, None, WHOLE_WITHIN).await;
        stage.before = whole.context("the group is not whole after a hand-over")?.0;
    }
    tokio::time::sleep(BEFORE).await;
    let watch = Watch::start(kube, traffic, Rc::clone(&stage.replicas));
    let played = (scenario.play)(&stage).await;
    let fault_us = stage.fault_us().unwrap_or_else(|| traffic.now_us());
    if let Err(error) = played {
        return Err(error.context(stage.what()));
    }
    let again = until_whole(traffic, Some(stage.replicas.get()), WHOLE_WITHIN).await;
    tokio::time::sleep(AFTER).await;
    let up_us = watch.down_us.get().max(stage.mended_us().unwrap_or(0)).max(fault_us);
    watch.stop();
    let (after, in_sync_again_us) = match again {
        Some((group, _)) => (group, Some(watch.apart_us.get().max(fault_us))),
        None => (stage.before.clone(), None),
    };
    let failovers: Vec<_> = after.failovers.iter().filter(|it| it.epoch > stage.before.epoch).cloned().collect();
    let seen = Seen {
        number,
        what: stage.what(),
        fault_us,
        end_us: traffic.now_us(),
        epochs: (stage.before.epoch, after.epoch),
        primaries: (stage.before.primary.clone(), after.primary),
        in_sync_again_us,
    };
    #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
    let rejoined = in_sync_again_us.map(|us| us.saturating_sub(up_us) as f64 / 1e6);
    let round = traffic.round(seen);
    eprintln!("     {}", round.line());
    if let Some(slowest) = &round.slowest {
        eprintln!("       {}", moment::told(slowest, traffic.wall_ms(fault_us), &failovers));
    }
    Ok((round, rejoined))
}

/// Waits until so many replicas (all, if not said) are in sync, and have been for a moment: the group, and since when in µs.
async fn until_whole(traffic: &Traffic, replicas: Option<usize>, within: Duration) -> Option<(Group, u64)> {
    let end_us = traffic.now_us() + us(within);
    let mut stable: Option<(u64, u64)> = None;
    while traffic.now_us() < end_us && !is_interrupted() {
        let group = traffic.cluster(ASK_WITHIN).await;
        let now_us = traffic.now_us();
        match group.filter(|group| is_whole(group, replicas)) {
            None => stable = None,
            Some(group) => {
                let since = stable.filter(|(version, _)| *version == group.version).unwrap_or((group.version, now_us));
                if now_us - since.1 >= us(STABLE) {
                    return Some((group, since.1));
                }
                stable = Some(since);
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    None
}

fn is_whole(group: &Group, replicas: Option<usize>) -> bool {
    let wanted = replicas.unwrap_or(group.replicas.len());
    wanted > 0
        && group.in_sync.len() == wanted
        && group.replicas.len() == wanted
        && group.replicas.iter().all(|replica| replica.healthy)
}

/// Notes until when some replica's pod did not run, and until when not all were in sync.
struct Watch {
    down_us: Rc<Cell<u64>>,
    apart_us: Rc<Cell<u64>>,
    tasks: [JoinHandle<()>; 2],
}

impl Watch {
    fn start(kube: &kube::Client, traffic: &Traffic, replicas: Rc<Cell<usize>>) -> Watch {
        let (down_us, apart_us) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (pods, clock, noted) = (Pods::new(kube), traffic.clone(), Rc::clone(&down_us));
        let down = async move {
            loop {
                // Without an API server nothing is known; nothing is started then either.
                if let Ok(pods) = pods.of("replica").await
                    && !pods.iter().all(is_running)
                {
                    noted.set(clock.now_us());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let (traffic, noted) = (traffic.clone(), Rc::clone(&apart_us));
        let apart = async move {
            loop {
                // Nobody's answer is no answer to whether they are in sync.
                if let Some(group) = traffic.cluster(ASK_WITHIN).await
                    && !is_whole(&group, Some(replicas.get()))
                {
                    noted.set(traffic.now_us());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let tasks = [tokio::task::spawn_local(down), tokio::task::spawn_local(apart)];
        Watch { down_us, apart_us, tasks }
    }

    fn stop(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
