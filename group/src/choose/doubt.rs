//! Whether the primary should be replaced: signs, second witnesses and patience (detector, P1). Knows nothing of candidates
//! but whether any could help.
use super::member::{Link, Member};
use super::seen::{Report, Seen};
use super::{Why, promote};
use crate::entry::Cause;
use crate::ids::{Pod, StorageId, Time};
use crate::limits::SETTLE_MS;
use crate::status::{Role, Sign, Status};
use crate::view::View;

/// What is thought of the primary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Nothing speaks against it.
    Sound,
    /// Something does, but it is not enough, or too soon.
    Hint {
        /// When it may be enough without anything else happening.
        until: Option<Time>,
        /// What is missing.
        why: Why,
    },
    /// It should be replaced.
    Doubt(Doubt),
}

/// Why the primary should be replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Doubt {
    /// For the history of failovers.
    pub(super) cause: Cause,
    /// The first sign.
    pub(super) since: Time,
    /// Its process is known dead: then a process of the same pod that answers is another one and as good as any.
    pub(super) dead: bool,
}

/// Weighs everything that speaks against the primary.
pub(super) fn judge(seen: &Seen, view: &View, now: Time) -> Verdict {
    let since = seen.doubted().unwrap_or(now);
    let doubt = |cause, dead| Doubt { cause, since, dead };
    if is_dead(seen, view, now) {
        return Verdict::Doubt(doubt(Cause::Died, true));
    }
    let verdict = match (silence(seen, view, now), answer(seen, view)) {
        // Its end of the connection was closed: a process that dies does that, one that is frozen or cut off does not.
        (Silence::Witnessed, _) if link(seen, view) == Link::Closed => Verdict::Doubt(doubt(Cause::Died, false)),
        (Silence::Witnessed, _) => Verdict::Doubt(doubt(Cause::Silent, false)),
        (Silence::Alone, _) => return Verdict::Hint { until: None, why: Why::Witness },
        (Silence::None, Some(status)) if !does_its_work(seen, view, status, now) => {
            stalled(seen, view, doubt(Cause::Stalled, false), now)
        }
        (Silence::None, _) => Verdict::Sound,
    };
    match verdict {
        // The grace is for an epoch that is only slow to begin. It never protects a dead process, which came above.
        Verdict::Doubt(_) if now < seen.grace() => Verdict::Hint { until: Some(seen.grace()), why: Why::Grace },
        verdict => verdict,
    }
}

/// What the primary's process itself says, if it is the process and the disk of the view.
pub(super) fn answer<'a>(seen: &'a Seen, view: &View) -> Option<&'a Status> {
    let status = seen.member(&view.primary).and_then(Member::answer)?;
    view.is_led_by(&status.me.pod, status.me.boot, status.me.storage).then_some(status)
}

/// This controller's own connection to the primary's pod.
fn link(seen: &Seen, view: &View) -> Link {
    seen.member(&view.primary).map_or(Link::Unknown, |member| member.link)
}

/// Refused or another process: seen by this controller, or by anyone while this controller does not hear the process itself.
fn is_dead(seen: &Seen, view: &View, now: Time) -> bool {
    if link(seen, view) == Link::Refused {
        return true;
    }
    let is_heard = answer(seen, view).is_some();
    let another_answers = seen.member(&view.primary).and_then(Member::answer).is_some() && !is_heard;
    let is_sure = |sign: Sign| matches!(sign, Sign::Refused | Sign::Reborn);
    let told = || {
        let backups = backups(seen, view).filter_map(|(_, member)| Some(member.doubts(&view.primary)?.0));
        let fronts = seen.reports(&view.primary, view.primary_boot, now).map(|report: &Report| report.sign);
        backups.chain(fronts).any(is_sure)
    };
    another_answers || (!is_heard && told())
}

/// Who does not hear the primary.
enum Silence {
    None,
    Alone,
    Witnessed,
}

/// The detector's second witness: this controller and one more, or, where this controller still hears the primary, every
/// backup of the set that answers and at least two of them, because then nothing can commit.
fn silence(seen: &Seen, view: &View, now: Time) -> Silence {
    let own = link(seen, view) != Link::Up;
    let (mut deaf, mut hearing) = (0, 0);
    for (_, member) in backups(seen, view).filter(|(_, member)| member.answer().is_some()) {
        if member.doubts(&view.primary).is_some() { deaf += 1 } else { hearing += 1 }
    }
    let fronts = seen.reports(&view.primary, view.primary_boot, now).count();
    match (own, deaf, hearing) {
        (true, 0, _) if fronts == 0 => Silence::Alone,
        (true, ..) => Silence::Witnessed,
        (false, 2.., 0) => Silence::Witnessed,
        _ => Silence::None,
    }
}

/// Those of the set who are not the primary, on the disk that the set names, and who judge by this very epoch.
fn backups<'a>(seen: &'a Seen, view: &'a View) -> impl Iterator<Item = (&'a Pod, &'a Member)> {
    let others = view.pairs().filter(|(pod, _)| **pod != view.primary);
    others
        .filter_map(|(pod, storage)| Some((pod, seen.member(pod).filter(|member| speaks_now(member, view, storage))?)))
}

fn speaks_now(member: &Member, view: &View, storage: StorageId) -> bool {
    let knows = |status: &Status| status.view.as_ref().is_some_and(|known| known.epoch == view.epoch);
    member.answer().is_some_and(|status| status.me.storage == storage && knows(status))
}

/// Whether a primary that answers also leads and commits.
fn does_its_work(seen: &Seen, view: &View, status: &Status, now: Time) -> bool {
    let told = backups(seen, view).any(|(_, member)| member.answer().is_some_and(|status| status.stalled));
    let leads = matches!(status.role, Role::Primary | Role::Draining);
    // The moments until it has seen the view are the grace's; a primary that halts will never lead.
    let began = leads || (status.role != Role::Halted && now < seen.grace());
    began && !status.stalled && !told && status.unhealthy.is_none()
}

/// Another primary helps only where the fault lies with this one: if all others of the set answer and are enough.
fn stalled(seen: &Seen, view: &View, doubt: Doubt, now: Time) -> Verdict {
    let settled = seen.version_since().plus_ms(SETTLE_MS);
    let others = || view.pairs().filter(|(pod, _)| **pod != view.primary);
    let helps = others().count() >= view.min_in_sync
        && others().all(|(pod, storage)| promote::is_fit(seen, view, pod, storage).is_some());
    if !helps {
        return Verdict::Hint { until: None, why: Why::NoHelp };
    }
    if now < settled {
        return Verdict::Hint { until: Some(settled), why: Why::Grace };
    }
    Verdict::Doubt(doubt)
}
