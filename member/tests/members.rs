//! Members that run for real: sockets on loopback, files in temporary directories, threads. What the protocol promises, seen from outside.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod cluster;

use bytes::Bytes;
use cluster::{Cluster, DEADLINE, ledger::number, pod, put};
use group::{Cause, Role};
use member::client::{Client, FeedEvent, Link, Watch};
use member::{Consistency, Ended, Event, Failure, Freshness, History, Rejection, Why};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::time::timeout;

const EVERY: usize = member::limits::SNAPSHOT_EVERY_BYTES;

async fn count(client: &Client) -> u64 {
    let answer = client.read(Consistency::Strong, Bytes::new()).await.unwrap();
    assert_eq!(answer.freshness, Freshness::Strong);
    number(&answer.reply)
}

#[tokio::test]
async fn what_was_submitted_is_read() {
    let cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    for n in 0..20 {
        assert_eq!(put(&client, n).await, "taken");
    }
    assert_eq!(put(&client, 7).await, "again");
    assert_eq!(count(&client).await, 20);
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_primary_dies() {
    let mut cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    for n in 0..100 {
        put(&client, n).await;
    }
    // Ten more are under way when the primary dies; they are answered by the next.
    let under_way: Vec<_> = (100..110)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { put(&client, n).await })
        })
        .collect();
    cluster.kill(&pod(0));
    let next = cluster.promote(&pod(0)).await;
    for put in under_way {
        put.await.unwrap();
    }
    assert_eq!(count(&client).await, 110);
    cluster.until_role(&next, Role::Primary).await;
    cluster.start(&pod(0));
    cluster.until_role(&pod(0), Role::Backup).await;
    assert_eq!(put(&client, 50).await, "again");
}

/// Clients that put numbers, each after the last was acknowledged, until told to stop.
struct Traffic {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Traffic {
    fn start(client: &Client, clients: u64) -> Traffic {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let tasks = (0..clients).map(|number| {
            let (client, stop, acknowledged) = (client.clone(), stop.clone(), acknowledged.clone());
            tokio::spawn(async move {
                let mut next = number << 32;
                while !stop.load(Ordering::Relaxed) {
                    let answer = put(&client, next).await;
                    assert!(
                        answer == "taken" || answer == "again",
                        "an earlier sending of the same may have been taken"
                    );
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    next += 1;
                }
            })
        });
        Traffic { stop: stop.clone(), acknowledged: acknowledged.clone(), tasks: tasks.collect() }
    }
    async fn until_more(&self, more: u64) {
        let wanted = self.acknowledged.load(Ordering::Relaxed) + more;
        let deadline = Instant::now() + DEADLINE;
        while self.acknowledged.load(Ordering::Relaxed) < wanted {
            assert!(Instant::now() < deadline, "only {} acknowledged", self.acknowledged.load(Ordering::Relaxed));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.acknowledged.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn c1_a_backup_that_was_away_catches_up_by_the_log_while_writes_flow() {
    let mut cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    let traffic = Traffic::start(&client, 4);
    traffic.until_more(50).await;
    cluster.kill(&pod(2));
    traffic.until_more(200).await;
    cluster.start(&pod(2));
    cluster.until_role(&pod(2), Role::Backup).await;
    let acknowledged = traffic.stop().await;
    assert_eq!(count(&client).await, acknowledged);
}

#[tokio::test]
async fn c1_a_backup_that_comes_back_empty_catches_up_by_snapshot_while_writes_flow() {
    let mut cluster = Cluster::born(40_000).await;
    let client = cluster.client();
    let traffic = Traffic::start(&client, 8);
    cluster.until(&pod(0), |report| report.figures.snapshots >= 3).await;
    cluster.kill(&pod(1));
    std::fs::remove_dir_all(cluster.dir_of(&pod(1))).unwrap();
    traffic.until_more(50).await;
    cluster.start(&pod(1));
    cluster.until_role(&pod(1), Role::Backup).await;
    traffic.until_more(50).await;
    // What it holds is enough to go on from: it leads next.
    cluster.kill(&pod(0));
    cluster.kill(&pod(2));
    let view = cluster.views.current().unwrap();
    let (me, keep) = (cluster.nodes[&pod(1)].status().await.me, view.in_sync.clone());
    let mut next = view.promote(&me.pod, me.boot, &keep, view.change);
    next.version = view.version + 1;
    assert!(cluster.views.swap(next));
    cluster.start(&pod(2));
    cluster.start(&pod(0));
    traffic.until_more(50).await;
    let acknowledged = traffic.stop().await;
    assert_eq!(count(&client).await, acknowledged);
}

#[tokio::test]
async fn everyone_restarts_and_everything_acknowledged_is_there() {
    let mut cluster = Cluster::born(40_000).await;
    let client = cluster.client();
    let traffic = Traffic::start(&client, 4);
    traffic.until_more(500).await;
    (0..3).for_each(|number| cluster.kill(&pod(number)));
    (0..3).for_each(|number| cluster.start(&pod(number)));
    cluster.promote(&pod(9)).await;
    traffic.until_more(20).await;
    let acknowledged = traffic.stop().await;
    assert_eq!(count(&client).await, acknowledged);
}

#[tokio::test]
async fn the_history_of_failovers_outlives_the_log_that_told_of_it() {
    let mut cluster = Cluster::born(20_000).await;
    let client = cluster.client();
    let traffic = Traffic::start(&client, 8);
    for number in 0..3 {
        cluster.until(&pod(number), |report| report.figures.snapshots >= 3).await;
    }
    traffic.stop().await;
    let known = cluster.nodes[&pod(1)].report().await.reigns;
    assert_eq!(known[0].start.change.cause, Cause::Birth);
    // One comes back with its disk, one without: it has the history from the others.
    cluster.kill(&pod(1));
    cluster.start(&pod(1));
    cluster.kill(&pod(2));
    std::fs::remove_dir_all(cluster.dir_of(&pod(2))).unwrap();
    cluster.start(&pod(2));
    for number in 1..3 {
        cluster.until(&pod(number), |report| report.reigns == known && report.status.role == Role::Backup).await;
    }
}

#[tokio::test]
async fn d1_a_primary_that_was_frozen_wakes_up_demoted_and_ends() {
    let mut cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    let traffic = Traffic::start(&client, 4);
    traffic.until_more(50).await;
    let thaw = cluster.nodes[&pod(0)].freeze().await;
    cluster.promote(&pod(0)).await;
    traffic.until_more(50).await;
    drop(thaw);
    let ended = cluster.nodes.remove(&pod(0)).unwrap().ended().await;
    assert!(matches!(ended, Some(Ended::Demoted { .. })), "{ended:?}");
    cluster.start(&pod(0));
    cluster.until_role(&pod(0), Role::Backup).await;
    let acknowledged = traffic.stop().await;
    assert_eq!(count(&client).await, acknowledged);
}

#[tokio::test]
async fn d1_a_primary_that_is_replaced_tells_its_callers_who_leads_before_it_goes() {
    let cluster = Cluster::born(EVERY).await;
    // This one knows nobody else whom it could ask.
    let address = cluster.directory().borrow()[&pod(0)].clone();
    let replicas = member::directory([(pod(0), address)]);
    let client = Client::connect(member::client::Config { name: "test".into(), replicas });
    put(&client, 1).await;
    let next = cluster.promote(&pod(0)).await;
    let mut believed = client.believed();
    let told = believed.wait_for(|belief| belief.primary == Some(next.clone()));
    timeout(DEADLINE, told).await.unwrap().unwrap();
}

#[tokio::test]
async fn s1_a_frozen_backup_is_shrunk_out_and_comes_back() {
    let cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    put(&client, 1).await;
    let thaw = cluster.nodes[&pod(2)].freeze().await;
    let began = Instant::now();
    put(&client, 2).await;
    assert!(began.elapsed() < Duration::from_secs(3), "silence is found in 0.6 s: {:?}", began.elapsed());
    assert_eq!(cluster.views.current().unwrap().in_sync.len(), 2);
    drop(thaw);
    cluster.until_role(&pod(2), Role::Backup).await;
    assert_eq!(cluster.views.current().unwrap().in_sync.len(), 3);
}

#[tokio::test]
async fn h1_a_primary_that_leaves_hands_over_without_an_error() {
    let mut cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    let traffic = Traffic::start(&client, 4);
    traffic.until_more(50).await;
    let primary = cluster.nodes.remove(&pod(0)).unwrap();
    primary.member.leave().await;
    let ended = primary.ended().await;
    assert!(matches!(ended, Some(Ended::Left)), "{ended:?}");
    traffic.until_more(50).await;
    let view = cluster.views.current().unwrap();
    assert!(view.primary != pod(0) && !view.in_sync.contains_key(&pod(0)));
    let acknowledged = traffic.stop().await;
    assert_eq!(count(&client).await, acknowledged);
}

#[tokio::test]
async fn h1_a_hand_over_that_was_asked_for_goes_to_whom_it_should() {
    let cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    put(&client, 1).await;
    client.hand_over(pod(2), cluster.views.current().unwrap().epoch).await.unwrap();
    let mut believed = client.believed();
    let to_2 = believed.wait_for(|belief| belief.serving && belief.primary == Some(pod(2)));
    timeout(DEADLINE, to_2).await.unwrap().unwrap();
    assert_eq!(put(&client, 1).await, "again");
    assert_eq!(client.metrics().not_executed + client.metrics().unknown, 0);
}

#[tokio::test]
async fn a_feed_gives_everything_once_and_in_order_across_a_failover() {
    let mut cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    let mut feed = client.feed(Some(member::BEGINNING));
    let traffic = Traffic::start(&client, 4);
    traffic.until_more(100).await;
    let mut seen = Vec::new();
    let take = async |feed: &mut member::client::Feed, seen: &mut Vec<u64>| match timeout(DEADLINE, feed.next())
        .await
        .unwrap()
    {
        FeedEvent::Page(page) => seen.extend(page.entries.iter().map(|entry| number(&entry.body))),
        FeedEvent::Reset { now } => panic!("reset at {now}"),
    };
    take(&mut feed, &mut seen).await;
    // One of the backups, which the feed may be at, and then the primary.
    cluster.kill(&pod(1));
    take(&mut feed, &mut seen).await;
    cluster.start(&pod(1));
    cluster.until_role(&pod(1), Role::Backup).await;
    cluster.kill(&pod(0));
    cluster.promote(&pod(0)).await;
    traffic.until_more(100).await;
    let acknowledged = traffic.stop().await;
    while (seen.len() as u64) < acknowledged {
        take(&mut feed, &mut seen).await;
    }
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((once.len(), once.len() as u64), (seen.len(), acknowledged));
}

#[tokio::test]
async fn an_eventual_read_is_answered_without_a_primary() {
    let mut cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    put(&client, 1).await;
    cluster.until(&pod(1), |report| report.status.commit == report.status.tail.seq && report.status.commit > 1).await;
    cluster.kill(&pod(0));
    cluster.kill(&pod(2));
    let answer = timeout(DEADLINE, client.read(Consistency::Eventual, Bytes::new())).await.unwrap().unwrap();
    assert_eq!((number(&answer.reply), answer.freshness), (1, Freshness::Eventual));
}

#[tokio::test]
async fn an_eventual_read_of_what_cannot_be_committed_says_so_and_a_strong_one_waits() {
    let mut cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    put(&client, 1).await;
    cluster.kill(&pod(1));
    cluster.kill(&pod(2));
    let stuck = client.clone();
    let stuck = tokio::spawn(async move { put(&stuck, 2).await });
    cluster.until(&pod(0), |report| report.status.commit < report.status.tail.seq).await;
    let eventual = cluster.nodes[&pod(0)].member.read(Consistency::Eventual, Bytes::new()).await.unwrap().unwrap();
    assert_eq!((number(&eventual.reply), eventual.freshness), (2, Freshness::Unsettled));
    let strong = client.clone();
    let strong = tokio::spawn(async move { count(&strong).await });
    let alone = cluster.nodes[&pod(0)].status().await;
    assert!(!stuck.is_finished() && !strong.is_finished() && alone.commit < alone.tail.seq);
    cluster.start(&pod(1));
    assert_eq!(timeout(DEADLINE, stuck).await.unwrap().unwrap(), "taken");
    assert_eq!(timeout(DEADLINE, strong).await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_controller_sees_every_member_and_how_it_goes() {
    let mut cluster = Cluster::born(EVERY).await;
    let mut watch = Watch::start("test", cluster.directory());
    let wait = async |watch: &mut Watch, link: Link| {
        let seen = async {
            while watch.seen()[&pod(1)].link != link {
                watch.changed().await;
            }
        };
        timeout(DEADLINE, seen).await.unwrap();
    };
    wait(&mut watch, Link::Up).await;
    let thaw = cluster.nodes[&pod(1)].freeze().await;
    wait(&mut watch, Link::Silent).await;
    drop(thaw);
    wait(&mut watch, Link::Up).await;
    cluster.kill(&pod(1));
    wait(&mut watch, Link::Refused).await;
    assert_eq!(watch.newest_view().unwrap().primary, pod(0));
    assert!(watch.seen()[&pod(0)].status.as_ref().is_some_and(|status| status.role == Role::Primary));
}

#[tokio::test]
async fn an_application_submits_and_listens_in_its_own_process() {
    let cluster = Cluster::born(EVERY).await;
    let (primary, backup) = (&cluster.nodes[&pod(0)].member, &cluster.nodes[&pod(1)].member);
    let mut events = backup.events();
    let command = Bytes::copy_from_slice(&5u64.to_le_bytes());
    let answer = primary.submit(command.clone()).await.unwrap().unwrap();
    assert_eq!(answer.reply, "taken");
    let elsewhere = backup.submit(command).await.unwrap().unwrap_err();
    assert_eq!(elsewhere, Rejection::NotPrimary { epoch: group::Epoch::new(0, 1), primary: Some(pod(0)) });
    let delivered = async {
        loop {
            if let Event::Delivered(delivered) = events.recv().await.unwrap() {
                return delivered;
            }
        }
    };
    let delivered = timeout(DEADLINE, delivered).await.unwrap();
    assert_eq!((delivered.cursor, number(&delivered.body)), (answer.cursor, 5));
    let History::Page(page) = backup.log(member::BEGINNING, 10).await.unwrap() else { panic!("it is all there") };
    assert_eq!(page.entries, [delivered]);
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_breaks_nothing() {
    let cluster = Cluster::born(EVERY).await;
    let client = cluster.client();
    let huge = Bytes::from(vec![0; member::limits::COMMAND_BYTES + 1]);
    assert_eq!(client.submit(huge.clone()).await, Err(Failure::NotExecuted(Why::TooLarge)));
    let refused = cluster.nodes[&pod(0)].member.submit(huge).await.unwrap();
    assert_eq!(refused, Err(Rejection::TooLarge { max: member::limits::COMMAND_BYTES }));
    assert_eq!(client.submit(Bytes::from_static(b"no number")).await.unwrap().reply, "not a number");
    assert_eq!(put(&client, 1).await, "taken");
}

#[tokio::test]
async fn c1_a_cursor_older_than_the_log_is_told_so_and_the_feed_goes_on() {
    let cluster = Cluster::born(20_000).await;
    let client = cluster.client();
    let traffic = Traffic::start(&client, 8);
    for number in 0..3 {
        cluster.until(&pod(number), |report| report.figures.snapshots >= 3).await;
    }
    let acknowledged = traffic.stop().await;
    // The feed may come from a backup, which hears of the last commits a moment after the clients.
    let committed = cluster.nodes[&pod(0)].report().await.status.commit;
    for number in 0..3 {
        cluster.until(&pod(number), |report| report.status.commit >= committed).await;
    }
    let mut feed = client.feed(Some(member::BEGINNING));
    let FeedEvent::Reset { now } = timeout(DEADLINE, feed.next()).await.unwrap() else { panic!("it is too old") };
    assert!(now.seq >= acknowledged);
    put(&client, u64::MAX).await;
    loop {
        let FeedEvent::Page(page) = timeout(DEADLINE, feed.next()).await.unwrap() else { panic!("it goes on") };
        if let Some(entry) = page.entries.first() {
            assert_eq!(number(&entry.body), u64::MAX);
            return;
        }
    }
}
