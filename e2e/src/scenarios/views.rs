//! The view lost: deleted by hand, or set back with all of the cluster's memory.

use std::time::Duration;

use anyhow::Result;
use api::v1::paths;
use serde_json::json;

use crate::harness::{NAME, NAMESPACE, Play, Stage, play, reinstall};

const BINDING: &str = "validatingadmissionpolicybinding";
const REBUILT_WITHIN: Duration = Duration::from_secs(20);

pub(super) fn delete_view(stage: &Stage) -> Play<'_> {
    play(async move {
        // Nobody may delete it; whoever can take the policy away can.
        stage.kubectl(&["delete", BINDING, "just-hungry-view", "--wait=true"]).await?;
        stage.go_on(1.0).await;
        stage.fault("delete the view");
        let view = format!("{NAME}-view");
        let deleted = stage.kubectl(&["-n", NAMESPACE, "delete", "configmap", &view]).await;
        stage.go_on(3.0).await;
        let condition = stage.until_condition("ViewLost", "True").await;
        rebuild(stage).await?;
        stage.blocking(|ground| reinstall(&ground)).await?;
        deleted?;
        condition
    })
}

pub(super) fn restore_etcd(stage: &Stage) -> Play<'_> {
    play(async move {
        stage.blocking(|ground| ground.own()?.back_up()).await?;
        let to = stage.backup()?;
        stage.traffic.post(paths::PROMOTE, &json!({"to": to, "expect_epoch": stage.before.epoch})).await?;
        stage.until_moved().await?;
        stage.go_on(1.0).await;
        stage.fault("set etcd back");
        stage.blocking(|ground| ground.own()?.restore()).await?;
        let condition = stage.until_condition("ViewLost", "True").await;
        rebuild(stage).await?;
        condition
    })
}

async fn rebuild(stage: &Stage) -> Result<()> {
    let group = stage.until("an answer", REBUILT_WITHIN, |_| true).await?;
    let before = group.loss_epoch;
    stage.traffic.post(paths::REBUILD_VIEW, &json!({"expect_epoch": group.epoch})).await?;
    stage.until("the view rebuilt", REBUILT_WITHIN, |group| group.loss_epoch > before).await?;
    stage.mended();
    Ok(())
}
