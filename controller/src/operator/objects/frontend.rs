//! The front ends: a Deployment that never has fewer than wished, and the one address of the installation.
use super::access::view;
use super::pod;
use crate::operator::installation::{Component, Installation, with};
use serde_json::{Value, json};

/// Where a front end listens in its pod, and the controllers in theirs.
pub(crate) const HTTP_PORT: i32 = 8080;
pub(crate) const CONTROLLER_PORT: i32 = 7402;
/// Where the controllers are: a headless Service in the operator's namespace.
pub(crate) const CONTROLLERS: &str = "just-hungry-controller.just-hungry.svc";

const COMPONENT: Component = Component::Frontend;

pub(super) fn objects(installation: &Installation) -> Vec<Value> {
    vec![service(installation), budget(installation), deployment(installation)]
}

fn service(installation: &Installation) -> Value {
    let object = installation.object("v1", "Service", &installation.key.name, COMPONENT);
    let spec = json!({
        "type": "ClusterIP",
        "selector": installation.selector(COMPONENT),
        "ports": [{ "name": "http", "port": 80, "targetPort": "http", "protocol": "TCP" }],
    });
    with(object, json!({ "spec": spec }))
}

fn budget(installation: &Installation) -> Value {
    let object = installation.object("policy/v1", "PodDisruptionBudget", &installation.name(COMPONENT), COMPONENT);
    let spec = json!({
        "maxUnavailable": 1,
        "selector": { "matchLabels": installation.selector(COMPONENT) },
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    });
    with(object, json!({ "spec": spec }))
}

fn deployment(installation: &Installation) -> Value {
    let object = installation.object("apps/v1", "Deployment", &installation.name(COMPONENT), COMPONENT);
    let pod = json!({
        "affinity": pod::apart(installation, COMPONENT),
        "containers": [container(installation)],
        "volumes": [pod::token(), pod::scratch()],
    });
    let spec = json!({
        "replicas": installation.spec.frontend.replicas,
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": 120,
        "selector": { "matchLabels": installation.selector(COMPONENT) },
        "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": 0, "maxSurge": 1 } },
        "template": pod::template(installation, COMPONENT, pod),
    });
    with(object, json!({ "spec": spec }))
}

fn container(installation: &Installation) -> Value {
    let key = &installation.key;
    let controllers = format!("http://{CONTROLLERS}:{CONTROLLER_PORT}/installations/{}/{}", key.namespace, key.name);
    json!({
        "name": "frontend",
        "args": [
            "frontend",
            format!("--listen=0.0.0.0:{HTTP_PORT}"),
            format!("--view-configmap={}", view(installation)),
            format!("--replicas-service={}", installation.name(Component::Replica)),
            format!("--postcode=http://{}", installation.name(Component::Postcode)),
            format!("--controllers={controllers}"),
        ],
        "env": pod::environment(),
        "ports": [{ "name": "http", "containerPort": HTTP_PORT, "protocol": "TCP" }],
        "resources": { "requests": { "cpu": "100m", "memory": "64Mi" } },
        "readinessProbe": {
            "httpGet": { "path": "/readyz", "port": "http", "scheme": "HTTP" },
            "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 2, "successThreshold": 1,
        },
        // The Service goes on sending callers until every node has heard that the pod leaves: take them for that long.
        "lifecycle": { "preStop": { "sleep": { "seconds": 3 } } },
        "volumeMounts": [pod::token_mount(), pod::scratch_mount()],
    })
}
