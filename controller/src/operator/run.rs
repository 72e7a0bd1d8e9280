//! The operator as a program: follows the cluster, looks after every group, competes for the Lease, serves its port.
use super::groups::{Common, Group};
use super::installation::{Installation, Key, MANAGER};
use super::lease::Competitor;
use super::routes::{Port, Ports, routes};
use super::watching::Watching;
use crate::serve::serve;
use anyhow::Context;
use kube::runtime::events::{Recorder, Reporter};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Runs until `stop`.
pub(crate) async fn run(name: String, admin: SocketAddr, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let client = view::kubernetes::connect().await.context("connect to the API server")?;
    let listener = TcpListener::bind(admin)
        .await
        .with_context(|| format!("listen at {admin}; choose another address with --admin"))?;
    let reporter = Reporter { controller: "justhungry.dev/controller".into(), instance: Some(name.clone()) };
    let (lead, leading) = watch::channel(false);
    let common = Common {
        recorder: Recorder::new(client.clone(), reporter),
        watching: Arc::new(Watching::start(&client)),
        leading,
        name,
        client,
    };
    let ports = Ports::default();
    let namespace = common.client.default_namespace().to_owned();
    let competitor = Competitor::new(common.client.clone(), &namespace, MANAGER, &common.name, lead);
    tracing::info!(name = common.name, %admin, namespace, "the operator watches");
    let (stopping, stopped) = watch::channel(false);
    let stop = async move {
        stop.await;
        tracing::info!("stopping");
        stopping.send_replace(true);
    };
    tokio::join!(
        stop,
        competitor.run(set(stopped.clone())),
        look_after(common, ports.clone(), set(stopped.clone())),
        serve(listener, routes(ports), set(stopped)),
    );
    Ok(())
}

async fn set(mut flag: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end as well.
    let _ = flag.wait_for(|set| *set).await;
}

/// Keeps one group for every resource until `stop`.
async fn look_after(common: Common, ports: Ports, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let (mut changes, mut leading) = (common.watching.changes(), common.leading.clone());
    tokio::select! {
        () = common.watching.ready() => {}
        () = &mut stop => return,
    }
    ports.ready.store(true, Ordering::Relaxed);
    let mut groups = BTreeMap::new();
    loop {
        changes.borrow_and_update();
        leading.borrow_and_update();
        keep(&common, &ports, &mut groups);
        tokio::select! {
            _ = changes.changed() => {}
            _ = leading.changed() => {}
            () = &mut stop => return,
        }
    }
}

/// Starts, corrects and ends groups, so that they are those of the resources.
fn keep(common: &Common, ports: &Ports, groups: &mut BTreeMap<Key, Group>) {
    let mut there = BTreeSet::new();
    for resource in common.watching.resources() {
        let meta = &resource.metadata;
        let (Some(namespace), Some(name)) = (meta.namespace.clone(), meta.name.clone()) else { continue };
        let key = Key { namespace, name };
        there.insert(key.clone());
        if groups.get(&key).is_some_and(|group| !group.is_of(meta.uid.as_deref())) {
            groups.remove(&key);
        }
        // What became invalid is left as it was; the builder says so.
        match Installation::new(&resource) {
            Ok(installation) => keep_one(common, ports, groups, &key, &installation),
            Err(why) => tracing::warn!(installation = %key, %why, "the resource is invalid"),
        }
    }
    groups.retain(|key, _| {
        let stays = there.contains(key);
        if !stays {
            tracing::info!(installation = %key, "the resource is gone");
            ports.groups().remove(key);
            common.watching.forget(key);
        }
        stays
    });
}

fn keep_one(common: &Common, ports: &Ports, groups: &mut BTreeMap<Key, Group>, key: &Key, installation: &Installation) {
    if !groups.contains_key(key) {
        match Group::start(common, installation) {
            Ok(group) => {
                let port = Port { routes: group.port.clone(), metrics: group.metrics.clone() };
                ports.groups().insert(key.clone(), port);
                groups.insert(key.clone(), group);
            }
            Err(error) => tracing::error!(installation = %key, %error, "look after a group"),
        }
    }
    if let Some(group) = groups.get_mut(key) {
        group.wish(common, installation);
        group.locate(common, key);
    }
}
