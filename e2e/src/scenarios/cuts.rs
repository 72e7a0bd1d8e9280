//! Networks cut: packets vanish, nothing is closed. A fault counts from when the cut is made: what still gets through ends no gap.

use std::time::Duration;

use anyhow::Result;

use crate::harness::{Play, Stage, play};

pub(super) fn cut_primary(stage: &Stage) -> Play<'_> {
    play(async move {
        let node = stage.node_of(stage.primary()).await?;
        let what = format!("cut {node} off, where {} is", stage.primary());
        stage.blocking(move |ground| ground.own()?.cut_off(&node)).await?;
        stage.fault(what);
        let moved = stage.until_moved().await;
        stage.go_on(2.0).await;
        heal(stage).await?;
        moved.map(drop)
    })
}

pub(super) fn cut_primary_from_backup(stage: &Stage) -> Play<'_> {
    play(async move {
        let backup = stage.backup()?;
        let (one, other) = (stage.node_of(stage.primary()).await?, stage.node_of(backup).await?);
        let what = format!("cut {one} from {other}");
        stage.blocking(move |ground| ground.own()?.cut_between(&one, &other)).await?;
        stage.fault(what);
        // Either the backup leaves the set, or the primary hands over to the one that sees both.
        let before = (stage.before.epoch, stage.before.in_sync.len());
        let has_changed = |group: &api::v1::cluster::Cluster| group.epoch > before.0 || group.in_sync.len() < before.1;
        let changed = stage.until("another set", Duration::from_secs(15), has_changed).await;
        stage.go_on(2.0).await;
        heal(stage).await?;
        changed.map(drop)
    })
}

pub(super) fn cut_primary_from_api_server(stage: &Stage) -> Play<'_> {
    play(async move {
        let node = stage.node_of(stage.primary()).await?;
        let what = format!("cut {node} from the API server");
        stage.blocking(move |ground| ground.own()?.cut_from_api_server(&node)).await?;
        stage.fault(what);
        stage.go_on(15.0).await;
        heal(stage).await
    })
}

async fn heal(stage: &Stage) -> Result<()> {
    stage.blocking(|ground| ground.own()?.heal()).await?;
    stage.mended();
    Ok(())
}
