//! Whole nodes that stand still, as a paused machine does: nothing is closed, nothing answers.

use std::time::Duration;

use crate::harness::{Play, Stage, play};

const MOVED_WITHIN: Duration = Duration::from_secs(15);

pub(super) fn freeze_primary(stage: &Stage) -> Play<'_> {
    play(async move {
        let node = stage.node_of(stage.primary()).await?;
        freeze(stage, &node, stage.primary()).await?;
        let moved = stage.until_moved().await;
        // Long enough that it wakes up in another world.
        stage.go_on(2.0).await;
        thaw(stage, node).await?;
        moved.map(drop)
    })
}

pub(super) fn freeze_backup(stage: &Stage) -> Play<'_> {
    play(async move {
        let backup = stage.lone_backup().await?;
        let node = stage.node_of(&backup).await?;
        freeze(stage, &node, &backup).await?;
        let out =
            stage.until("the backup out of the set", MOVED_WITHIN, |group| !group.in_sync.contains(&backup)).await;
        stage.go_on(2.0).await;
        thaw(stage, node).await?;
        out.map(drop)
    })
}

/// The fault counts from when all stands still: what succeeds while some of it still runs ends no gap.
async fn freeze(stage: &Stage, node: &str, name: &str) -> anyhow::Result<()> {
    let frozen = node.to_owned();
    stage.blocking(move |ground| ground.own().map(|cluster| cluster.freeze(&frozen))).await?;
    stage.fault(format!("freeze {node}, where {name} is"));
    Ok(())
}

async fn thaw(stage: &Stage, node: String) -> anyhow::Result<()> {
    stage.blocking(move |ground| ground.own().map(|cluster| cluster.thaw(&node))).await?;
    stage.mended();
    Ok(())
}
