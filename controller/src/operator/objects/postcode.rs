//! The adapters to postcode services. They speak to the outside, so they get no token and know nobody inside.
use super::pod;
use crate::operator::installation::{Component, Installation, with};
use crate::operator::resource::Postcode;
use serde_json::{Value, json};

pub(crate) const POSTCODE_PORT: i32 = 8081;

const COMPONENT: Component = Component::Postcode;
/// Where the Secret with the file of services is seen. The directory is mounted whole: only so do changes arrive.
const SERVICES_DIR: &str = "/etc/just-hungry/services";
/// Where answers are kept for the next container of the pod. The next pod learns from its neighbours.
const ANSWERS_DIR: &str = "/answers";

pub(super) fn objects(installation: &Installation) -> Vec<Value> {
    vec![service(installation), deployment(installation)]
}

fn service(installation: &Installation) -> Value {
    let object = installation.object("v1", "Service", &installation.name(COMPONENT), COMPONENT);
    let spec = json!({
        "type": "ClusterIP",
        "selector": installation.selector(COMPONENT),
        "ports": [{ "name": "http", "port": 80, "targetPort": "http", "protocol": "TCP" }],
    });
    with(object, json!({ "spec": spec }))
}

fn deployment(installation: &Installation) -> Value {
    let object = installation.object("apps/v1", "Deployment", &installation.name(COMPONENT), COMPONENT);
    let wish = &installation.spec.postcode;
    let mut volumes = vec![pod::scratch()];
    if outside(wish).is_some() {
        volumes.push(json!({ "name": "answers", "emptyDir": { "sizeLimit": "512Mi" } }));
    }
    if let Some(name) = &wish.services_secret {
        volumes.push(json!({ "name": "services", "secret": { "secretName": name, "defaultMode": 0o440 } }));
    }
    let pod = json!({
        "affinity": pod::apart(installation, COMPONENT),
        "containers": [container(installation)],
        "volumes": volumes,
    });
    let spec = json!({
        "replicas": installation.spec.postcode.replicas,
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": 120,
        "selector": { "matchLabels": installation.selector(COMPONENT) },
        "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": 0, "maxSurge": 1 } },
        "template": pod::template(installation, COMPONENT, pod),
    });
    with(object, json!({ "spec": spec }))
}

fn container(installation: &Installation) -> Value {
    let mut args = vec!["postcode".to_owned(), format!("--listen=0.0.0.0:{POSTCODE_PORT}")];
    let mut mounts = vec![pod::scratch_mount()];
    let wish = &installation.spec.postcode;
    if let Some(outside) = outside(wish) {
        args.extend([
            format!("--outside={outside}"),
            format!("--adapters={}", wish.replicas),
            format!("--cache={ANSWERS_DIR}/kept.redb"),
            format!("--warm-from=http://{}", installation.name(COMPONENT)),
        ]);
        mounts.push(json!({ "name": "answers", "mountPath": ANSWERS_DIR }));
    }
    if wish.services_secret.is_some() {
        mounts.push(json!({ "name": "services", "mountPath": SERVICES_DIR, "readOnly": true }));
    }
    json!({
        "name": "postcode",
        "args": args,
        "ports": [{ "name": "http", "containerPort": POSTCODE_PORT, "protocol": "TCP" }],
        "resources": { "requests": { "cpu": "50m", "memory": "64Mi" } },
        "readinessProbe": {
            "httpGet": { "path": "/readyz", "port": "http", "scheme": "HTTP" },
            "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 2, "successThreshold": 1,
        },
        "lifecycle": { "preStop": { "sleep": { "seconds": 3 } } },
        "volumeMounts": mounts,
    })
}

/// Whom the adapters ask; nobody if none is wished.
pub(super) fn outside(wish: &Postcode) -> Option<String> {
    let named: Vec<_> = wish.providers.iter().map(|provider| provider.name()).collect();
    let file = wish.services_secret.as_ref().map(|_| format!("{SERVICES_DIR}/services.json"));
    file.or_else(|| (!named.is_empty()).then(|| named.join(",")))
}
