//! Who may talk to whom. Only what comes in is ruled: where the API server and DNS are differs from cluster to cluster.
use super::frontend::HTTP_PORT;
use super::postcode::POSTCODE_PORT;
use super::replicas::{ADMIN_PORT, MEMBER_PORT};
use crate::operator::installation::{Component, Installation, MANAGER, NAME, with};
use serde_json::{Value, json};

pub(super) fn objects(installation: &Installation) -> Vec<Value> {
    let part = |component| json!({ "podSelector": { "matchLabels": installation.selector(component) } });
    let controllers = json!({
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": NAME } },
        "podSelector": { "matchLabels": { "app.kubernetes.io/name": MANAGER } },
    });
    let (replicas, frontends) = (part(Component::Replica), part(Component::Frontend));
    let anyone = json!({ "namespaceSelector": {} });
    vec![
        policy(
            installation,
            Component::Replica,
            json!([
                { "from": [replicas, frontends, controllers], "ports": [port(MEMBER_PORT)] },
                // Figures, for whoever collects them.
                { "from": [anyone], "ports": [port(ADMIN_PORT)] },
            ]),
        ),
        // Callers come from anywhere.
        policy(installation, Component::Frontend, json!([{ "ports": [port(HTTP_PORT)] }])),
        policy(
            installation,
            Component::Postcode,
            json!([{ "from": [part(Component::Frontend)], "ports": [port(POSTCODE_PORT)] }]),
        ),
    ]
}

fn port(number: i32) -> Value {
    json!({ "protocol": "TCP", "port": number })
}

fn policy(installation: &Installation, component: Component, ingress: Value) -> Value {
    let name = installation.name(component);
    let object = installation.object("networking.k8s.io/v1", "NetworkPolicy", &name, component);
    let spec = json!({
        "podSelector": { "matchLabels": installation.selector(component) },
        "policyTypes": ["Ingress"],
        "ingress": ingress,
    });
    with(object, json!({ "spec": spec }))
}
