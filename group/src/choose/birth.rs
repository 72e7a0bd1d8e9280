//! A group's first view (V2). Made only when every configured member reports a blank disk; never because a view is missing.
use super::member::Member;
use super::seen::Seen;
use super::{Decision, Loss, Why, Wish, wait};
use crate::entry::{Cause, Change};
use crate::ids::{Epoch, Now, Pod, StorageId, Time};
use crate::limits::ANSWER_AGE_MS;
use crate::mistake::planted;
use crate::status::Status;
use crate::view::View;
use std::collections::BTreeMap;

/// There is no view: is the group to be born, or is the view lost?
pub(super) fn choose(seen: &Seen, wish: &Wish, now: Now) -> Decision {
    let knowing = seen.members().filter(|(_, member)| member.status.as_ref().is_some_and(|status| !is_blank(status)));
    if let Some(since) = knowing.map(|(_, member)| member.known_since).max() {
        // The watch may only lag behind a birth that members know of already.
        let read_since = seen.read_afresh().is_some_and(|at| at > since);
        return if read_since { Decision::Lost(Loss::Missing) } else { Decision::ReadStore };
    }
    if wish.members.len() < wish.min_in_sync.max(1) {
        return wait(None, Why::TooFew);
    }
    let Some(first) = blank_members(seen, wish, now.mono) else { return wait(None, Why::Birth) };
    let last_met = first.keys().filter_map(|pod| Some(seen.member(pod)?.met)).max().unwrap_or(now.mono);
    let turn = last_met.plus_ms(wish.jitter_ms);
    if now.mono < turn {
        return wait(Some(turn), Why::Jitter);
    }
    // That there is none must be known, not remembered.
    if seen.read_afresh().is_none_or(|at| at < last_met) {
        return Decision::ReadStore;
    }
    born(wish, &first, now).map_or(wait(None, Why::Birth), Decision::Birth)
}

fn is_blank(status: &Status) -> bool {
    planted(14) || status.group.is_none() && status.view.is_none() && status.promised == Epoch::default()
}

/// Exactly the configured members, if all of them answer and no two have the same disk.
fn blank_members<'a>(seen: &'a Seen, wish: &Wish, now: Time) -> Option<BTreeMap<Pod, &'a Status>> {
    let mut blank = BTreeMap::new();
    for pod in &wish.members {
        let member = seen.member(pod).filter(|member| now.ms_since(member.status_at) <= ANSWER_AGE_MS);
        let status = member.and_then(Member::answer).filter(|status| status.unhealthy.is_none())?;
        blank.insert(pod.clone(), status);
    }
    let mut disks: Vec<StorageId> = blank.values().map(|status| status.me.storage).collect();
    disks.sort_unstable();
    disks.dedup();
    (disks.len() == blank.len()).then_some(blank)
}

fn born(wish: &Wish, first: &BTreeMap<Pod, &Status>, now: Now) -> Option<View> {
    let (primary, status) = first.iter().next()?;
    Some(View {
        group: wish.group,
        version: 1,
        epoch: Epoch::new(0, 1),
        primary: primary.clone(),
        primary_boot: status.me.boot,
        in_sync: first.iter().map(|(pod, status)| (pod.clone(), status.me.storage)).collect(),
        members: wish.members.clone(),
        min_in_sync: wish.min_in_sync.max(1),
        change: Change { cause: Cause::Birth, suspected_at: now.wall, decided_at: now.wall },
    })
}
