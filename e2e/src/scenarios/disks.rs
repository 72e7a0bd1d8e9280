//! Disks: one that is slow, one that is gone.

use std::time::Duration;

use crate::harness::{NAMESPACE, Play, Stage, play, pods};

const SHED_WITHIN: Duration = Duration::from_secs(15);
/// Far below what orders need, and not nothing.
const WRITES_PER_S: u32 = 10;

pub(super) fn slow_disk(stage: &Stage) -> Play<'_> {
    play(async move {
        let backup = stage.backup()?.to_owned();
        let pod = stage.pod(&backup).await?;
        let (node, uid) = (pods::node(&pod).to_owned(), pods::uid(&pod).to_owned());
        let (slow_node, slow_uid) = (node.clone(), uid.clone());
        stage.blocking(move |ground| ground.own()?.slow_disk(&slow_node, &slow_uid, Some(WRITES_PER_S))).await?;
        stage.fault(format!("slow down the disk of {backup}"));
        let shed =
            stage.until("the backup out of the set", SHED_WITHIN, |group| !group.in_sync.contains(&backup)).await;
        stage.go_on(3.0).await;
        stage.blocking(move |ground| ground.own()?.slow_disk(&node, &uid, None)).await?;
        stage.mended();
        shed.map(drop)
    })
}

pub(super) fn wipe_volume(stage: &Stage) -> Play<'_> {
    play(async move {
        let backup = stage.backup()?.to_owned();
        let before = stage.before.replicas.iter().find(|replica| replica.name == backup).map(|r| r.storage_id.clone());
        let claim = format!("data-{backup}");
        stage.kubectl(&["-n", NAMESPACE, "delete", "pvc", &claim, "--wait=false"]).await?;
        stage.delete(&backup, None).await?;
        let is_new = |group: &api::v1::cluster::Cluster| {
            let now = group.replicas.iter().find(|replica| replica.name == backup);
            now.is_some_and(|replica| !replica.storage_id.is_empty() && Some(&replica.storage_id) != before.as_ref())
        };
        stage.until("another disk under the replica's name", Duration::from_secs(90), is_new).await?;
        Ok(())
    })
}
