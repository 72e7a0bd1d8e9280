//! Who may talk to whom. Of most parts only what comes in is ruled: where the API server is differs from cluster to
//! cluster. The adapters alone speak to the outside; where they may go is ruled too.
use super::frontend::HTTP_PORT;
use super::postcode::{self, POSTCODE_PORT};
use super::replicas::{ADMIN_PORT, MEMBER_PORT};
use crate::operator::installation::{Component, Installation, MANAGER, NAME, with};
use serde_json::{Value, json};

const DNS_PORT: i32 = 53;

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
        adapters(installation, &part(Component::Frontend), &part(Component::Postcode)),
    ]
}

/// New adapters learn from old ones. With the pack alone there is nobody outside to go to.
fn adapters(installation: &Installation, frontends: &Value, adapters: &Value) -> Value {
    let ingress = json!([{ "from": [frontends, adapters], "ports": [port(POSTCODE_PORT)] }]);
    let mut object = policy(installation, Component::Postcode, ingress);
    let mut egress = vec![
        json!({ "ports": [{ "protocol": "UDP", "port": DNS_PORT }, port(DNS_PORT)] }),
        json!({ "to": [adapters], "ports": [port(POSTCODE_PORT)] }),
    ];
    let everywhere = json!([{ "ipBlock": { "cidr": "0.0.0.0/0" } }, { "ipBlock": { "cidr": "::/0" } }]);
    let wish = &installation.spec.postcode;
    match postcode::outside(wish) {
        // A file of services may name any port.
        Some(_) if wish.services_secret.is_some() => egress.push(json!({ "to": everywhere })),
        Some(_) => egress.push(json!({ "to": everywhere, "ports": [port(80), port(443)] })),
        None => {}
    }
    object["spec"]["policyTypes"] = json!(["Ingress", "Egress"]);
    object["spec"]["egress"] = egress.into();
    object
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
