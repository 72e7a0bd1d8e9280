//! What the commands on the stored view do: writes land, are lost or come late; members see it; controllers and operators write.
use super::number;
use crate::world::World;
use group::{Cause, Change, Epoch, GroupId, Input, Pod, View, Writer};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn carry_out(world: &mut World, words: &[&str]) -> bool {
    match words {
        ["land", who] => {
            let said = world.store.land(who);
            world.say(said);
        }
        ["lose", "write", who] => drop(world.store.take(who).expect("a write of it is under way")),
        ["show", "old", version, who @ ..] => {
            let view = history(world, version);
            who.iter().for_each(|name| world.turn(name, vec![Input::View(view.clone())]));
        }
        ["show", rest @ ..] => show(world, rest),
        ["answer", who] => answer(world, who),
        ["promote", who, rest @ ..] => promote(world, who, rest),
        ["members", rest @ ..] => members(world, rest),
        ["controller", "adds", who] => {
            let storage = world.member(who).peer().storage;
            let next = current(world).with(&Pod::from(*who), storage);
            by_controller(world, next);
        }
        ["controller", "shrinks", who] => {
            let next = current(world).without(&BTreeSet::from([Pod::from(*who)]));
            by_controller(world, next);
        }
        ["rebuild", version, "under", loss, "led", "by", who] => rebuild(world, version, number(loss), who),
        ["force", "loss", who] => force_loss(world, who),
        ["delete", "view"] => world.store.view = None,
        ["roll", "back", "view", version] => {
            let old = history(world, version);
            world.store.view = Some(old);
        }
        ["replace", "view", "by", "another", "group's"] => {
            let view = current(world);
            world.store.view = Some(View { group: GroupId(2), version: view.version + 9, ..view });
        }
        _ => return false,
    }
    true
}

fn history(world: &World, version: &str) -> View {
    world.store.history[&number(version.trim_start_matches('v'))].clone()
}
fn current(world: &World) -> View {
    world.store.view.clone().expect("the store holds a view")
}
fn by_controller(world: &mut World, next: View) {
    let said = world.store.write(next.clone(), next.version - 1, &Writer::Controller);
    world.say(said);
}
fn change(cause: Cause) -> Change {
    Change { cause, suspected_at: 0, decided_at: 0 }
}

/// `show r0 r1`, `show all`: members see the stored view.
pub(crate) fn show(world: &mut World, words: &[&str]) {
    let view = current(world);
    let all = world.alive();
    let named = |name: &&String| words.contains(&"all") || words.contains(&name.as_str());
    for name in all.iter().filter(named) {
        world.turn(name, vec![Input::View(view.clone())]);
    }
}
/// The store answers a member that asked: what it holds now.
fn answer(world: &mut World, who: &str) {
    let held = world.member(who).asked.take().unwrap_or_else(|| panic!("{who} did not ask the store"));
    let view = world.store.view.clone();
    world.turn(who, vec![Input::Stored { held, view }]);
}

/// `promote r1 keep r1 r2`: a controller names the process of r1 that runs, and who answered; without `keep` the set stays.
fn promote(world: &mut World, who: &str, rest: &[&str]) {
    let view = current(world);
    let kept = |pod: &Pod| rest.is_empty() || rest.contains(&pod.as_str());
    let keep: BTreeMap<_, _> = view.in_sync.clone().into_iter().filter(|(pod, _)| kept(pod)).collect();
    let boot = world.member(who).peer().boot;
    by_controller(world, view.promote(&who.into(), boot, &keep, change(Cause::Silent)));
}
/// `members r0 r1 min 2`: a controller changes who is allowed in.
fn members(world: &mut World, rest: &[&str]) {
    let view = current(world);
    let (names, min) = rest.split_at(rest.iter().position(|word| *word == "min").unwrap_or(rest.len()));
    let members: BTreeSet<Pod> = names.iter().map(|name| Pod::from(*name)).collect();
    by_controller(world, view.with_members(members, min.last().map_or(view.min_in_sync, |n| number(n))));
}
/// An operator continues an older view under the loss number of the fence.
fn rebuild(world: &mut World, version: &str, loss: u64, who: &str) {
    let old = history(world, version);
    let boot = world.member(who).peer().boot;
    let next = old.promote(&who.into(), boot, &old.in_sync, change(Cause::Rebuilt));
    let next = View { epoch: Epoch::new(loss, old.epoch.number + 1), ..next };
    world.store.view = Some(old.clone());
    let said = world.store.write(next, old.version, &Writer::Operator);
    world.say(said);
}
/// An operator keeps the disk of one member and accepts the loss of the others.
fn force_loss(world: &mut World, who: &str) {
    let view = current(world);
    let peer = world.member(who).peer();
    let keep = BTreeMap::from([(peer.pod.clone(), peer.storage)]);
    let next = view.promote(&peer.pod, peer.boot, &keep, change(Cause::Rebuilt));
    let next = View { epoch: Epoch::new(view.epoch.loss + 1, view.epoch.number + 1), ..next };
    let said = world.store.write(next, view.version, &Writer::Operator);
    world.say(said);
}
