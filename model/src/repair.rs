//! The operator's two commands (V3, U1), decided by the code that decides them in the controller.
use crate::mistake::Mistake;
use crate::play::Play;
use crate::world::World;
use group::choose::{CannotRepair, Link, Seen, Store, fence as real_fence, force_loss, rebuild as real_rebuild};
use group::{Fence, Now, Status, View};

/// What a controller sees if these pods (bits) answer it.
fn seen(world: &World, pods: u8) -> Seen {
    let now = Now::default();
    let mut seen = Seen::default();
    let store = world.store.current().map_or(Store::Missing, |view| Store::Is(View::clone(view)));
    seen.stored(store, true, now.mono);
    for (index, node) in world.nodes.iter().enumerate() {
        if let Some(status) = node.status().filter(|_| pods >> index & 1 == 1) {
            seen.linked(&node.pod, Link::Up, now.mono);
            seen.answered(status, now.mono);
        }
    }
    seen
}
fn stored(world: &World) -> Option<u64> {
    world.store.current().map(|view| view.version)
}
/// The epoch that the operator reads before the command.
fn known(seen: &Seen) -> u64 {
    let told = seen.members().filter_map(|(_, member)| member.status.as_ref()?.view.as_ref());
    told.chain(seen.view()).map(|view| (view.epoch, view.version)).max().map_or(0, |(epoch, _)| epoch.number)
}

/// V3, the first half: what the members are told to promise.
pub(crate) fn fence(world: &World, pods: u8, play: &Play) -> Option<Fence> {
    let seen = seen(world, pods);
    match real_fence(&seen, known(&seen)) {
        Err(CannotRepair::Absent { .. }) if play.mistake == Some(Mistake::RebuildsFromSome) => {
            let View { group, epoch, .. } = **world.store.last();
            Some(Fence { group, continues: epoch, loss: epoch.loss + 1 })
        }
        fence => fence.ok(),
    }
}

/// V3, the second half.
pub(crate) fn rebuild(world: &World, pods: u8, play: &Play) -> Option<View> {
    let seen = seen(world, pods);
    let fence = world.fence.as_ref()?;
    match real_rebuild(&seen, stored(world), known(&seen), fence, Now::default()) {
        Ok(repair) => Some(repair.next),
        Err(CannotRepair::Unfenced { .. }) if play.mistake == Some(Mistake::RebuildsUnfenced) => unfenced(world, pods),
        Err(_) if play.mistake == Some(Mistake::RebuildsFromSome) => from_some(world, pods),
        Err(_) => None,
    }
}

/// The mistake: what members have not promised is taken as promised.
fn unfenced(world: &World, pods: u8) -> Option<View> {
    let fence = world.fence.as_ref()?;
    let mut seen = seen(world, pods);
    let answers: Vec<Status> = seen.members().filter_map(|(_, member)| member.answer().cloned()).collect();
    for mut status in answers {
        status.promised = fence.epoch();
        seen.answered(status, Now::default().mono);
    }
    real_rebuild(&seen, stored(world), known(&seen), fence, Now::default()).ok().map(|repair| repair.next)
}

/// The mistake: whoever answers is enough.
fn from_some(world: &World, pods: u8) -> Option<View> {
    let told: Vec<Status> =
        world.nodes.iter().filter(|node| pods >> node.index & 1 == 1).filter_map(|node| node.status()).collect();
    let highest = told.iter().filter_map(|told| told.view.as_ref()).max_by_key(|view| (view.epoch, view.version))?;
    let keep = told.iter().filter(|told| highest.holds(&told.me.pod, told.me.storage));
    let keep: Vec<&Status> = keep.collect();
    let to = keep.iter().max_by_key(|told| (told.tail.epoch, told.tail.seq))?;
    let in_sync = keep.iter().map(|told| (told.me.pod.clone(), told.me.storage)).collect();
    let mut next = highest.promote(&to.me.pod, to.me.boot, &in_sync, highest.change);
    next.epoch.loss = world.fence.as_ref()?.loss;
    Some(next)
}

/// U1.
pub(crate) fn force(world: &World, keep: usize) -> Option<View> {
    let seen = seen(world, (1_u8 << world.nodes.len()) - 1);
    let pod = &world.nodes[keep].pod;
    force_loss(&seen, stored(world), known(&seen), pod, Now::default()).ok().map(|repair| repair.next)
}
