//! What the resource's status says: phase, columns, conditions. Pure.
use super::installation::{Installation, Invalid};
use super::observed::Observed;
use super::resource::JustHungryStatus;
use super::rollout::Progress;
use crate::conditions::{self, Kind};
use crate::picture::Picture;
use group::{Cause, View};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

/// What stands in the way of building, beside what the group says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Blocked {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// The status of an installation.
pub(crate) fn status(
    installation: &Installation,
    observed: &Observed,
    progress: &Progress,
    blocked: Option<&Blocked>,
    before: &JustHungryStatus,
) -> JustHungryStatus {
    let picture = &observed.picture;
    // A view that cannot be read now leaves what was known of it.
    let known = |view: &View| {
        let in_sync = installation.members().iter().filter(|pod| picture.in_sync(pod)).count();
        JustHungryStatus {
            primary: Some(view.primary.to_string()),
            epoch: i64::try_from(view.epoch.number).ok(),
            loss_epoch: i64::try_from(view.epoch.loss).ok(),
            synced: Some(format!("{in_sync}/{}", installation.spec.replicas)),
            last_failover_ms: took(picture, view, before),
            ..last_failover(view, before)
        }
    };
    let mut status = picture.view.as_ref().map_or_else(|| before.clone(), known);
    let found = found(picture, progress, blocked);
    status.phase = Some(phase(picture, progress, blocked).to_owned());
    status.observed_generation = Some(installation.generation);
    status.conditions = dated(found, before, installation.generation, &observed.now);
    status
}

/// The status of a resource from which nothing can be built.
pub(crate) fn invalid(why: &Invalid, generation: i64, now: &Time, before: &JustHungryStatus) -> JustHungryStatus {
    let blocked = Blocked { reason: "InvalidSpec", message: format!("nothing is changed until this is right: {why}") };
    let conditions = vec![degraded(None, Some(&blocked))];
    let mut status = before.clone();
    status.phase = Some("Invalid".into());
    status.observed_generation = Some(generation);
    let kept = before.conditions.iter().filter(|it| it.type_ != "Degraded").cloned();
    status.conditions = kept.chain(dated(conditions, before, generation, now)).collect();
    status
}

/// How long the last failover took, if it is of this very reign.
fn took(picture: &Picture, view: &View, before: &JustHungryStatus) -> Option<i64> {
    let seen = picture.took.filter(|(epoch, _)| *epoch == view.epoch).and_then(|(_, ms)| i64::try_from(ms).ok());
    let is_same = before.epoch == i64::try_from(view.epoch.number).ok();
    seen.or(before.last_failover_ms.filter(|_| is_same))
}

fn last_failover(view: &View, before: &JustHungryStatus) -> JustHungryStatus {
    if view.change.cause == Cause::Birth {
        return JustHungryStatus::default();
    }
    let at = i64::try_from(view.change.decided_at).ok().and_then(|ms| Timestamp::from_second(ms / 1000).ok());
    JustHungryStatus {
        last_failover: at.map(Time).or_else(|| before.last_failover.clone()),
        last_failover_cause: Some(cause(view.change.cause).into()),
        ..JustHungryStatus::default()
    }
}

/// A cause in one word.
pub(crate) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Birth => "Birth",
        Cause::Died => "Died",
        Cause::Silent => "Silent",
        Cause::Stalled => "Stalled",
        Cause::Asked => "Asked",
        Cause::Leaving => "Leaving",
        Cause::Restarted => "Restarted",
        Cause::Rebuilt => "Rebuilt",
    }
}

fn phase(picture: &Picture, progress: &Progress, blocked: Option<&Blocked>) -> &'static str {
    let holds = |kind| picture.holds(kind);
    if holds(Kind::ViewLost) {
        return "ViewLost";
    }
    if picture.view.is_none() {
        return if blocked.is_some() { "Blocked" } else { "Creating" };
    }
    if holds(Kind::QuorumLost) {
        return "QuorumLost";
    }
    if holds(Kind::FailoverInProgress) {
        return "FailingOver";
    }
    if !holds(Kind::Available) {
        return "Unavailable";
    }
    match (blocked, progress) {
        (Some(_), _) => "Blocked",
        (None, Progress::Scaling(_)) => "Scaling",
        (None, Progress::Rolling(_)) => "Updating",
        (None, Progress::Settled) if !holds(Kind::FullyReplicated) => "Recovering",
        (None, Progress::Settled) => "Ready",
    }
}

/// A condition without its date.
type Found = (String, Option<bool>, &'static str, String);

fn found(picture: &Picture, progress: &Progress, blocked: Option<&Blocked>) -> Vec<Found> {
    let told = picture.conditions.iter().filter(|it| it.kind != Kind::Degraded);
    let mut all: Vec<Found> = told.map(|it| (it.kind.to_string(), it.holds, it.reason, it.message.clone())).collect();
    all.push(degraded(picture.conditions.iter().find(|it| it.kind == Kind::Degraded), blocked));
    let kind = "Progressing".to_owned();
    all.push(match progress {
        Progress::Settled => (kind, Some(false), "Settled", "every replica is as the resource wishes".into()),
        Progress::Rolling(how) => (kind, Some(true), "RollingOut", how.clone()),
        Progress::Scaling(how) => (kind, Some(true), "Scaling", how.clone()),
    });
    all
}

fn degraded(told: Option<&conditions::Condition>, blocked: Option<&Blocked>) -> Found {
    let kind = Kind::Degraded.to_string();
    match (told, blocked) {
        (_, Some(Blocked { reason, message })) => (kind, Some(true), reason, message.clone()),
        (Some(told), None) => (kind, told.holds, told.reason, told.message.clone()),
        (None, None) => (kind, None, "Unknown", "nothing was seen yet".into()),
    }
}

/// The conditions with the moment since when each is as it is.
fn dated(found: Vec<Found>, before: &JustHungryStatus, generation: i64, now: &Time) -> Vec<Condition> {
    let one = |(type_, holds, reason, message): Found| {
        let status = holds.map_or("Unknown", |holds| if holds { "True" } else { "False" }).to_owned();
        let was = before.conditions.iter().find(|it| it.type_ == type_ && it.status == status);
        let since = was.map_or(now, |it| &it.last_transition_time).clone();
        let (reason, observed_generation) = (reason.to_owned(), Some(generation));
        Condition { type_, status, reason, message, last_transition_time: since, observed_generation }
    };
    found.into_iter().map(one).collect()
}
