//! Pods deleted as people delete them: through the API server.

use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;

use crate::harness::{NAME, NAMESPACE, Play, Stage, play, pods};

const AWAY_WITHIN: Duration = Duration::from_secs(60);

pub(super) fn delete_primary(stage: &Stage) -> Play<'_> {
    play(async move {
        stage.delete(stage.primary(), None).await?;
        stage.until_moved().await.map(drop)
    })
}

pub(super) fn force_delete_primary(stage: &Stage) -> Play<'_> {
    play(async move {
        stage.delete(stage.primary(), Some(0)).await?;
        stage.until_moved().await.map(drop)
    })
}

pub(super) fn delete_primary_without_controllers(stage: &Stage) -> Play<'_> {
    play(async move {
        scale_controllers(stage, 0).await?;
        stage.delete(stage.primary(), None).await?;
        let moved = stage.until_moved().await;
        scale_controllers(stage, 2).await?;
        stage.mended();
        moved.map(drop)
    })
}

async fn scale_controllers(stage: &Stage, number: u8) -> Result<()> {
    let replicas = format!("--replicas={number}");
    stage.kubectl(&["-n", NAMESPACE, "scale", "deployment/just-hungry-controller", &replicas]).await?;
    let begun_us = stage.traffic.now_us();
    let is_late = || stage.traffic.now_us() - begun_us > AWAY_WITHIN.as_micros() as u64;
    while stage.pods.of("controller").await?.len() != usize::from(number) && !is_late() {
        stage.go_on(0.1).await;
    }
    Ok(())
}

pub(super) fn delete_front_end(stage: &Stage) -> Play<'_> {
    delete_all_of(stage, "frontend", 1)
}

pub(super) fn delete_adapters(stage: &Stage) -> Play<'_> {
    delete_all_of(stage, "postcode", usize::MAX)
}

fn delete_all_of<'a>(stage: &'a Stage, component: &'static str, most: usize) -> Play<'a> {
    play(async move {
        let pods = stage.pods.of(component).await?;
        let names: Vec<&str> = pods.iter().map(pods::name).take(most).collect();
        stage.fault(format!("delete pod {}", names.join(" ")));
        try_join_all(names.iter().map(|name| stage.pods.delete(name, None))).await?;
        stage.go_on(3.0).await;
        let deployment = format!("deployment/{NAME}-{component}");
        stage.kubectl(&["-n", NAMESPACE, "rollout", "status", &deployment, "--timeout=60s"]).await.map(drop)
    })
}

pub(super) fn delete_all(stage: &Stage) -> Play<'_> {
    play(async move {
        stage.fault("delete all replica pods");
        let names = stage.before.replicas.iter().map(|replica| replica.name.as_str());
        try_join_all(names.map(|name| stage.pods.delete(name, None))).await?;
        stage.until_moved().await.map(drop)
    })
}
