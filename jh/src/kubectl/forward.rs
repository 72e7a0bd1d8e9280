//! A port of this machine that leads to a front end's pod, as `kubectl port-forward` makes it; another pod is taken when one is gone. Knows
//! bytes, not what they mean.

use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::{Installation, connect};

/// The port of a front end that takes orders, by its name in the pod.
const PORT: &str = "http";
/// A pod is looked for so often before a connection is given up; whoever opened it tries again.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);
/// The API server has this long to reach the pod.
const OPEN_TIME: Duration = Duration::from_secs(3);

/// Begins to forward, on a thread of its own that ends with the process. The endpoint, like `http://127.0.0.1:40123`.
///
/// # Errors
/// There is no way to the cluster, or no port is free.
pub(super) fn start(installation: Installation) -> anyhow::Result<String> {
    let (tell, told) = mpsc::channel();
    let forward = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("start the runtime");
        let begun = runtime.and_then(|runtime| Ok((runtime.block_on(begin(&installation))?, runtime)));
        match begun {
            Ok(((listener, pods, endpoint), runtime)) => {
                // Whoever started this waits for the word.
                let _ = tell.send(Ok(endpoint));
                runtime.block_on(serve(listener, pods, installation));
            }
            Err(error) => drop(tell.send(Err(error))),
        }
    };
    thread::Builder::new().name("forward".into()).spawn(forward).context("start a thread")?;
    told.recv().context("begin to forward")?
}

async fn begin(installation: &Installation) -> anyhow::Result<(TcpListener, Api<Pod>, String)> {
    let pods = installation.pods(connect().await?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listen on this machine")?;
    let endpoint = format!("http://{}", listener.local_addr().context("read the address")?);
    Ok((listener, pods, endpoint))
}

async fn serve(listener: TcpListener, pods: Api<Pod>, installation: Installation) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                tokio::spawn(carry(stream, pods.clone(), installation.clone()));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Carries one connection to a front end. How it ends is the business of those at its ends.
async fn carry(mut stream: TcpStream, pods: Api<Pod>, installation: Installation) {
    for _ in 0..TRIES {
        let opened = timeout(OPEN_TIME, open(&pods, &installation)).await;
        if let Ok(Some(mut pod)) = opened {
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut pod).await;
            return;
        }
        sleep(PAUSE).await;
    }
}

/// A connection to a front end that is ready, if there is one.
async fn open(
    pods: &Api<Pod>,
    installation: &Installation,
) -> Option<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + use<>> {
    let found = pods.list(&installation.frontends()).await.ok()?;
    let pod = found.items.iter().find(|pod| is_ready(pod))?;
    let port = port(pod)?;
    pods.portforward(&pod.name_any(), &[port]).await.ok()?.take_stream(port)
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    ready && pod.metadata.deletion_timestamp.is_none()
}

fn port(pod: &Pod) -> Option<u16> {
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let mut ports = containers.iter().flat_map(|container| container.ports.as_deref().unwrap_or_default());
    let named = ports.find(|port| port.name.as_deref() == Some(PORT))?;
    u16::try_from(named.container_port).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(ready: &str, deleted: bool) -> Pod {
        let deleted = deleted.then_some("2026-01-01T00:00:00Z");
        serde_json::from_value(json!({
            "metadata": {"name": "x-frontend-1", "deletionTimestamp": deleted},
            "spec": {"containers": [{"name": "frontend", "ports": [{"name": "http", "containerPort": 8080}]}]},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }))
        .unwrap()
    }

    #[test]
    fn a_pod_that_is_not_ready_or_is_going_is_not_taken() {
        assert!(is_ready(&pod("True", false)));
        assert!(!is_ready(&pod("False", false)) && !is_ready(&pod("True", true)) && !is_ready(&Pod::default()));
        assert_eq!((port(&pod("True", false)), port(&Pod::default())), (Some(8080), None));
    }
}
