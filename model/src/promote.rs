//! What a controller may decide: the rule P1 without its clocks, for every set of members that may have answered.
use crate::mistake::Mistake;
use crate::moves::Move;
use crate::play::Play;
use crate::world::World;
use group::{Cause, Change, Pod, Role, Status, StorageId, View, Writer};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Every promotion that may be decided now.
pub(crate) fn moves(world: &World, play: &Play, into: &mut Vec<Move>) {
    let Some(view) = world.store.current() else { return };
    let told: Vec<Status> = world.nodes.iter().filter_map(|node| node.status()).collect();
    let all = (1_usize << told.len()) - 1;
    let sets = if play.all_answer { all..=all } else { 1..=all };
    let mut found: Vec<View> = vec![];
    for set in sets {
        let answers: Vec<&Status> = (0..told.len()).filter(|i| set >> i & 1 == 1).map(|i| &told[i]).collect();
        if let Some(next) = decide(world, play, view, &answers)
            && !found.contains(&next)
        {
            found.push(next);
        }
    }
    for next in found {
        into.push(Move::Promote { next: Box::new(next.clone()), later: false });
        if play.late_promotions {
            into.push(Move::Promote { next: Box::new(next), later: true });
        }
    }
}

fn decide(world: &World, play: &Play, view: &View, answers: &[&Status]) -> Option<View> {
    // V3: while anyone who answers knows a higher view, nothing is decided.
    let knows =
        |told: &&&Status| told.view.as_ref().map(|view| (view.epoch, view.version)).max(Some((told.promised, 0)));
    if answers.iter().filter_map(|told| knows(&told)).any(|known| known > (view.epoch, view.version)) {
        return None;
    }
    let sound = |told: &&&Status| {
        let outsider = play.mistake == Some(Mistake::PromotesOutsider);
        let inside = view.holds(&told.me.pod, told.me.storage) || outsider;
        told.unhealthy.is_none() && told.role != Role::Halted && told.group == Some(view.group) && inside
    };
    // P5: a disk that lacks what another is known to have committed was set back.
    let floor = answers.iter().map(|told| told.commit).max().unwrap_or(0);
    let fit: Vec<&&Status> = answers.iter().filter(sound).filter(|told| told.tail.seq >= floor).collect();
    let lives = |pod: &Pod| {
        let node = &world.nodes[world.index(pod)];
        *pod == view.primary && node.is_up() && node.me().boot == view.primary_boot
    };
    let may_lead = fit.iter().filter(|told| !lives(&told.me.pod));
    let rank =
        |told: &&&&Status| (told.tail.epoch, told.tail.seq, told.me.pod != view.primary, Reverse(told.me.pod.clone()));
    let to = may_lead.max_by_key(rank)?;
    let mut keep: BTreeMap<Pod, StorageId> =
        fit.iter().filter(|told| !lives(&told.me.pod)).map(|told| (told.me.pod.clone(), told.me.storage)).collect();
    if keep.len() < view.min_in_sync {
        keep = view.in_sync.clone();
    }
    match play.mistake {
        Some(Mistake::PromotesOutsider) => drop(keep.insert(to.me.pod.clone(), to.me.storage)),
        Some(Mistake::AddsToSet) => {
            keep.extend(answers.iter().map(|told| (told.me.pod.clone(), told.me.storage)));
        }
        _ => {}
    }
    let change = Change { cause: Cause::Died, suspected_at: 0, decided_at: 0 };
    let next = view.promote(&to.me.pod, to.me.boot, &keep, change);
    (play.mistake.is_some() || view.admits(&next, &Writer::Controller).is_ok()).then_some(next)
}
