//! Pods as the API server tells them: found, deleted, waited for. Knows labels, not what the programs do.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, ListParams};

use super::install::{NAME, NAMESPACE};

/// What is asked of pods.
#[derive(Debug, Clone)]
pub(crate) struct Pods {
    api: Api<Pod>,
}

impl Pods {
    pub(crate) fn new(client: &kube::Client) -> Pods {
        Pods { api: Api::namespaced(client.clone(), NAMESPACE) }
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Pod> {
        self.api.get(name).await.with_context(|| format!("look up pod {name}"))
    }

    /// The pods of one component: `replica`, `frontend`, `postcode`, `controller`.
    pub(crate) async fn of(&self, component: &str) -> Result<Vec<Pod>> {
        let selector = match component {
            "controller" => "app.kubernetes.io/component=controller".to_owned(),
            _ => format!("app.kubernetes.io/instance={NAME},app.kubernetes.io/component={component}"),
        };
        let listed = self.api.list(&ListParams::default().labels(&selector)).await;
        Ok(listed.with_context(|| format!("list the pods of {component}"))?.items)
    }

    /// Deletes a pod: `grace` 0 is what `kubectl delete pod --force --grace-period=0` does.
    pub(crate) async fn delete(&self, name: &str, grace: Option<u32>) -> Result<()> {
        let params = DeleteParams { grace_period_seconds: grace, ..DeleteParams::default() };
        self.api.delete(name, &params).await.with_context(|| format!("delete pod {name}")).map(drop)
    }
}

pub(crate) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

pub(crate) fn uid(pod: &Pod) -> &str {
    pod.metadata.uid.as_deref().unwrap_or_default()
}

pub(crate) fn node(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default()
}

/// Whether its containers run and nobody has deleted it.
pub(crate) fn is_running(pod: &Pod) -> bool {
    let containers = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    let run = containers
        .is_some_and(|all| all.iter().all(|one| one.state.as_ref().is_some_and(|state| state.running.is_some())));
    run && pod.metadata.deletion_timestamp.is_none()
}
