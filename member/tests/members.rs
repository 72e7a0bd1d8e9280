//! Members that run for real: sockets on loopback, files in temporary directories, threads. What the protocol promises, seen from outside.
mod cluster;

use bytes::Bytes;
use cluster::{Cluster, ledger::number, pod, put};
use group::Role;
use member::{Consistency, Freshness};

const EVERY: usize = member::limits::SNAPSHOT_EVERY_BYTES;

async fn count(client: &member::client::Client) -> u64 {
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
