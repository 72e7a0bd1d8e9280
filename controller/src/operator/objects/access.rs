//! Who may do what: one service account for each program, and the least that it needs. The adapter needs nothing.
use crate::operator::installation::{Component, Installation, with};
use serde_json::{Value, json};

/// The name of the ConfigMap that holds the view.
pub(super) fn view(installation: &Installation) -> String {
    installation.name(Component::View)
}

pub(super) fn objects(installation: &Installation) -> Vec<Value> {
    let mut objects: Vec<_> = [Component::Replica, Component::Frontend, Component::Postcode]
        .map(|component| account(installation, component))
        .into();
    // A watch of one object is a list of one: the API server grants both by the object's name.
    for (component, verbs) in [
        (Component::Replica, json!(["get", "list", "watch", "update"])),
        (Component::Frontend, json!(["get", "list", "watch"])),
    ] {
        objects.push(role(installation, component, verbs));
        objects.push(binding(installation, component));
    }
    objects
}

fn account(installation: &Installation, component: Component) -> Value {
    let object = installation.object("v1", "ServiceAccount", &installation.name(component), component);
    with(object, json!({ "automountServiceAccountToken": false }))
}

fn role(installation: &Installation, component: Component, verbs: Value) -> Value {
    let object = installation.object("rbac.authorization.k8s.io/v1", "Role", &installation.name(component), component);
    let rules = json!([
        { "apiGroups": [""], "resources": ["configmaps"], "resourceNames": [view(installation)], "verbs": verbs },
        // Slices have generated names, so they cannot be granted one by one. They hold addresses, which DNS tells too.
        { "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"] },
    ]);
    with(object, json!({ "rules": rules }))
}

fn binding(installation: &Installation, component: Component) -> Value {
    let name = installation.name(component);
    let object = installation.object("rbac.authorization.k8s.io/v1", "RoleBinding", &name, component);
    with(
        object,
        json!({
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
            "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": installation.key.namespace }],
        }),
    )
}
