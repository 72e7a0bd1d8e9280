//! How the group is, in the words that people read: six conditions, each true or false for a reason. Pure.
use group::choose::{Decision, Link, Loss, Member, Seen, Why};
use group::{Pod, Role, Status, Time, View};
use std::fmt;

/// One statement about the group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// Which.
    pub kind: Kind,
    /// Whether it holds; `None`: it cannot be known now.
    pub holds: Option<bool>,
    /// Why, in one word for programs.
    pub reason: &'static str,
    /// Why, in words for people.
    pub message: String,
}

/// The statements, as a resource's status names them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A primary serves and enough disks are in sync to commit.
    Available,
    /// Every member is in sync.
    FullyReplicated,
    /// The primary is being replaced, or its successor has not begun.
    FailoverInProgress,
    /// Fewer disks of the set answer than must hold a write.
    QuorumLost,
    /// Something needs attention, though orders may flow.
    Degraded,
    /// The view is missing or older than what members know (V3).
    ViewLost,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// All six.
pub(crate) fn conditions(seen: &Seen, decision: &Decision, now: Time) -> Vec<Condition> {
    // Without a view in the store the group goes on by the one that its members know (V3).
    let view = seen.view().or_else(|| known(seen));
    vec![
        available(seen, view),
        fully_replicated(view),
        failover_in_progress(seen, view, decision, now),
        quorum_lost(seen, view),
        degraded(seen, view),
        view_lost(seen, decision),
    ]
}

/// The highest view that a member knows.
fn known(seen: &Seen) -> Option<&View> {
    let views = seen.members().filter_map(|(_, member)| member.status.as_ref()?.view.as_ref());
    views.max_by_key(|view| (view.epoch, view.version))
}

fn condition(kind: Kind, holds: bool, reason: &'static str, message: impl Into<String>) -> Condition {
    Condition { kind, holds: Some(holds), reason, message: message.into() }
}

fn unknown(kind: Kind) -> Condition {
    Condition { kind, holds: None, reason: "NoView", message: "there is no view to judge by".into() }
}

/// What a pod says, if it answers with the disk that the view names.
fn answer<'a>(seen: &'a Seen, view: &View, pod: &Pod) -> Option<&'a Status> {
    let status = seen.member(pod).and_then(Member::answer)?;
    view.holds(pod, status.me.storage).then_some(status)
}

/// What the primary says, if it is the process of the view.
fn primary<'a>(seen: &'a Seen, view: &View) -> Option<&'a Status> {
    answer(seen, view, &view.primary).filter(|status| status.me.boot == view.primary_boot)
}

/// How many disks of the set answer.
fn present(seen: &Seen, view: &View) -> usize {
    view.in_sync.keys().filter(|pod| answer(seen, view, pod).is_some()).count()
}

fn available(seen: &Seen, view: Option<&View>) -> Condition {
    let kind = Kind::Available;
    let Some(view) = view else { return condition(kind, false, "NoView", "there is no view, so nobody leads") };
    let Some(status) = primary(seen, view) else {
        return condition(
            kind,
            false,
            "PrimaryAway",
            format!("{} leads by the view and does not answer", view.primary),
        );
    };
    let (held, needed) = (present(seen, view), view.min_in_sync);
    if held < needed {
        return condition(kind, false, "TooFewInSync", format!("{held} in sync and there, {needed} needed to commit"));
    }
    match status.role {
        Role::Primary if status.stalled => {
            condition(kind, false, "Stalled", format!("{} leads, and writes wait without a commit", view.primary))
        }
        Role::Primary => {
            condition(kind, true, "PrimaryServes", format!("{} serves epoch {}", view.primary, view.epoch))
        }
        Role::Draining if status.is_fenced() => {
            condition(kind, false, "Fenced", format!("{} waits for the view to be rebuilt", view.primary))
        }
        Role::Draining => condition(kind, true, "HandingOver", format!("{} hands over", view.primary)),
        _ => condition(kind, false, "NotBegun", format!("{} has not taken up epoch {}", view.primary, view.epoch)),
    }
}

fn fully_replicated(view: Option<&View>) -> Condition {
    let Some(view) = view else { return unknown(Kind::FullyReplicated) };
    let missing: Vec<_> = view.members.iter().filter(|pod| !view.in_sync.contains_key(*pod)).collect();
    let (held, all) = (view.in_sync.len(), view.members.len());
    if missing.is_empty() {
        return condition(Kind::FullyReplicated, true, "AllInSync", format!("{held} of {all} in sync"));
    }
    condition(Kind::FullyReplicated, false, "NotInSync", format!("{held} of {all} in sync; not {missing:?}"))
}

fn failover_in_progress(seen: &Seen, view: Option<&View>, decision: &Decision, now: Time) -> Condition {
    let kind = Kind::FailoverInProgress;
    let for_ms = seen.doubted().map_or(0, |since| now.ms_since(since));
    let doubted = |word: &str| format!("the primary is in doubt for {for_ms} ms: {word}");
    match decision {
        Decision::Ask { .. } | Decision::Write { .. } => condition(kind, true, "Deciding", doubted("deciding")),
        Decision::Wait { why, .. } => match why {
            Why::Witness => condition(kind, false, "NoSecondWitness", doubted("nobody else confirms it")),
            Why::NoHelp => condition(kind, false, "NobodyBetter", doubted("no other could commit more")),
            Why::NoCandidate => condition(kind, true, "NoCandidate", doubted("no sound disk of the set answers")),
            Why::Gathering => condition(kind, true, "Gathering", doubted("all have restarted; waiting for the rest")),
            Why::Grace => condition(kind, true, "NewEpoch", doubted("its epoch is new; giving it time")),
            Why::Jitter | Why::Answers => condition(kind, true, "Deciding", doubted("deciding")),
            Why::Unread | Why::Birth | Why::TooFew => condition(kind, false, "NoGroup", "there is no group yet"),
        },
        _ => match view {
            Some(view) if primary(seen, view).is_none_or(|status| status.role == Role::Backup) => {
                condition(kind, true, "TakingOver", format!("{} takes up epoch {}", view.primary, view.epoch))
            }
            _ => condition(kind, false, "None", "the primary is not in doubt"),
        },
    }
}

fn quorum_lost(seen: &Seen, view: Option<&View>) -> Condition {
    let Some(view) = view else { return unknown(Kind::QuorumLost) };
    let absent: Vec<_> = view.in_sync.keys().filter(|pod| answer(seen, view, pod).is_none()).collect();
    let present = present(seen, view);
    let message = format!("{present} disks of the set answer, {} must hold a write; not {absent:?}", view.min_in_sync);
    if present < view.min_in_sync {
        return condition(Kind::QuorumLost, true, "DisksAbsent", message);
    }
    condition(Kind::QuorumLost, false, "EnoughDisks", format!("{present} disks of the set answer"))
}

fn degraded(seen: &Seen, view: Option<&View>) -> Condition {
    let mut troubles = Vec::new();
    for (pod, member) in seen.members() {
        let trouble = match (member.link, member.answer()) {
            (_, Some(status)) => trouble(status, view),
            (Link::Up, None) => continue,
            (Link::Unknown | Link::Closed, None) => Some("does not answer".to_owned()),
            (Link::Refused, None) => Some("is not running".to_owned()),
            (Link::Silent, None) => Some("is silent".to_owned()),
        };
        troubles.extend(trouble.map(|trouble| format!("{pod} {trouble}")));
    }
    if troubles.is_empty() {
        return condition(Kind::Degraded, false, "AllWell", "every member answers and is sound");
    }
    condition(Kind::Degraded, true, "MemberTrouble", troubles.join("; "))
}

/// What is wrong with a member that answers.
fn trouble(status: &Status, view: Option<&View>) -> Option<String> {
    if let Some(why) = &status.unhealthy {
        return Some(format!("is unsound: {why}"));
    }
    let view = view?;
    if status.group.is_some_and(|group| group != view.group) {
        return Some("has the disk of another group: remove that disk, and it is copied anew".into());
    }
    if status.view_lost {
        return Some("misses the view that it knew".into());
    }
    (status.role == Role::Learner).then(|| "is catching up".into())
}

fn view_lost(seen: &Seen, decision: &Decision) -> Condition {
    let is_fenced = seen.members().filter_map(|(_, member)| member.answer()).any(Status::is_fenced);
    let remedy = if is_fenced {
        "a rebuild was begun and has not ended; until it is, nobody is promoted, and a primary that has promised takes no orders; \
         run `jh cluster rebuild-view` again"
    } else {
        "replicas serve on and change nothing; restore the view, or run `jh cluster rebuild-view`"
    };
    let (reason, what) = match decision {
        Decision::Lost(Loss::Missing) => ("Missing", "there is no view, yet members know a group".to_owned()),
        Decision::Lost(Loss::Older { pod, knows: (epoch, version) }) => {
            ("Older", format!("{pod} knows epoch {epoch}, version {version}, which is higher than what is stored"))
        }
        Decision::Lost(Loss::OtherGroup { pod }) => {
            ("OtherGroup", format!("the disk of {pod} belongs to another group"))
        }
        Decision::Lost(Loss::Unreadable(why)) => ("Unreadable", why.clone()),
        Decision::ReadStore => {
            return Condition {
                kind: Kind::ViewLost,
                holds: None,
                reason: "Reading",
                message: "the view is being read afresh".into(),
            };
        }
        _ => return condition(Kind::ViewLost, false, "Known", "the view is not older than what members know"),
    };
    condition(Kind::ViewLost, true, reason, format!("{what}; {remedy}"))
}
