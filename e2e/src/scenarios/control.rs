//! Those who watch over everything are away: controllers and API server.

use anyhow::Result;
use futures_util::future::try_join_all;

use super::kills::{kill, worker};
use crate::harness::{Play, Stage, play, pods};

pub(super) fn kill_controllers(stage: &Stage) -> Play<'_> {
    play(async move {
        let pods = stage.pods.of("controller").await?;
        let names: Vec<&str> = pods.iter().map(pods::name).collect();
        stage.fault(format!("force delete {}", names.join(" ")));
        try_join_all(names.iter().map(|name| stage.pods.delete(name, Some(0)))).await?;
        stage.go_on(5.0).await;
        Ok(())
    })
}

pub(super) fn stop_api_server(stage: &Stage) -> Play<'_> {
    play(async move {
        stage.fault("stop the API server");
        stop(stage).await?;
        stage.go_on(30.0).await;
        start(stage).await
    })
}

pub(super) fn kill_backup_without_api_server(stage: &Stage) -> Play<'_> {
    play(async move {
        let backup = stage.backup()?;
        let pid = worker(stage, backup).await?;
        stop(stage).await?;
        kill(stage, backup, pid);
        stage.go_on(8.0).await;
        start(stage).await
    })
}

pub(super) fn kill_primary_without_api_server(stage: &Stage) -> Play<'_> {
    play(async move {
        let pid = worker(stage, stage.primary()).await?;
        stop(stage).await?;
        kill(stage, stage.primary(), pid);
        stage.go_on(2.0).await;
        start(stage).await?;
        stage.until_moved().await.map(drop)
    })
}

async fn stop(stage: &Stage) -> Result<()> {
    stage.blocking(|ground| ground.own()?.stop_api_server()).await
}

async fn start(stage: &Stage) -> Result<()> {
    stage.blocking(|ground| ground.own()?.start_api_server()).await?;
    stage.mended();
    Ok(())
}
