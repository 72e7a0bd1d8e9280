//! From the resource and what exists to everything that is to be done and said. Pure: no choice is left to whoever carries it out.
use super::compare::{covers, is_ours, stamped};
use super::events::{Event, events};
use super::installation::{Component, Installation};
use super::objects::{Existing, objects};
use super::observed::{Id, Observed, Set};
use super::quantity::bytes;
use super::resource::JustHungryStatus;
use super::rollout::{self, Move};
use super::stages;
use super::status::{Blocked, status};
use group::Pod;
use serde_json::Value;

/// Everything to do.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Plan {
    /// Objects that are not as they are to be, in order.
    pub(crate) apply: Vec<Value>,
    /// Pods whose label or gate is not what the view says.
    pub(crate) marks: Vec<Mark>,
    /// Volume claims that are to grow, and to what.
    pub(crate) grow: Vec<(String, String)>,
    /// The one pod to touch.
    pub(crate) step: Move,
    /// What the status is to say.
    pub(crate) status: JustHungryStatus,
    /// What is to be told.
    pub(crate) events: Vec<Event>,
}

/// What a pod's label and gate are to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mark {
    pub(crate) pod: Pod,
    pub(crate) uid: String,
    /// `None`: the label is right.
    pub(crate) role: Option<&'static str>,
    /// `None`: the gate is right.
    pub(crate) in_sync: Option<bool>,
}

/// Plans.
pub(crate) fn plan(installation: &Installation, observed: &Observed, before: &JustHungryStatus) -> Plan {
    let name = installation.name(Component::Replica);
    let live = observed.live.get(&("StatefulSet".to_owned(), name)).filter(|live| is_ours(live, installation));
    let set = Set(live);
    let existing = Existing { replicas: rollout::replicas(installation, observed, &set), claim: set.claim() };
    let planned = objects(installation, &existing);
    let foreign = foreign(installation, observed, &planned);
    let apply = planned.into_iter().filter(|object| !foreign.contains(&id(object))).map(stamped);
    let apply = apply.filter(|object| observed.live.get(&id(object)).is_none_or(|live| !covers(live, object)));
    let apply = stages::first(apply.collect(), installation, observed);
    let others_roll = stages::are_rolling(&apply, installation, observed);
    let progress = rollout::progress(installation, observed, &set);
    let blocked = blocked(&foreign, observed);
    let status = status(installation, observed, &progress, blocked.as_ref(), before);
    Plan {
        apply,
        marks: marks(observed),
        grow: grow(installation, observed),
        step: rollout::next(installation, observed, &set, others_roll),
        events: events(before, &status, &observed.picture, &installation.spec.objectives),
        status,
    }
}

/// Kind and name of an object.
pub(crate) fn id(object: &Value) -> Id {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("/kind"), text("/metadata/name"))
}

/// Objects and pods that have our names and are somebody else's.
fn foreign(installation: &Installation, observed: &Observed, planned: &[Value]) -> Vec<Id> {
    let names = planned.iter().map(id).chain([("ConfigMap".to_owned(), installation.name(Component::View))]);
    let objects = names.filter(|id| observed.live.get(id).is_some_and(|live| !is_ours(live, installation)));
    let strange = observed.pods.iter().filter(|(_, replica)| replica.foreign);
    objects.chain(strange.map(|(pod, _)| ("Pod".to_owned(), pod.to_string()))).collect()
}

fn blocked(foreign: &[Id], observed: &Observed) -> Option<Blocked> {
    if !foreign.is_empty() {
        let names: Vec<_> = foreign.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
        let message =
            format!("not ours and therefore left alone: {}; remove or rename what is in the way", names.join(", "));
        return Some(Blocked { reason: "ForeignObject", message });
    }
    let message = observed.trouble.clone()?;
    Some(Blocked { reason: "ApplyFailed", message })
}

/// Label and gate as the view has them. While the view is lost both stay as they are.
fn marks(observed: &Observed) -> Vec<Mark> {
    let picture = &observed.picture;
    let Some(view) = picture.trusted() else { return Vec::new() };
    let mark = |(pod, replica): (&Pod, &super::observed::Replica)| {
        let in_sync = picture.in_sync(pod);
        let role = match in_sync {
            true if view.primary == *pod => "primary",
            true => "backup",
            false => "learner",
        };
        let mark = Mark {
            pod: pod.clone(),
            uid: replica.uid.clone(),
            role: (replica.role.as_deref() != Some(role)).then_some(role),
            in_sync: (replica.gate != Some(in_sync)).then_some(in_sync),
        };
        (mark.role.is_some() || mark.in_sync.is_some()).then_some(mark)
    };
    observed.pods.iter().filter(|(_, replica)| !replica.foreign).filter_map(mark).collect()
}

/// Claims that ask for less than the resource says.
fn grow(installation: &Installation, observed: &Observed) -> Vec<(String, String)> {
    let wished = &installation.spec.storage.size;
    let is_less = |size: &String| bytes(size).zip(bytes(wished)).is_some_and(|(is, wished)| is < wished);
    let claims = observed.claims.iter().filter(|(_, size)| is_less(size));
    claims.map(|(name, _)| (name.clone(), wished.clone())).collect()
}
