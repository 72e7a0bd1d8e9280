//! The replicas: a StatefulSet whose pods are replaced by the controller alone, their Service, and what protects them from drains.
use super::access::view;
use super::{Existing, pod};
use crate::operator::installation::{Component, Installation, with};
use crate::operator::resource::Storage;
use serde_json::{Value, json};

/// Where members talk to each other, and where people look at one.
pub(crate) const MEMBER_PORT: i32 = 7400;
pub(crate) const ADMIN_PORT: i32 = 7401;
/// The condition that says whether the pod's disk is in the in-sync set.
pub(crate) const IN_SYNC_GATE: &str = "justhungry.dev/in-sync";

const COMPONENT: Component = Component::Replica;

pub(super) fn objects(installation: &Installation, existing: &Existing) -> Vec<Value> {
    vec![service(installation), budget(installation), stateful_set(installation, existing)]
}

fn service(installation: &Installation) -> Value {
    let object = installation.object("v1", "Service", &installation.name(COMPONENT), COMPONENT);
    let spec = json!({
        "clusterIP": "None",
        // A member must be found before it is ready: it becomes ready by being found.
        "publishNotReadyAddresses": true,
        "selector": installation.selector(COMPONENT),
        "ports": [
            { "name": "member", "port": MEMBER_PORT, "targetPort": "member", "protocol": "TCP" },
            { "name": "admin", "port": ADMIN_PORT, "targetPort": "admin", "protocol": "TCP" },
        ],
    });
    with(object, json!({ "spec": spec }))
}

fn budget(installation: &Installation) -> Value {
    let object = installation.object("policy/v1", "PodDisruptionBudget", &installation.name(COMPONENT), COMPONENT);
    let spec = json!({
        "maxUnavailable": 1,
        "selector": { "matchLabels": installation.selector(COMPONENT) },
        // A replica that cannot become ready protects nothing: a drain may take it, and a rollout may replace it.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    });
    with(object, json!({ "spec": spec }))
}

fn stateful_set(installation: &Installation, existing: &Existing) -> Value {
    let object = installation.object("apps/v1", "StatefulSet", &installation.name(COMPONENT), COMPONENT);
    let claim = existing.claim.clone().unwrap_or_else(|| claim(&installation.spec.storage));
    let spec = json!({
        "replicas": existing.replicas,
        "serviceName": installation.name(COMPONENT),
        // All at once: waiting for pod 0 would let it alone decide what the group remembers.
        "podManagementPolicy": "Parallel",
        "updateStrategy": { "type": "OnDelete" },
        // Orders outlive pods, and the resource too.
        "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Retain", "whenScaled": "Retain" },
        "revisionHistoryLimit": 3,
        "selector": { "matchLabels": installation.selector(COMPONENT) },
        "template": template(installation),
        "volumeClaimTemplates": [{
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": { "name": "data", "labels": installation.selector(COMPONENT) },
            "spec": claim,
        }],
    });
    with(object, json!({ "spec": spec }))
}

fn claim(storage: &Storage) -> Value {
    let mut claim = json!({
        "accessModes": ["ReadWriteOnce"],
        "volumeMode": "Filesystem",
        "resources": { "requests": { "storage": storage.size } },
    });
    if let Some(class) = &storage.class {
        claim["storageClassName"] = class.as_str().into();
    }
    claim
}

fn template(installation: &Installation) -> Value {
    let spec = json!({
        "affinity": pod::apart(installation, COMPONENT),
        "readinessGates": [{ "conditionType": IN_SYNC_GATE }],
        "containers": [container(installation)],
        "volumes": [pod::token(), pod::scratch()],
    });
    pod::template(installation, COMPONENT, spec)
}

fn container(installation: &Installation) -> Value {
    let service = installation.name(COMPONENT);
    let mut args = vec![
        "replica".to_owned(),
        "--supervise".into(),
        "--name=$(POD_NAME)".into(),
        "--dir=/data/disk".into(),
        format!("--listen=0.0.0.0:{MEMBER_PORT}"),
        format!("--admin=0.0.0.0:{ADMIN_PORT}"),
        format!("--view-configmap={}", view(installation)),
        format!("--peers-service={service}"),
    ];
    if installation.spec.sample_data {
        args.push("--sample-data".into());
    }
    let resources = &installation.spec.resources;
    json!({
        "name": "replica",
        "args": args,
        "env": pod::environment(),
        "ports": [
            { "name": "member", "containerPort": MEMBER_PORT, "protocol": "TCP" },
            { "name": "admin", "containerPort": ADMIN_PORT, "protocol": "TCP" },
        ],
        // No limit of processor time: throttling looks like death. No liveness probe: the supervisor restarts what ends,
        // and what hangs is found by its peers within a second, which no probe would.
        "resources": { "requests": { "cpu": resources.cpu, "memory": resources.memory } },
        "readinessProbe": {
            "httpGet": { "path": "/readyz", "port": "admin", "scheme": "HTTP" },
            "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 3, "successThreshold": 1,
        },
        "volumeMounts": [
            { "name": "data", "mountPath": "/data" }, pod::token_mount(), pod::scratch_mount(),
        ],
    })
}
