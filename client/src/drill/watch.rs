//! The rounds of a drill: wait until all is well, break something, watch the cluster until all is well again. Knows the
//! cluster as the API tells it; draws through the timeline.

use std::path::PathBuf;
use std::time::Duration;

use api::v1::cluster::Cluster;
use api::v1::paths;
use tokio::time::{Instant, sleep_until};

use super::fault::{Done, Fault, Processes, prepare};
use super::load::{Load, Rate};
use super::record::Clock;
use super::report::{BEFORE_US, Round, Seen};
use super::timeline::{CELL_US, Timeline};
use crate::api_client::Api;
use crate::failure::Failure;
use crate::words;

/// After so long without an answer nobody is there.
const ANSWER_WITHIN_US: u64 = 5_000_000;
/// After so long a cluster that is not whole is given up.
const WHOLE_WITHIN_US: u64 = 60_000_000;
/// A frozen process is thawed after this even if nobody took over.
const FROZEN_US_MAX: u64 = 15_000_000;
/// The cluster is asked this often while something is awaited.
const ASK_EVERY_US: u64 = 2 * CELL_US;
/// One question may take this long: a frozen process answers none.
const ASK_WITHIN: Duration = Duration::from_millis(1500);
/// A cluster counts as whole when it was seen so for this long in one view: just after a fault it only looks whole.
const STABLE_US: u64 = 3 * ASK_EVERY_US;
/// The load goes on for so long after a round.
const AFTER_US: u64 = 500_000;

/// What a drill needs beside its load.
#[derive(Debug)]
pub(super) struct Drill {
    api: Api,
    clock: Clock,
    dir: PathBuf,
}

/// A drill on its way.
pub(super) struct Course<'a> {
    drill: Drill,
    load: &'a Load,
    timeline: Timeline,
    /// How many replicas are in sync when all is well.
    whole: usize,
}

impl Drill {
    pub(super) fn new(api: Api, clock: Clock, dir: PathBuf) -> Drill {
        Drill { api, clock, dir }
    }

    /// How many replicas there are, once all are in sync.
    pub(super) async fn whole_cluster(&self) -> Result<usize, Failure> {
        let begun_us = self.clock.now_us();
        let deadline_us = begun_us + WHOLE_WITHIN_US;
        let mut silent_until_us = begun_us + ANSWER_WITHIN_US;
        loop {
            let answer = self.api.try_get(paths::CLUSTER, ASK_WITHIN).await;
            match answer.and_then(|json| words::read::<Cluster>(&json)) {
                Ok(cluster) if !cluster.replicas.is_empty() && cluster.in_sync.len() == cluster.replicas.len() => {
                    return Ok(cluster.replicas.len());
                }
                Err(failure @ (Failure::Refused(_) | Failure::Garbled { .. })) => return Err(failure),
                Err(failure) if self.clock.now_us() > silent_until_us => return Err(failure),
                Ok(cluster) if self.clock.now_us() > deadline_us => return Err(not_whole(&cluster)),
                // Somebody is there: what is missing may come.
                Ok(_) => silent_until_us = deadline_us,
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_micros(ASK_EVERY_US)).await;
        }
    }

    pub(super) fn follow(self, load: &Load, rate: Rate, whole: usize) -> Course<'_> {
        let timeline = Timeline::new(self.clock, rate);
        Course { drill: self, load, timeline, whole }
    }
}

fn not_whole(cluster: &Cluster) -> Failure {
    let Cluster { in_sync, replicas, .. } = cluster;
    Failure::Wrong(format!(
        "only {} of {} replicas are in sync; see `jh cluster status`",
        in_sync.len(),
        replicas.len()
    ))
}

impl Course<'_> {
    /// Does these faults, each from full redundancy. The rounds that were done, and why no more were.
    pub(super) async fn rounds(&mut self, faults: &[Fault]) -> (Vec<Round>, Option<Failure>) {
        let mut done = Vec::new();
        for (index, fault) in faults.iter().enumerate() {
            self.run_on(BEFORE_US).await;
            let seen = match self.round(*fault, index + 1).await {
                Ok(seen) => seen,
                Err(failure) => return (done, Some(failure)),
            };
            let round = Round::new(seen, &self.load.records());
            self.timeline.say(&round.line());
            let recovered = round.in_sync_again_s.is_some();
            done.push(round);
            if !recovered {
                // The next fault would not be one fault from full redundancy any more.
                break;
            }
        }
        // So that the last round's picture does not end in the middle.
        self.run_on(BEFORE_US).await;
        (done, None)
    }

    async fn round(&mut self, fault: Fault, number: usize) -> Result<Seen, Failure> {
        let (before, _) = self.until(WHOLE_WITHIN_US, |cluster, whole| cluster.in_sync.len() == whole).await;
        let before = before.ok_or_else(|| Failure::Wrong("the cluster did not become whole".to_owned()))?;
        let prepared = prepare(fault, &before, &self.drill.dir)?;
        let mut fault_us = 0;
        let clock = self.drill.clock;
        let mut done = prepared.execute(&self.drill.api, || fault_us = clock.now_us()).await?;
        self.timeline.fault(&done.what);
        let (after, in_sync_again_us) = self.until_whole_again(fault, &before, &mut done).await;
        let end_us = clock.now_us() + AFTER_US;
        self.run_on(AFTER_US).await;
        let after = after.unwrap_or_else(|| before.clone());
        Ok(Seen {
            number,
            what: std::mem::take(&mut done.what),
            fault_us,
            end_us,
            epochs: (before.epoch, after.epoch),
            primaries: (before.primary, after.primary),
            in_sync_again_us,
        })
    }

    /// The cluster when it was whole again, and since when it was. Lets frozen processes go on as soon as the others do.
    async fn until_whole_again(
        &mut self,
        fault: Fault,
        before: &Cluster,
        done: &mut Done,
    ) -> (Option<Cluster>, Option<u64>) {
        let has_moved = |cluster: &Cluster| match fault {
            Fault::FreezeBackup => cluster.in_sync.len() < before.in_sync.len(),
            fault if fault.moves_primary() => cluster.epoch > before.epoch,
            _ => true,
        };
        self.until(FROZEN_US_MAX, |cluster, _| has_moved(cluster)).await;
        done.thaw();
        let processes = Processes { dir: self.drill.dir.clone() };
        let mut stable: Option<(u64, u64)> = None;
        let clock = self.drill.clock;
        let is_back = |cluster: &Cluster, whole: usize| {
            let is_restarted = !fault.ends_processes() || processes.are_replaced(&done.victims);
            let is_moved = !fault.moves_primary() || cluster.epoch > before.epoch;
            let is_whole = cluster.in_sync.len() == whole && cluster.replicas.iter().all(|replica| replica.healthy);
            if !(is_restarted && is_moved && is_whole) {
                stable = None;
                return false;
            }
            let now_us = clock.now_us();
            let (version, since_us) = *stable.get_or_insert((cluster.version, now_us));
            if version != cluster.version {
                stable = Some((cluster.version, now_us));
                return false;
            }
            now_us - since_us >= STABLE_US
        };
        let (cluster, is_in_time) = self.until(WHOLE_WITHIN_US, is_back).await;
        (cluster, stable.filter(|_| is_in_time).map(|(_, since_us)| since_us))
    }

    /// Asks for the cluster until `is_so` says yes. The cluster as last seen, and whether it was so in time.
    async fn until(
        &mut self,
        within_us: u64,
        mut is_so: impl FnMut(&Cluster, usize) -> bool,
    ) -> (Option<Cluster>, bool) {
        let deadline_us = self.drill.clock.now_us() + within_us;
        let mut last = None;
        while self.drill.clock.now_us() < deadline_us {
            let api = self.drill.api.clone();
            let ask = tokio::task::spawn_local(async move { api.try_get(paths::CLUSTER, ASK_WITHIN).await });
            let next_us = self.drill.clock.now_us() + ASK_EVERY_US;
            while !ask.is_finished() {
                self.tick().await;
            }
            // While something is broken no answer is no surprise.
            if let Ok(Ok(cluster)) = ask.await.map(|json| json.and_then(|json| words::read::<Cluster>(&json))) {
                let is_done = is_so(&cluster, self.whole);
                last = Some(cluster);
                if is_done {
                    return (last, true);
                }
            }
            while self.drill.clock.now_us() < next_us {
                self.tick().await;
            }
        }
        (last, false)
    }

    /// Lets the load run on and draws it.
    pub(super) async fn run_on(&mut self, for_us: u64) {
        let end_us = self.drill.clock.now_us() + for_us;
        while self.drill.clock.now_us() < end_us {
            self.tick().await;
        }
    }

    async fn tick(&mut self) {
        sleep_until(Instant::from_std(self.drill.clock.instant_of(self.timeline.next_us()))).await;
        self.timeline.tick(self.load);
    }

    /// Ends the drawing.
    pub(super) fn end(&mut self) {
        self.timeline.end_line();
    }
}
