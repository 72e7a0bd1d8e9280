//! The API server's side of a plan: reads what exists, writes what is planned. Chooses nothing.
use super::compare;
use super::installation::{Component, Installation, Key, MANAGER};
use super::objects::{Existing, IN_SYNC_GATE, objects};
use super::observed::{Id, ROLE_LABEL, request};
use super::plan::{Mark, id};
use super::resource::{JustHungry, JustHungryStatus};
use futures_util::future::{join_all, try_join_all};
use group::Pod;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod as PodObject};
use k8s_openapi::jiff::Timestamp;
use kube::api::Preconditions;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, EvictParams, GroupVersionKind, ListParams, Patch, PatchParams,
};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One namespace of the API server.
#[derive(Clone)]
pub(crate) struct Server {
    client: Client,
    namespace: String,
}

impl Server {
    pub(crate) fn new(client: Client, key: &Key) -> Server {
        Server { client, namespace: key.namespace.clone() }
    }

    /// Everything that exists under the names of ours.
    pub(crate) async fn live(&self, installation: &Installation) -> Result<BTreeMap<Id, Value>, kube::Error> {
        let existing = Existing { replicas: installation.spec.replicas, claim: None };
        let mut named = objects(installation, &existing);
        named.push(installation.object("v1", "ConfigMap", &installation.name(Component::View), Component::View));
        let reads = named.iter().map(async |object| {
            let id = id(object);
            let live = self.api(object).get_opt(&id.1).await?;
            Ok::<_, kube::Error>(live.map(|live| (id, serde_json::to_value(live).unwrap_or_default())))
        });
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    /// The replicas' claims and how much each asks for.
    pub(crate) async fn claims(&self, installation: &Installation) -> Result<BTreeMap<String, String>, kube::Error> {
        let api: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &self.namespace);
        let prefix = format!("data-{}-", installation.name(Component::Replica));
        let labels = format!("app.kubernetes.io/instance={}", installation.key.name);
        let all = api.list(&ListParams::default().labels(&labels)).await?;
        let named = all.items.iter().filter_map(|claim| Some((claim.metadata.name.clone()?, request(claim)?)));
        Ok(named.filter(|(name, _)| name.starts_with(&prefix)).collect())
    }

    /// Applies objects in their order; answers in words what failed. One failure does not keep the rest from being tried.
    pub(crate) async fn apply(&self, objects: &[Value], installation: &Installation) -> Vec<String> {
        let mut failed = Vec::new();
        for object in objects {
            let (kind, name) = id(object);
            if let Err(error) = self.apply_one(object, &name, installation).await {
                failed.push(format!("apply {kind} {name}: {}", words(&error)));
            } else {
                tracing::info!(kind, name, namespace = self.namespace, "applied");
            }
        }
        failed
    }

    async fn apply_one(&self, object: &Value, name: &str, installation: &Installation) -> Result<(), kube::Error> {
        let api = self.api(object);
        // Ours, or nothing, when it was read a moment ago. What people changed in our own objects is put right by force; what
        // somebody made in this very moment is found out again, because its owner is not ours.
        let live = api.get_opt(name).await?;
        let is_ours =
            live.is_none_or(|live| serde_json::to_value(live).is_ok_and(|live| compare::is_ours(&live, installation)));
        if !is_ours {
            return Ok(());
        }
        api.patch(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object)).await.map(drop)
    }

    /// Sets labels and gates.
    pub(crate) async fn mark(&self, marks: &[Mark]) -> Vec<String> {
        let done = marks.iter().map(async |mark| (mark.pod.clone(), self.mark_one(mark).await));
        let failed = join_all(done).await.into_iter().filter_map(|(pod, done)| Some((pod, done.err()?)));
        failed
            .filter(|(_, error)| !is_gone(error))
            .map(|(pod, error)| format!("mark {pod}: {}", words(&error)))
            .collect()
    }

    async fn mark_one(&self, mark: &Mark) -> Result<(), kube::Error> {
        let api: Api<PodObject> = Api::namespaced(self.client.clone(), &self.namespace);
        let (name, params) = (mark.pod.as_str(), PatchParams::default());
        // With its uid: a pod of the same name that came meanwhile is another one.
        if let Some(role) = mark.role {
            let patch = json!({ "metadata": { "uid": mark.uid, "labels": { ROLE_LABEL: role } } });
            api.patch(name, &params, &Patch::Merge(patch)).await?;
        }
        if let Some(in_sync) = mark.in_sync {
            let (status, reason) = if in_sync { ("True", "InTheSet") } else { ("False", "NotInTheSet") };
            let condition = json!({
                "type": IN_SYNC_GATE, "status": status, "reason": reason,
                "lastTransitionTime": format!("{:.0}", Timestamp::now()),
            });
            let patch = json!({ "metadata": { "uid": mark.uid }, "status": { "conditions": [condition] } });
            api.patch_status(name, &params, &Patch::Strategic(patch)).await?;
        }
        Ok(())
    }

    /// Lets claims grow.
    pub(crate) async fn grow(&self, claims: &[(String, String)]) -> Vec<String> {
        let api: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut failed = Vec::new();
        for (name, size) in claims {
            let patch = json!({ "spec": { "resources": { "requests": { "storage": size } } } });
            if let Err(error) = api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await {
                failed.push(format!("let volume claim {name} grow to {size}: {}", words(&error)));
            }
        }
        failed
    }

    /// Evicts this very pod. `false`: a disruption budget says not now.
    pub(crate) async fn evict(&self, pod: &Pod, uid: &str) -> Result<bool, kube::Error> {
        let api: Api<PodObject> = Api::namespaced(self.client.clone(), &self.namespace);
        let preconditions = Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None });
        let delete_options = Some(DeleteParams { preconditions, ..DeleteParams::default() });
        match api.evict(pod.as_str(), &EvictParams { delete_options, ..EvictParams::default() }).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if [404, 409, 429].contains(&status.code) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes the status.
    pub(crate) async fn status(&self, name: &str, status: &JustHungryStatus) -> Result<(), kube::Error> {
        let api: Api<JustHungry> = Api::namespaced(self.client.clone(), &self.namespace);
        let patch = json!({ "status": status });
        match api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Err(error) if is_gone(&error) => Ok(()),
            done => done.map(drop),
        }
    }

    fn api(&self, object: &Value) -> Api<DynamicObject> {
        let text = |key: &str| object[key].as_str().unwrap_or_default();
        let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("kind")));
        Api::namespaced_with(self.client.clone(), &self.namespace, &kind)
    }
}

/// Gone, or another one of that name by now.
fn is_gone(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if [404, 409].contains(&status.code))
}

/// An error in words.
pub(crate) fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
