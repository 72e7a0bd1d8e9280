//! What all pods have in common: no rights beyond their account's, no privileges, nothing to write to but what is named.
use crate::operator::installation::{Component, Installation};
use serde_json::{Value, json};

/// Who runs in the containers: nobody that a node knows.
const USER: i64 = 65_532;

/// A pod's template. `spec` has the container and what is special; the rest is the same for all.
pub(super) fn template(installation: &Installation, component: Component, mut spec: Value) -> Value {
    spec["serviceAccountName"] = installation.name(component).into();
    // Whoever needs a token gets it by a volume that names it.
    spec["automountServiceAccountToken"] = false.into();
    spec["enableServiceLinks"] = false.into();
    spec["terminationGracePeriodSeconds"] = 30.into();
    spec["securityContext"] = json!({
        "runAsNonRoot": true,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": { "type": "RuntimeDefault" },
    });
    spec["containers"][0]["image"] = installation.spec.image.clone().into();
    spec["containers"][0]["imagePullPolicy"] = "IfNotPresent".into();
    spec["containers"][0]["securityContext"] = json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    });
    json!({ "metadata": { "labels": installation.labels(component) }, "spec": spec })
}

/// The pod's own name and namespace, as the programs read them.
pub(super) fn environment() -> Value {
    json!([
        { "name": "POD_NAME", "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.name" } } },
        { "name": "POD_NAMESPACE", "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } } },
    ])
}

/// A token that dies with the pod and names it, at the place where clients look for one.
pub(super) fn token() -> Value {
    json!({
        "name": "token",
        "projected": {
            "defaultMode": 0o440,
            "sources": [
                { "serviceAccountToken": { "path": "token", "expirationSeconds": 3600 } },
                { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
                { "downwardAPI": { "items": [{
                    "path": "namespace",
                    "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" },
                }] } },
            ],
        },
    })
}

/// Where the token is in the container.
pub(super) fn token_mount() -> Value {
    json!({ "name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true })
}

/// A place for temporary files, since the root file system is read-only.
pub(super) fn scratch() -> Value {
    json!({ "name": "tmp", "emptyDir": { "sizeLimit": "64Mi" } })
}

/// Where it is in the container.
pub(super) fn scratch_mount() -> Value {
    json!({ "name": "tmp", "mountPath": "/tmp" })
}

/// Pods of this part keep off each other's nodes where they can: a laptop has only one.
pub(super) fn apart(installation: &Installation, component: Component) -> Value {
    json!({ "podAntiAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [{
        "weight": 100,
        "podAffinityTerm": {
            "labelSelector": { "matchLabels": installation.selector(component) },
            "topologyKey": "kubernetes.io/hostname",
        },
    }] } })
}
