//! Resources that make no sense are refused with a word that helps; what somebody takes away comes back.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::none_of;
use crate::harness::{Ground, NAME, NAMESPACE};
use crate::sh::until;

/// What is wrong with a resource, and a word of the answer.
const BAD: &[(&str, &str)] = &[
    (r#"{"replicas": 2}"#, "3, 5 or 7"),
    (r#"{"replicas": 4}"#, "3, 5 or 7"),
    (r#"{"replicas": "three"}"#, "replicas"),
    (r#"{"minInSync": 4}"#, "minInSync"),
    (r#"{"minInSync": 1}"#, "at least 2"),
    (r#"{"image": ""}"#, "image"),
    (r#"{"storage": {"size": "512Mi"}}"#, "shrink"),
    (r#"{"storage": {"size": "large"}}"#, "quantity"),
    (r#"{"postcode": {"providers": ["carrier-pigeon"]}}"#, "carrier-pigeon"),
    (r#"{"frontend": {"replicas": 0}}"#, "frontend.replicas"),
];
const REPAIRED_WITHIN: Duration = Duration::from_secs(30);

pub(super) fn check(ground: &Ground) -> Result<()> {
    let mut wrong = Vec::new();
    let resource = format!("justhungry/{NAME}");
    for (spec, word) in BAD {
        let patch = json!({"spec": serde_json::from_str::<Value>(spec)?}).to_string();
        let patch = ["-n", NAMESPACE, "patch", &resource, "--type=merge", "--dry-run=server", "-p", &patch];
        match ground.kubectl(patch).run() {
            Ok(()) => wrong.push(format!("{spec}: is let through")),
            Err(error) if error.to_string().contains(word) => {}
            Err(error) => wrong.push(format!("{spec}: refused without the word {word:?}: {error}")),
        }
    }
    for kind in ["statefulset", "service", "poddisruptionbudget"] {
        if let Err(error) = comes_back(ground, kind, &format!("{NAME}-replica")) {
            wrong.push(format!("{error:#}"));
        }
    }
    if let Err(error) = foreign(ground) {
        wrong.push(format!("{error:#}"));
    }
    none_of(wrong)
}

/// A Service under a name of ours that belongs to nobody we know is left as it is and told; when it is gone, ours comes back.
fn foreign(ground: &Ground) -> Result<()> {
    let (name, resource) = (format!("{NAME}-postcode"), format!("justhungry/{NAME}"));
    let read = |object: &str, path: &str| ground.field(object, path).unwrap_or_default();
    let service = format!("service/{name}");
    let theirs = json!({"metadata": {"ownerReferences": null}, "spec": {"sessionAffinity": "ClientIP"}}).to_string();
    ground.kubectl(["-n", NAMESPACE, "patch", &service, "--type=merge", "-p", &theirs]).run()?;
    let reason = || read(&resource, r#"{.status.conditions[?(@.type=="Degraded")].reason}"#);
    until("the condition Degraded, ForeignObject", REPAIRED_WITHIN, || reason() == "ForeignObject")?;
    let left = read(&service, "{.spec.sessionAffinity}{.metadata.ownerReferences}");
    anyhow::ensure!(left == "ClientIP", "a Service that is not ours was changed: {left}");
    delete(ground, &service, "background")?;
    let is_ours = || read(&service, "{.metadata.ownerReferences[0].name}") == NAME;
    until("the Service as ours again", REPAIRED_WITHIN, || is_ours() && reason() != "ForeignObject")
}

/// Deletes an object of ours, but not what depends on it, and waits for its successor.
fn comes_back(ground: &Ground, kind: &str, name: &str) -> Result<()> {
    let identity = || ground.field(&format!("{kind}/{name}"), "{.metadata.uid}");
    let before = identity()?;
    delete(ground, &format!("{kind}/{name}"), "orphan")?;
    until(&format!("another {kind} {name}"), REPAIRED_WITHIN, || identity().is_ok_and(|now| now != before))
}

/// Deletes without waiting until it is gone: kubectl waits by name, and where a successor came at once it has been seen to wait for ever.
fn delete(ground: &Ground, object: &str, cascade: &str) -> Result<()> {
    let cascade = format!("--cascade={cascade}");
    ground.kubectl(["-n", NAMESPACE, "delete", object, &cascade, "--wait=false"]).run()
}
