//! In which order a new template reaches the programs: adapters, then front ends, then replicas. Pure.
//!
//! Each new pod takes its share of a machine while it starts. Those of all programs at the same time take more than orders can spare.
use super::installation::{Component, Installation};
use super::observed::{Id, Observed};
use super::plan::id;
use serde_json::Value;

/// The Deployments in their order. The replicas' StatefulSet may be written at any time: its pods go one by one ([`super::rollout`]).
const STAGES: [Component; 2] = [Component::Postcode, Component::Frontend];

/// What may be written now: a Deployment that is there already waits for the one before it.
pub(crate) fn first(apply: Vec<Value>, installation: &Installation, observed: &Observed) -> Vec<Value> {
    let [before, after] = STAGES.map(|stage| deployment(installation, stage));
    let changes = |stage: &Id| observed.live.contains_key(stage) && apply.iter().any(|object| id(object) == *stage);
    // What cannot be written must not keep the rest from being mended.
    let waits = observed.trouble.is_none() && (changes(&before) || is_rolling(observed, &before));
    let is_held = |object: &Value| waits && id(object) == after && changes(&after);
    let held: Vec<bool> = apply.iter().map(is_held).collect();
    apply.into_iter().zip(held).filter_map(|(object, held)| (!held).then_some(object)).collect()
}

/// Whether adapters or front ends are being replaced, or will be by what is written now.
pub(crate) fn are_rolling(apply: &[Value], installation: &Installation, observed: &Observed) -> bool {
    let stages = STAGES.map(|stage| deployment(installation, stage));
    stages.iter().any(|stage| is_rolling(observed, stage) || apply.iter().any(|object| id(object) == *stage))
}

fn deployment(installation: &Installation, stage: Component) -> Id {
    ("Deployment".to_owned(), installation.name(stage))
}

/// Whether its pods are being replaced, as its own controller tells. One that gave up holds nobody up, nor does one whose pods find
/// no node.
fn is_rolling(observed: &Observed, deployment: &Id) -> bool {
    let Some(live) = observed.live.get(deployment) else { return false };
    let number = |pointer: &str| live.pointer(pointer).and_then(Value::as_i64);
    if number("/metadata/generation") != number("/status/observedGeneration") {
        return true;
    }
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
    let Some(progress) = conditions.into_iter().flatten().find(|it| it["type"] == "Progressing") else { return false };
    let is_replaced = number("/status/updatedReplicas").unwrap_or(0) >= number("/spec/replicas").unwrap_or(1);
    progress["status"] == "True" && !(is_replaced && progress["reason"] == "NewReplicaSetAvailable")
}
