//! Everything at one moment: pods, messages under way, the view's store, what was told. And what one move makes of it.
use crate::disk::Disk;
use crate::machine::Key;
use crate::mistake::Mistake;
use crate::moves::Move;
use crate::node::{Effect, Node};
use crate::packet::Packet;
use crate::play::{Budget, Play, Reached};
use crate::repair;
use crate::store::{By, Put, Store};
use crate::told::{Law, Told};
use group::{Cause, Change, Epoch, Fence, GroupId, Input, Peer, Pod, Proposal, View};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// One moment.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) nodes: Vec<Arc<Node>>,
    /// Messages under way, oldest first: from pod i to pod j at i * pods + j. A connection keeps their order.
    pub(crate) wires: Vec<Vec<Arc<Packet>>>,
    pub(crate) store: Store,
    pub(crate) used: Budget,
    pub(crate) told: Told,
    /// Which links each pod believes to be open.
    pub(crate) open: Vec<u8>,
    /// What the operator who rebuilds the view has members promise.
    pub(crate) fence: Option<Fence>,
}

/// A moment and what the last move reached.
pub(crate) struct Turn<'a> {
    pub(crate) play: &'a Play,
    pub(crate) world: World,
    pub(crate) reached: Vec<Reached>,
}

impl World {
    /// All pods of the set are up, `a` leads, and nothing is under way.
    pub(crate) fn begin(play: &Play) -> World {
        let mut nodes: Vec<Node> = (0..play.pods).map(Node::new).collect();
        nodes[..play.in_sync].iter_mut().for_each(Node::start);
        let in_sync = nodes[..play.in_sync].iter().map(|node| (node.pod.clone(), node.disk.storage)).collect();
        let members = nodes.iter().map(|node| node.pod.clone()).collect();
        let change = Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 };
        let first = View {
            group: GroupId(9),
            version: 1,
            epoch: Epoch::new(0, 1),
            primary: nodes[0].pod.clone(),
            primary_boot: nodes[0].me().boot,
            in_sync,
            members,
            min_in_sync: play.min,
            change,
        };
        let world = World {
            nodes: nodes.into_iter().map(Arc::new).collect(),
            wires: vec![vec![]; play.pods * play.pods],
            store: Store::new(first.clone()),
            used: Budget::default(),
            told: Told::default(),
            open: vec![0; play.pods],
            fence: None,
        };
        let calm = Play { instant_disks: true, mistake: None, ..play.clone() };
        let mut turn = Turn { play: &calm, world, reached: vec![] };
        for index in 0..play.in_sync {
            turn.meet_all(index);
        }
        for index in 0..play.in_sync {
            turn.give(index, Input::View(first.clone()));
        }
        while let Some((from, to)) = turn.world.oldest() {
            turn.deliver(from, to);
        }
        turn.done()
    }
    fn oldest(&self) -> Option<(usize, usize)> {
        let wire = self.wires.iter().position(|wire| !wire.is_empty())?;
        Some((wire / self.nodes.len(), wire % self.nodes.len()))
    }
    pub(crate) fn index(&self, pod: &Pod) -> usize {
        self.nodes.iter().position(|node| node.pod == *pod).expect("pods are what they were")
    }
    pub(crate) fn wire(&self, from: usize, to: usize) -> &Vec<Arc<Packet>> {
        &self.wires[from * self.nodes.len() + to]
    }
    pub(crate) fn digest(&self) -> u64 {
        let mut into = Xxh3::new();
        self.hash(&mut into);
        into.finish()
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, into: &mut H) {
        let World { nodes, wires, store, used, told, open, fence } = self;
        let barriers = nodes.iter().any(|node| node.is_asked());
        for node in nodes {
            node.digest(barriers).hash(into);
        }
        for wire in wires {
            wire.len().hash(into);
            for packet in wire {
                packet.alike(into, barriers);
            }
        }
        store.alike(into);
        (used, told, open, fence.as_ref().map(|fence| fence.loss)).hash(into);
    }
}
impl PartialEq for World {
    fn eq(&self, other: &World) -> bool {
        self.digest() == other.digest()
    }
}
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.store.last();
        write!(f, "view v{} {} {} of {:?}", view.version, view.epoch, view.primary, view.in_sync)?;
        if self.store.is_lost() {
            write!(f, " LOST")?;
        }
        for node in &self.nodes {
            let Some(core) = &node.core else {
                write!(f, "; {} down, disk {:?}", node.pod, node.disk.tail())?;
                continue;
            };
            let (tail, durable) = (core.tail(), node.disk.tail());
            let held = core.view().map_or(0, |view| view.version);
            write!(f, "; {} {:?} v{held} {tail:?} disk {durable:?} commit {}", node.pod, core.role(), core.commit())?;
        }
        write!(f, "; committed {:?}", self.told.committed.keys().last())
    }
}

impl Turn<'_> {
    /// Lets a pod do something and carries out what it causes.
    pub(crate) fn act(&mut self, index: usize, what: impl FnOnce(&mut Node, &Play, &mut Vec<Effect>)) {
        let mut effects = vec![];
        let play = self.play;
        let node = Arc::make_mut(&mut self.world.nodes[index]);
        let (me, before) = (node.me(), node.loss());
        what(node, play, &mut effects);
        node.settle();
        let loss = node.loss().max(before);
        for effect in effects {
            self.carry(index, &me, loss, effect);
        }
    }
    pub(crate) fn give(&mut self, index: usize, input: Input) {
        self.act(index, |node, play, effects| node.give(input, play, effects));
    }

    fn carry(&mut self, index: usize, me: &Peer, loss: u64, effect: Effect) {
        let world = &mut self.world;
        let counts = loss >= world.told.era;
        match effect {
            Effect::Send(to, message) => {
                let to = world.index(&to);
                if world.nodes[to].is_up() {
                    let packet = Packet { from: me.clone(), message };
                    world.wires[index * self.play.pods + to].push(Arc::new(packet));
                }
            }
            Effect::Propose(proposal) => world.store.ask(Put { proposal: Arc::new(proposal), by: By::Member }),
            Effect::Committed(known) if counts => world.told.commits(known),
            Effect::Answered(answer) if counts => {
                let later = world.store.last().epoch.number > 1;
                let again = world.told.answered(&answer);
                self.reached.push(match (answer.key, again) {
                    (Some(_), true) => Reached::Repeated,
                    (Some(_), false) if later => Reached::AcknowledgedLater,
                    (Some(_), false) => Reached::Acknowledged,
                    (None, _) if later => Reached::ReadLater,
                    (None, _) => Reached::Acknowledged,
                });
                if world.told.era > 0 {
                    self.reached.push(Reached::Forced);
                }
            }
            Effect::Committed(_) | Effect::Answered(_) => {}
            Effect::Leads => self.leads(index),
            Effect::Down => {
                if self.world.nodes[index].disk.group.is_none() {
                    self.reached.push(Reached::GivenUp);
                }
                self.gone(index);
            }
            Effect::Broken(how) => {
                world.told.broken(how);
            }
        }
    }

    /// I3: whoever leads by the newest view holds all that was committed.
    fn leads(&mut self, index: usize) {
        let world = &mut self.world;
        let Some(core) = &world.nodes[index].core else { return };
        let newest = core.view().is_some_and(|view| view.epoch == world.store.highest.0) && !world.store.is_lost();
        let lacks = |(seq, (hash, _)): (&u64, &(u64, Option<Key>))| {
            *seq >= core.first_seq() && core.position(*seq).is_none_or(|at| at.hash != *hash)
        };
        if newest && world.told.committed.iter().any(lacks) {
            world.told.breaks(Law::Lost);
        }
    }

    /// A process is dead: what is on its way to it is gone, and followers hear of it at once.
    pub(crate) fn gone(&mut self, index: usize) {
        let pods = self.play.pods;
        for other in 0..pods {
            self.world.wires[other * pods + index].clear();
        }
        self.world.open[index] = 0;
        for other in (0..pods).filter(|other| *other != index) {
            if !self.world.nodes[other].serves() {
                self.unlink(other, index, true);
            }
        }
    }
    /// This pod finds that one gone.
    pub(crate) fn unlink(&mut self, index: usize, other: usize, refused: bool) {
        if self.world.open[index] >> other & 1 == 1 {
            self.world.open[index] &= !(1 << other);
            let pod = self.world.nodes[other].pod.clone();
            self.give(index, Input::Disconnected { pod, refused });
        }
    }
    /// This pod finds that one there.
    pub(crate) fn link(&mut self, index: usize, other: usize) {
        if self.world.nodes[index].is_up() && self.world.nodes[other].is_up() {
            self.world.open[index] |= 1 << other;
            let peer = self.world.nodes[other].me();
            self.give(index, Input::Connected(peer));
        }
    }
    /// A process has started: it and all others meet.
    pub(crate) fn meet_all(&mut self, index: usize) {
        for other in (0..self.play.pods).filter(|other| *other != index) {
            self.link(index, other);
            self.link(other, index);
        }
    }
    pub(crate) fn deliver(&mut self, from: usize, to: usize) {
        let wire = &mut self.world.wires[from * self.play.pods + to];
        if wire.is_empty() {
            return;
        }
        let packet = Arc::unwrap_or_clone(wire.remove(0));
        self.give(to, Input::Receive { from: packet.from, message: packet.message });
    }

    /// A write of the view lands.
    pub(crate) fn land(&mut self, put: usize) {
        let put = self.world.store.puts.remove(put);
        self.write(put.proposal.next.clone());
    }
    pub(crate) fn write(&mut self, next: View) {
        let before = self.world.store.last().clone();
        let (was, is) = (before.in_sync.len(), next.in_sync.len());
        if next.epoch == before.epoch && is < was {
            self.reached.push(Reached::Shrunk);
        }
        if next.pairs().any(|(pod, storage)| !before.holds(pod, storage)) {
            self.reached.push(Reached::Grown);
        }
        if (&next.members, next.min_in_sync) != (&before.members, before.min_in_sync) {
            self.reached.push(Reached::Wished);
        }
        if matches!(next.change.cause, Cause::Leaving | Cause::Asked) {
            self.reached.push(Reached::Resigned);
        }
        self.world.store.write(next, self.play);
    }

    /// Looks at the laws that hold at every moment.
    pub(crate) fn done(mut self) -> World {
        self.fit();
        self.world
    }
    pub(crate) fn fit(&mut self) {
        let world = &mut self.world;
        let held = |node: &Arc<Node>| node.core.as_ref().and_then(|core| core.view()).map_or(0, |view| view.version);
        let seen_by_all = world.nodes.iter().map(held).min().unwrap_or(0);
        world.store.forget(seen_by_all, self.play);
        if world.store.is_lost() {
            return;
        }
        let view = world.store.last();
        let in_set = world.nodes.iter().filter(|node| view.holds(&node.pod, node.disk.storage) && !node.set_back);
        let thin = |node: &Arc<Node>| world.told.committed.iter().any(|(seq, (hash, _))| !node.disk.holds(*seq, *hash));
        let mut in_set = in_set.peekable();
        let destroyed = world.used.wipes + world.used.set_backs > 0;
        if in_set.peek().is_none() && !destroyed {
            world.told.breaks(Law::Lost);
        } else if in_set.any(thin) {
            world.told.breaks(Law::Thin);
        }
    }

    pub(crate) fn go(&mut self, step: &Move) {
        self.used(step);
        match step {
            Move::Deliver { from, to } => self.deliver(*from, *to),
            Move::Sync { pod } => self.act(*pod, |node, play, effects| node.sync_one(play, effects)),
            Move::Learn { pod, version } => {
                let view = self.world.store.views.iter().find(|view| view.version == *version).cloned();
                if let Some(view) = view {
                    self.give(*pod, Input::View(View::clone(&view)));
                }
            }
            Move::Look { pod } => {
                let held = self.world.nodes[*pod].core.as_ref().and_then(|core| core.view()).map_or(0, |v| v.version);
                let view = self.world.store.current().map(|view| View::clone(view));
                Arc::make_mut(&mut self.world.nodes[*pod]).looks = false;
                self.give(*pod, Input::Stored { held, view });
            }
            Move::Operate { pod, key } => self.request(*pod, Some(*key)),
            Move::Read { pod } => self.request(*pod, None),
            Move::Land { put } => self.land(*put),
            Move::Promote { next, later } => {
                let proposal = Arc::new(Proposal { base: next.version - 1, next: View::clone(next) });
                let put = Put { proposal, by: By::Controller };
                if *later {
                    self.world.store.ask(put);
                } else if self.world.store.takes(&put, self.play) {
                    self.write(View::clone(next));
                }
            }
            Move::Wish { next } => self.write(View::clone(next)),
            Move::Crash { pod } => self.crash(*pod),
            Move::PowerCut => (0..self.play.pods).for_each(|pod| self.crash(pod)),
            Move::Restart { pod } => self.start(*pod),
            Move::Wipe { pod } => {
                self.crash(*pod);
                let keeps = self.play.mistake == Some(Mistake::KeepsStorage);
                self.act(*pod, |node, _, _| node.wipe(keeps));
                self.start(*pod);
            }
            Move::BackUp { pod } => self.act(*pod, |node, _, _| node.shelf = Some(Arc::new(node.disk.clone()))),
            Move::SetBack { pod } => self.set_back(*pod),
            Move::Notice { pod, other } | Move::Doubt { pod, other } => self.unlink(*pod, *other, true),
            Move::Meet { pod, other } => self.link(*pod, *other),
            Move::Break { one, other } => self.break_off(*one, *other),
            Move::Leave { pod } => self.give(*pod, Input::Leave),
            Move::HandOver { pod, to } => {
                let epoch = self.world.store.last().epoch;
                let to = self.world.nodes[*to].pod.clone();
                self.give(*pod, Input::HandOver { to, epoch });
            }
            Move::Wait { pod } => self.act(*pod, |node, play, effects| node.wait(play, effects)),
            Move::BeginSnapshot { pod } => self.act(*pod, |node, _, _| node.begin_snapshot()),
            Move::EndSnapshot { pod } => self.act(*pod, |node, play, effects| node.end_snapshot(play, effects)),
            Move::Fetch { pod } => self.fetch(*pod),
            Move::LoseView => self.world.store.missing = true,
            Move::RollBack { version } => {
                let older = self.world.store.views.iter().find(|view| view.version == *version).cloned();
                self.world.store.views.extend(older);
            }
            Move::Begin { pods } => self.world.fence = repair::fence(&self.world, *pods, self.play),
            Move::Fence { pod } => {
                if let Some(fence) = self.world.fence.clone() {
                    self.give(*pod, Input::Fence(fence));
                }
            }
            Move::Rebuild { pods } => self.rebuild(*pods),
            Move::Force { keep } => self.force(*keep),
        }
    }

    fn request(&mut self, pod: usize, key: Option<Key>) {
        let floor = self.world.told.shown;
        self.act(pod, |node, play, effects| node.request(key, floor, play, effects));
    }
    fn crash(&mut self, pod: usize) {
        if self.world.nodes[pod].is_up() {
            self.act(pod, |node, _, _| node.die(0));
            self.gone(pod);
        }
    }
    /// What its last process sent has come before this one is met, or never will.
    fn start(&mut self, pod: usize) {
        for other in 0..self.play.pods {
            self.world.wires[pod * self.play.pods + other].clear();
        }
        self.act(pod, |node, _, _| node.start());
        self.meet_all(pod);
    }
    fn set_back(&mut self, pod: usize) {
        self.crash(pod);
        self.act(pod, |node, _, _| {
            if let Some(shelf) = node.shelf.take() {
                node.disk = Disk::clone(&shelf);
                node.disk.queue.clear();
                node.set_back = true;
            }
        });
        self.start(pod);
    }
    fn break_off(&mut self, one: usize, other: usize) {
        let pods = self.play.pods;
        for (from, to) in [(one, other), (other, one)] {
            self.world.wires[from * pods + to].clear();
        }
        for (from, to) in [(one, other), (other, one)] {
            self.unlink(from, to, false);
            self.link(from, to);
        }
    }
    fn fetch(&mut self, pod: usize) {
        let Some(from) = self.world.nodes[pod].fetching.clone() else { return };
        let from = self.world.index(&from);
        let Some(snapshot) = self.world.nodes[from].disk.snapshot.clone() else { return };
        self.reached.push(Reached::Installed);
        self.act(pod, |node, play, effects| node.install(snapshot, play, effects));
    }
    fn rebuild(&mut self, pods: u8) {
        if let Some(next) = repair::rebuild(&self.world, pods, self.play) {
            self.reached.push(Reached::Rebuilt);
            self.world.fence = None;
            self.world.store.write(next, self.play);
        }
    }
    fn force(&mut self, keep: usize) {
        if let Some(next) = repair::force(&self.world, keep) {
            self.world.told.begin_anew(next.epoch.loss);
            self.world.store.write(next, self.play);
        }
    }
}
