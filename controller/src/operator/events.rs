//! What is told as Events: every phase of a failover with its cause, and every condition that turns. Pure, from one status to the next.
use super::resource::{JustHungryStatus, Objectives};
use super::status::cause;
use crate::picture::Picture;
use group::{Cause, Pod, View};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// One thing to tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) warns: bool,
    pub(crate) reason: &'static str,
    pub(crate) note: String,
}

/// What is new in `after`.
pub(crate) fn events(
    before: &JustHungryStatus,
    after: &JustHungryStatus,
    picture: &Picture,
    objectives: &Objectives,
) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(view) =
        picture.view.as_ref().filter(|_| (before.loss_epoch, before.epoch) != (after.loss_epoch, after.epoch))
    {
        events.extend(change(before, view));
    }
    events.extend(missed(before, after, objectives));
    for condition in &after.conditions {
        let was = before.conditions.iter().find(|it| it.type_ == condition.type_);
        events.extend(turn(was, condition));
    }
    events
}

/// A failover took longer than it should.
fn missed(before: &JustHungryStatus, after: &JustHungryStatus, objectives: &Objectives) -> Option<Event> {
    let told = (before.epoch, before.last_failover_ms) == (after.epoch, after.last_failover_ms);
    let ms = after.last_failover_ms.filter(|ms| !told && *ms > objectives.gap_ms)?;
    let note = format!("the failover took {ms} ms from the first sign, {} are the objective", objectives.gap_ms);
    Some(Event { warns: true, reason: "ObjectiveMissed", note })
}

/// Who leads has changed: suspected, promoted.
fn change(before: &JustHungryStatus, view: &View) -> Vec<Event> {
    let (to, epoch, change) = (&view.primary, view.epoch, view.change);
    let from = before.primary.as_deref().unwrap_or("nobody");
    let in_sync = view.in_sync.keys().map(Pod::as_str).collect::<Vec<_>>().join(", ");
    let why = match change.cause {
        Cause::Birth => {
            let note = format!("the group is born: {to} leads epoch {epoch}; in sync: {in_sync}");
            return vec![Event { warns: false, reason: "GroupBorn", note }];
        }
        Cause::Leaving | Cause::Asked => {
            let why = if change.cause == Cause::Asked { "it was asked to" } else { "it leaves by plan" };
            let note = format!("{from} has handed over to {to}, epoch {epoch}: {why}; in sync: {in_sync}");
            return vec![Event { warns: false, reason: "HandedOver", note }];
        }
        Cause::Died => "its process is dead",
        Cause::Silent => "nothing was heard from it, and a second witness agrees",
        Cause::Stalled => "it answers and commits nothing",
        Cause::Restarted => "all replicas have restarted",
        Cause::Rebuilt => "an operator rebuilt the view",
    };
    let ms = change.decided_at.saturating_sub(change.suspected_at);
    let promoted =
        format!("{to} leads epoch {epoch}, {ms} ms after the first sign ({}); in sync: {in_sync}", cause(change.cause));
    vec![
        Event { warns: true, reason: "PrimarySuspected", note: format!("{from}: {why}") },
        Event { warns: false, reason: "PrimaryPromoted", note: promoted },
    ]
}

/// A condition has turned.
fn turn(was: Option<&Condition>, is: &Condition) -> Option<Event> {
    let turned = was.is_none_or(|was| was.status != is.status);
    let anew = was.is_none_or(|was| was.message != is.message);
    let event = |warns, reason| Some(Event { warns, reason, note: is.message.clone() });
    match (is.type_.as_str(), is.status.as_str()) {
        ("Available", "True") if turned || (anew && is.reason == "PrimaryServes") => event(false, "PrimaryServes"),
        ("Available", "False") if turned && was.is_some() => event(true, "Unavailable"),
        ("FailoverInProgress", "True") if turned => event(true, "FailoverInProgress"),
        ("QuorumLost", "True") if turned => event(true, "QuorumLost"),
        ("QuorumLost", "False") if turned && was.is_some_and(|was| was.status == "True") => {
            event(false, "QuorumRegained")
        }
        ("ViewLost", "True") if turned => event(true, "ViewLost"),
        ("ViewLost", "False") if turned && was.is_some_and(|was| was.status == "True") => event(false, "ViewRebuilt"),
        ("FullyReplicated", "True") if turned => event(false, "FullyReplicated"),
        ("FullyReplicated", "False") if turned && was.is_some() => event(true, "NotInSync"),
        ("Degraded", "True") if turned || was.is_some_and(|was| was.reason != is.reason) => event(true, "Degraded"),
        _ => None,
    }
}
