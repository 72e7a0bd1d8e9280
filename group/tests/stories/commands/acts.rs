//! What the commands on members and connections do.
use super::each_wire;
use crate::disk::Snapshot;
use crate::member::Member;
use crate::names;
use crate::network::Wire;
use crate::world::World;
use bytes::Bytes;
use group::limits::TICK_MS;
use group::{Body, Cause, Change, Core, Entry, Epoch, Fence, GroupId, Input, Message, Seq, Serving, Time, View};
use std::collections::BTreeMap;

/// `cast r0 r1 absent r2 min 2`: the first named leads the first view, which the store holds and nobody has seen. Absent ones are members
/// whose processes do not run and whose disks are not in the set.
pub(crate) fn cast(world: &mut World, words: &[&str]) {
    let part = |from: &str, words: &[&str]| -> Vec<String> {
        let after = words.iter().skip_while(|word| **word != from).skip(1);
        after.take_while(|word| !["absent", "min"].contains(word)).map(|word| word.to_string()).collect()
    };
    let present: Vec<String> =
        words.iter().take_while(|word| word.starts_with('r')).map(|word| word.to_string()).collect();
    let absent = part("absent", words);
    let min_in_sync = part("min", words).first().map_or(2, |n| super::number(n));
    for name in present.iter().chain(&absent) {
        world.members.insert(name.clone(), Member::new(name));
    }
    let in_sync: BTreeMap<_, _> = present.iter().map(|name| (name.as_str().into(), names::storage(name, 1))).collect();
    world.store.put(View {
        group: GroupId(1),
        version: 1,
        epoch: Epoch::new(0, 1),
        primary: present[0].as_str().into(),
        primary_boot: names::boot(&present[0], 1),
        in_sync,
        members: present.iter().chain(&absent).map(|name| name.as_str().into()).collect(),
        min_in_sync,
        change: Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 },
    });
    present.iter().for_each(|name| restart(world, name));
}

/// The same on an empty stage, and the first epoch has begun: its start is committed everywhere.
pub(crate) fn start(world: &mut World, words: &[&str]) {
    let said = world.told();
    *world = World::default();
    said.into_iter().for_each(|line| world.say(line));
    cast(world, words);
    super::views::show(world, &["all"]);
    world.settle();
    world.told();
    each(world, &[], Member::state);
}

/// The next process of this member; it finds everyone who runs, and they find it.
pub(crate) fn restart(world: &mut World, who: &str) {
    if world.member(who).core.is_some() {
        world.end(who);
    }
    world.member(who).start();
    for other in world.alive() {
        let wire = (other, who.to_string());
        if wire.0 != wire.1 && !world.network.is_cut(&wire) {
            connect(world, &wire);
            connect(world, &(wire.1, wire.0));
        }
    }
}
/// The one at the start of the wire has reached the one at its end.
pub(crate) fn connect(world: &mut World, (who, whom): &Wire) {
    let peer = world.member(whom).peer();
    world.turn(who, vec![Input::Connected(peer)]);
}
/// The one at the start of the wire finds its connection to the other ended, and is refused another.
pub(crate) fn refuse(world: &mut World, (who, whom): &Wire) {
    world.turn(who, vec![Input::Disconnected { pod: whom.as_str().into(), refused: true }]);
}
pub(crate) fn deliver(world: &mut World, text: &str, most: usize) {
    each_wire(world, text, |world, wire| world.deliver(&wire.1.clone(), &[wire], most));
}
/// `forge r1->r0 after 2 3@2 juice`: an Append that a primary without errors would never send, on r1's entry 2.
pub(crate) fn forge(world: &mut World, text: &str, after: Seq, place: &str, body: &str) {
    let (seq, epoch) = place.split_once('@').expect("a place is like 3@2");
    let epoch = Epoch::new(0, super::number(epoch));
    each_wire(world, text, |world, wire| {
        let prev = core(world, &wire.0).position(after).expect("it is in its memory");
        let body = Body::App(Bytes::from(body.to_string()));
        let entry = Entry { epoch, seq: super::number(seq), prev_hash: prev.hash, at: 0, body };
        let message = Message::Append { epoch, nonce: 999, prev, entries: vec![entry], commit: 0 };
        let from = world.member(&wire.0).peer();
        world.turn(&wire.1, vec![Input::Receive { from, message }]);
    });
}
/// It runs again: all that had arrived, then one tick, however long it was stopped.
pub(crate) fn thaw(world: &mut World, who: &str) {
    world.member(who).frozen = false;
    let mail = world.network.mail().remove(who).unwrap_or_default();
    world.deliver(who, &mail, usize::MAX);
    world.turn(who, vec![Input::Tick]);
}

fn core<'a>(world: &'a mut World, who: &str) -> &'a Core {
    world.member(who).core.as_ref().unwrap_or_else(|| panic!("{who} is down"))
}
/// Whether its shell may give it requests; says why not.
fn takes(world: &mut World, who: &str) -> bool {
    let why = match core(world, who).serving() {
        Serving::Yes => return true,
        Serving::Draining { epoch } => format!("{who} takes nothing: draining epoch {epoch}"),
        Serving::No => format!("{who} takes nothing: it does not lead"),
    };
    world.say(why);
    false
}
pub(crate) fn propose(world: &mut World, who: &str, what: &str) {
    let time = world.now;
    if !takes(world, who) {
        return;
    }
    let now = world.member(who).now(time);
    let core = core(world, who);
    let (seq, at) = (core.tail().seq + 1, core.log_time(now));
    world.member(who).writes.insert(seq, what.into());
    world.turn(who, vec![Input::Propose { at, body: Bytes::from(what.to_string()) }]);
}
/// An order with every tick, for so long. Neither orders nor commits are told.
pub(crate) fn busy(world: &mut World, who: &str, ms: u64) {
    world.busy = true;
    for _ in 0..ms / TICK_MS {
        let time = world.now;
        let now = world.member(who).now(time);
        let at = core(world, who).log_time(now);
        world.brief = true;
        world.turn(who, vec![Input::Propose { at, body: Bytes::from_static(b"an order") }]);
        world.settle();
        world.pass(TICK_MS);
    }
    world.busy = false;
}
/// An answer that appends nothing: a read, a refusal or a duplicate.
pub(crate) fn read(world: &mut World, who: &str, what: &str) {
    if !takes(world, who) {
        return;
    }
    let member = world.member(who);
    member.tickets += 1;
    let ticket = member.tickets;
    member.reads.insert(ticket, what.into());
    world.turn(who, vec![Input::Read { ticket }]);
}
/// `fence 1 r0 r1 r2`: an operator who is about to rebuild the view under this loss number says so to these members. It is the view of epoch 1
/// that will be continued.
pub(crate) fn fence(world: &mut World, loss: u64, names: &[&str]) {
    let fence = Fence { group: GroupId(1), continues: Epoch::new(0, 1), loss };
    names.iter().for_each(|who| world.turn(who, vec![Input::Fence(fence.clone())]));
}
pub(crate) fn hand_over(world: &mut World, who: &str, heir: &str, rest: &[&str]) {
    let epoch = match rest {
        ["in", "epoch", number] => Epoch::new(0, super::number(number)),
        _ => core(world, who).view().expect("it leads").epoch,
    };
    world.turn(who, vec![Input::HandOver { to: heir.into(), epoch }]);
}

pub(crate) fn back_up(world: &mut World, who: &str) {
    let member = world.member(who);
    member.backup = Some(member.disk.clone());
}
pub(crate) fn restore(world: &mut World, who: &str) {
    let member = world.member(who);
    member.disk = member.backup.clone().expect("it was backed up");
}

/// The machine publishes a snapshot up to its commit, or up to `at`.
pub(crate) fn snapshot(world: &mut World, who: &str, at: Option<Seq>) {
    let core = core(world, who);
    let at = core.position(at.unwrap_or(core.commit())).expect("it is in memory");
    let starts = core.starts().iter().filter(|row| row.seq <= at.seq).copied().collect();
    let reigns = core.reigns().filter(|reign| reign.seq <= at.seq).cloned().collect();
    let format = core.format();
    world.member(who).disk.snapshot = Some(Snapshot { at, starts, reigns, format });
    world.turn(who, vec![Input::SnapshotTaken { at }]);
}
/// The snapshot that it fetches has arrived.
pub(crate) fn install(world: &mut World, who: &str) {
    let from = world.member(who).fetches.take().expect("it fetches a snapshot");
    let snapshot = world.member(&from).disk.snapshot.clone().expect("there is a snapshot to fetch");
    let Snapshot { at, starts, reigns, format } = snapshot.clone();
    world.member(who).disk.install(snapshot);
    world.turn(who, vec![Input::SnapshotInstalled { at, starts, reigns, format }]);
}

pub(crate) fn log_time(world: &mut World, who: &str) {
    let time = world.now;
    let now = world.member(who).now(time);
    let at = core(world, who).log_time(now);
    world.say(format!("{who}'s clock shows {}, its log time is {at}", now.wall));
}
/// Says one line of each of these members, or of all.
pub(crate) fn each(world: &mut World, names: &[&str], line: impl Fn(&Member, Time) -> String) {
    let chosen = world.members.values().filter(|member| names.is_empty() || names.contains(&member.name.as_str()));
    let lines: Vec<String> = chosen.map(|member| line(member, world.now)).collect();
    lines.into_iter().for_each(|line| world.say(line));
}
