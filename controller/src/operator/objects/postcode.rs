//! The adapters to postcode services. They speak to the outside, so they get no token and know nobody inside.
use super::pod;
use crate::operator::installation::{Component, Installation, with};
use crate::operator::resource::Provider;
use serde_json::{Value, json};

pub(crate) const POSTCODE_PORT: i32 = 8081;

const COMPONENT: Component = Component::Postcode;

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
    let pod = json!({
        "affinity": pod::apart(installation, COMPONENT),
        "containers": [container(installation)],
        "volumes": [pod::scratch()],
    });
    let spec = json!({
        "replicas": installation.spec.postcode.replicas,
        "revisionHistoryLimit": 3,
        "selector": { "matchLabels": installation.selector(COMPONENT) },
        "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": 0, "maxSurge": 1 } },
        "template": pod::template(installation, COMPONENT, pod),
    });
    with(object, json!({ "spec": spec }))
}

fn container(installation: &Installation) -> Value {
    let mut args = vec!["postcode".to_owned(), format!("--listen=0.0.0.0:{POSTCODE_PORT}")];
    let providers = installation.spec.postcode.providers.iter().map(|provider| match provider {
        Provider::PostcodesIo => "postcodes.io",
        Provider::OpenPostcodeGeo => "open-postcode-geo",
    });
    let providers: Vec<_> = providers.collect();
    if !providers.is_empty() {
        args.push(format!("--outside={}", providers.join(",")));
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
        "volumeMounts": [pod::scratch_mount()],
    })
}
