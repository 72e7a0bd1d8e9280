//! What operators do on purpose: hand over, drain, roll out, scale.

use std::time::Duration;

use api::v1::paths;
use serde_json::json;

use crate::harness::{NAME, NAMESPACE, Play, Stage, play};
use crate::image;

const ROLLED_WITHIN: Duration = Duration::from_secs(180);
const SCALED_WITHIN: Duration = Duration::from_secs(120);

pub(super) fn promote(stage: &Stage) -> Play<'_> {
    play(async move {
        let to = stage.backup()?;
        stage.fault(format!("promote {to}"));
        stage.traffic.post(paths::PROMOTE, &json!({"to": to, "expect_epoch": stage.before.epoch})).await?;
        stage.until_moved().await.map(drop)
    })
}

pub(super) fn drain(stage: &Stage) -> Play<'_> {
    play(async move {
        let node = stage.node_of(stage.primary()).await?;
        stage.fault(format!("drain {node}, where {} is", stage.primary()));
        let flags = ["--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=120s"];
        let drain: Vec<&str> = ["drain", node.as_str()].into_iter().chain(flags).collect();
        let drained = stage.kubectl(&drain).await;
        let moved = stage.until_moved().await;
        stage.kubectl(&["uncordon", &node]).await?;
        stage.mended();
        drained?;
        moved.map(drop)
    })
}

pub(super) fn rollout(stage: &Stage) -> Play<'_> {
    play(async move {
        let resource = format!("justhungry/{NAME}");
        let of = resource.clone();
        let image = stage.blocking(move |ground| ground.field(&of, "{.spec.image}")).await?;
        let next = if image == image::TAG { image::NEXT_TAG } else { image::TAG };
        stage.blocking(move |ground| ground.own()?.tag(&image, next)).await?;
        stage.fault(format!("image {next}"));
        let patch = json!({"spec": {"image": next}}).to_string();
        stage.kubectl(&["-n", NAMESPACE, "patch", &resource, "--type=merge", "-p", &patch]).await?;
        let end_us = stage.traffic.now_us() + ROLLED_WITHIN.as_micros() as u64;
        loop {
            let pods = stage.pods.of("replica").await?;
            let image = |pod: &k8s_openapi::api::core::v1::Pod| {
                pod.spec.as_ref().and_then(|spec| spec.containers.first()?.image.clone())
            };
            if pods.iter().all(|pod| image(pod).as_deref() == Some(next)) {
                break;
            }
            anyhow::ensure!(stage.traffic.now_us() < end_us, "not all replicas have the image {next} in time");
            stage.go_on(0.5).await;
        }
        let moves = stage.until_moved().await?.epoch - stage.before.epoch;
        anyhow::ensure!(moves <= 2, "the primary moved {moves} times");
        Ok(())
    })
}

pub(super) fn scale(stage: &Stage) -> Play<'_> {
    play(async move {
        stage.fault("five replicas");
        scale_to(stage, 5).await?;
        stage.go_on(3.0).await;
        scale_to(stage, 3).await?;
        stage.mended();
        Ok(())
    })
}

async fn scale_to(stage: &Stage, replicas: usize) -> anyhow::Result<()> {
    let patch = json!({"spec": {"replicas": replicas}}).to_string();
    let resource = format!("justhungry/{NAME}");
    stage.kubectl(&["-n", NAMESPACE, "patch", &resource, "--type=merge", "-p", &patch]).await?;
    stage.replicas.set(replicas);
    let what = format!("{replicas} replicas in sync");
    let is_so = |group: &api::v1::cluster::Cluster| group.in_sync.len() == replicas && group.replicas.len() == replicas;
    stage.until(&what, SCALED_WITHIN, is_so).await.map(drop)
}
