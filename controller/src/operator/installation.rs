//! One installation, checked: the names of all its objects, its labels, what its resource wishes. Pure.
use super::resource::{GROUP, JustHungry, JustHungrySpec};
use group::Pod;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt;
use thiserror::Error;

/// The part of an installation that an object belongs to: its `app.kubernetes.io/component`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Component {
    Replica,
    Frontend,
    Postcode,
    View,
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Component::Replica => "replica",
            Component::Frontend => "frontend",
            Component::Postcode => "postcode",
            Component::View => "view",
        })
    }
}

/// Namespace and name of an installation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A resource from which everything can be built.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Installation {
    pub(crate) key: Key,
    pub(crate) uid: String,
    pub(crate) generation: i64,
    pub(crate) spec: JustHungrySpec,
}

/// Why nothing is built from a resource. The API server refuses all of this already, unless its rules are older than the resource.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(crate) enum Invalid {
    #[error("spec.replicas is {0}; it must be 3, 5 or 7")]
    Replicas(i32),
    #[error("spec.minInSync is {is}; it must be between 2 and spec.replicas, {replicas}")]
    MinInSync { is: i32, replicas: i32 },
    #[error("the resource has no name, namespace or uid yet")]
    Unborn,
}

impl Installation {
    /// Checks a resource.
    pub(crate) fn new(resource: &JustHungry) -> Result<Installation, Invalid> {
        let JustHungrySpec { replicas, min_in_sync, .. } = resource.spec;
        if ![3, 5, 7].contains(&replicas) {
            return Err(Invalid::Replicas(replicas));
        }
        if !(2..=replicas).contains(&min_in_sync) {
            return Err(Invalid::MinInSync { is: min_in_sync, replicas });
        }
        let meta = resource.metadata.clone();
        let (Some(namespace), Some(name), Some(uid)) = (meta.namespace, meta.name, meta.uid) else {
            return Err(Invalid::Unborn);
        };
        let key = Key { namespace, name };
        Ok(Installation { key, uid, generation: meta.generation.unwrap_or(0), spec: resource.spec.clone() })
    }

    /// The name of an object of this part.
    pub(crate) fn name(&self, component: Component) -> String {
        format!("{}-{component}", self.key.name)
    }

    /// The pods that shall be members.
    pub(crate) fn members(&self) -> BTreeSet<Pod> {
        (0..self.spec.replicas).map(|ordinal| self.member(ordinal)).collect()
    }

    /// The member of that number.
    pub(crate) fn member(&self, ordinal: i32) -> Pod {
        Pod::new(&format!("{}-{ordinal}", self.name(Component::Replica)))
    }

    /// The number of a member, if the pod is named as one.
    pub(crate) fn ordinal(&self, pod: &Pod) -> Option<i32> {
        pod.as_str().strip_prefix(&self.name(Component::Replica))?.strip_prefix('-')?.parse().ok()
    }

    /// What selects the pods of a part.
    pub(crate) fn selector(&self, component: Component) -> Value {
        json!({
            "app.kubernetes.io/name": NAME,
            "app.kubernetes.io/instance": self.key.name,
            "app.kubernetes.io/component": component.to_string(),
        })
    }

    /// The labels of an object.
    pub(crate) fn labels(&self, component: Component) -> Value {
        let mut labels = self.selector(component);
        labels["app.kubernetes.io/managed-by"] = MANAGER.into();
        labels
    }

    /// The start of every object: what it is, its name, its labels, and that it goes when the resource goes.
    pub(crate) fn object(&self, version: &str, kind: &str, name: &str, component: Component) -> Value {
        json!({
            "apiVersion": version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": self.key.namespace,
                "labels": self.labels(component),
                "ownerReferences": [self.owner()],
            },
        })
    }

    /// That the resource is an object's owner.
    pub(crate) fn owner(&self) -> Value {
        json!({
            "apiVersion": format!("{GROUP}/v1alpha1"),
            "kind": "JustHungry",
            "name": self.key.name,
            "uid": self.uid,
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }
}

/// `app.kubernetes.io/name` of everything.
pub(crate) const NAME: &str = "just-hungry";
/// Who manages it, and the name under which fields are applied.
pub(crate) const MANAGER: &str = "just-hungry-controller";

/// An object with more fields at its top.
pub(crate) fn with(mut object: Value, fields: Value) -> Value {
    let (Value::Object(into), Value::Object(fields)) = (&mut object, fields) else { return object };
    into.extend(fields.into_iter().collect::<Map<_, _>>());
    object
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use kube::api::ObjectMeta;

    pub(crate) fn sample() -> JustHungry {
        let mut resource: JustHungry = serde_json::from_value(json!({
            "apiVersion": "justhungry.dev/v1alpha1", "kind": "JustHungry", "metadata": {}, "spec": {"sampleData": true},
        }))
        .unwrap();
        resource.metadata = ObjectMeta {
            name: Some("x".into()),
            namespace: Some("ns".into()),
            uid: Some("0b7f".into()),
            generation: Some(4),
            ..ObjectMeta::default()
        };
        resource
    }

    #[test]
    fn a_resource_that_breaks_the_rules_builds_nothing() {
        let mut resource = sample();
        assert!(Installation::new(&resource).is_ok());
        resource.spec.min_in_sync = 4;
        assert_eq!(Installation::new(&resource), Err(Invalid::MinInSync { is: 4, replicas: 3 }));
        resource.spec.replicas = 2;
        assert_eq!(Installation::new(&resource), Err(Invalid::Replicas(2)));
    }

    #[test]
    fn members_are_named_by_their_number() {
        let installation = Installation::new(&sample()).unwrap();
        assert_eq!(installation.member(2).as_str(), "x-replica-2");
        assert_eq!(installation.ordinal(&"x-replica-12".into()), Some(12));
        assert_eq!(installation.ordinal(&"xx-replica-1".into()), None);
    }
}
