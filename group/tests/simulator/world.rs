//! The world of a run: events in virtual time, members, network, store, controllers and clients. The laws are next door.
mod control;
mod laws;

use crate::disk::Disk;
use crate::faults::{Fault, Mix};
use crate::luck::Luck;
use crate::process::{Ops, Process, clock};
use crate::store::Store;
use group::choose::Seen;
use group::{
    BootId, Cause, Change, Epoch, GroupId, Hash, Input, Message, Output, Peer, Pod, Proposal, Seq, Serving, StorageId,
    View, Writer,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const FAULTS_UNTIL: u64 = 20_000_000;
const END: u64 = 45_000_000;
const MS: u64 = 1000;
const STORE: usize = 99;

#[derive(Clone, Debug)]
enum Event {
    Tick(usize, u128),
    Deliver(usize, u128, Peer, Message),
    Link(usize, u128, Input),
    DiskDone(usize, u128),
    Land(Proposal, Writer, Option<(usize, u128)>),
    Seen(usize, u128, Input),
    Fetched(usize, u128, usize),
    Snapshot(usize),
    Start(usize),
    Submit,
    Read,
    Controller(usize),
    Fault,
    Heal(usize, usize),
}

struct Node {
    pod: Pod,
    disk: Disk,
    process: Option<Process>,
}

pub(crate) struct World {
    seed: u64,
    pub(crate) loud: bool,
    luck: Luck,
    mix: Mix,
    now: u64,
    order: u64,
    events: BTreeMap<(u64, u64), Event>,
    nodes: Vec<Node>,
    store: Store,
    /// Directions in which nothing passes; `(i, STORE)` cuts a member off from the view.
    cut: BTreeSet<(usize, usize)>,
    fifo: BTreeMap<(usize, usize), u64>,
    names: u128,
    next_op: u64,
    /// Operations that clients were shown.
    visible: Ops,
    /// What was committed at each place, by whoever said so first.
    committed: BTreeMap<Seq, Hash>,
    epochs: u64,
    reads: u64,
    suspected: bool,
    /// What the two controllers have seen, if they are the real ones in this run.
    controllers: Option<[Seen; 2]>,
    lines: Vec<String>,
    digest: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let mut luck = Luck::new(seed);
        let mix = Mix::draw(&mut luck);
        let nodes: Vec<Node> = (0..mix.replicas)
            .map(|i| Node {
                pod: Pod::new(&format!("r{i}")),
                disk: Disk::blank(StorageId(1000 + i as u128)),
                process: None,
            })
            .collect();
        let in_sync = nodes.iter().map(|node| (node.pod.clone(), node.disk.storage)).collect();
        let members = nodes.iter().map(|node| node.pod.clone()).collect();
        let change = Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 };
        let (group, epoch, primary_boot) = (GroupId(7), Epoch::new(0, 1), BootId(1));
        let (version, primary, min_in_sync) = (1, nodes[0].pod.clone(), mix.min_in_sync);
        let view = View { group, version, epoch, primary, primary_boot, in_sync, members, min_in_sync, change };
        let mut world = World {
            seed,
            loud: false,
            luck,
            mix,
            now: 0,
            order: 0,
            events: BTreeMap::new(),
            nodes,
            store: Store::new(view),
            cut: BTreeSet::new(),
            fifo: BTreeMap::new(),
            names: 1,
            next_op: 1,
            visible: Ops::default(),
            committed: BTreeMap::new(),
            epochs: 0,
            reads: 0,
            suspected: false,
            controllers: None,
            lines: vec![],
            digest: 0,
        };
        world.controllers = world.mix.real_controllers.then(Default::default);
        for i in 0..world.nodes.len() {
            world.at(i as u64, Event::Start(i));
        }
        for event in
            [Event::Submit, Event::Read, Event::Controller(0), Event::Controller(1), Event::Snapshot(0), Event::Fault]
        {
            world.at(10 * MS, event);
        }
        world
    }

    pub(crate) fn summary(&self) -> String {
        format!(
            "seed {} epochs {} visible {} reads {} digest {:x}",
            self.seed,
            self.epochs,
            self.visible.len(),
            self.reads,
            self.digest
        )
    }

    fn at(&mut self, delay: u64, event: Event) {
        self.order += 1;
        self.events.insert((self.now + delay, self.order), event);
    }
    fn say(&mut self, text: String) {
        self.digest = self.digest.wrapping_mul(31).wrapping_add(text.bytes().map(u64::from).sum::<u64>() + self.now);
        let line = format!("{:>9.3} {text}", self.now as f64 / 1000.0);
        if self.loud {
            println!("{line}");
        }
        self.lines.push(line);
    }
    fn fail(&self, law: &str) -> ! {
        let mut text = String::new();
        for line in self.lines.iter().rev().take(60).rev() {
            writeln!(text, "{line}").expect("the simulator holds it");
        }
        panic!("{text}\nseed {}: {law}", self.seed);
    }

    pub(crate) fn run(&mut self) {
        while let Some(((at, _), event)) = self.events.pop_first() {
            self.now = at;
            if at > END {
                break;
            }
            self.handle(event);
        }
        self.must_have_healed();
    }

    fn calm(&self) -> bool {
        self.now >= FAULTS_UNTIL
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Start(i) => self.start(i),
            Event::Tick(i, boot) => {
                self.give(i, boot, Input::Tick, Event::Tick(i, boot));
                if self.boot(i) == Some(boot) {
                    self.at(20 * MS, Event::Tick(i, boot));
                }
            }
            Event::Deliver(i, boot, ref from, ref message) => {
                let input = Input::Receive { from: from.clone(), message: message.clone() };
                self.give(i, boot, input, event);
            }
            Event::Seen(i, _, Input::View(_) | Input::Stored { .. }) if self.cut.contains(&(i, STORE)) => {}
            Event::Link(i, boot, ref input) | Event::Seen(i, boot, ref input) => {
                self.give(i, boot, input.clone(), event)
            }
            Event::DiskDone(i, boot) => self.disk_done(i, boot, event),
            Event::Land(proposal, writer, asker) => self.land(proposal, writer, asker),
            Event::Fetched(i, boot, from) => self.fetched(i, boot, from),
            Event::Snapshot(i) => self.snapshot(i),
            Event::Submit => self.submit(),
            Event::Read => self.read(),
            Event::Controller(which) => self.control(which),
            Event::Fault => self.fault(),
            Event::Heal(a, b) => {
                self.cut.remove(&(a, b));
            }
        }
    }

    fn boot(&self, i: usize) -> Option<u128> {
        self.nodes[i].process.as_ref().map(|process| process.boot)
    }
    fn peer(&self, i: usize) -> Option<Peer> {
        let node = &self.nodes[i];
        let boot = BootId(node.process.as_ref()?.boot);
        Some(Peer { pod: node.pod.clone(), storage: node.disk.storage, boot })
    }
    fn index(&self, pod: &Pod) -> usize {
        self.nodes.iter().position(|node| node.pod == *pod).expect("the simulator holds it")
    }
    fn pause_of(&self, i: usize) -> u64 {
        let until = self.nodes[i].process.as_ref().map_or(0, |process| process.paused_until);
        until.saturating_sub(self.now)
    }

    fn start(&mut self, i: usize) {
        if self.nodes[i].process.is_some() {
            return;
        }
        let boot = if self.names < 100 && self.now < 10 && i == 0 { 1 } else { self.names + 1 };
        self.names += 1;
        let boot = if boot == 1 { 1 } else { self.names };
        let node = &mut self.nodes[i];
        node.process = Some(Process::start(&node.disk, &node.pod, boot));
        self.say(format!("start r{i} boot {boot}"));
        self.at(20 * MS, Event::Tick(i, boot));
        let view = self.store.view.clone();
        self.at(MS, Event::Seen(i, boot, Input::View(view)));
        for j in 0..self.nodes.len() {
            if j != i && self.nodes[j].process.is_some() {
                self.link_up(i, j);
                self.link_up(j, i);
            }
        }
    }
    fn link_up(&mut self, at: usize, other: usize) {
        if let (Some(boot), Some(peer)) = (self.boot(at), self.peer(other)) {
            let delay = self.luck.between(50, 500);
            self.at(delay, Event::Link(at, boot, Input::Connected(peer)));
        }
    }
    fn stop(&mut self, i: usize, restart_in: u64) {
        if self.nodes[i].process.take().is_none() {
            return;
        }
        self.nodes[i].disk.crash(&mut self.luck);
        for j in 0..self.nodes.len() {
            if let Some(boot) = self.boot(j) {
                let refused = !self.cut.contains(&(j, i));
                let pod = self.nodes[i].pod.clone();
                let delay = self.luck.between(50, 500);
                self.at(delay, Event::Link(j, boot, Input::Disconnected { pod, refused }));
            }
        }
        self.at(restart_in, Event::Start(i));
    }

    /// Gives an input to a running process and carries out what it asks.
    fn give(&mut self, i: usize, boot: u128, input: Input, event: Event) {
        if self.boot(i) != Some(boot) {
            return;
        }
        let pause = self.pause_of(i);
        if pause > 0 {
            // Ticks do not pile up in a stopped process; everything else waits in its sockets.
            if !matches!(event, Event::Tick(..)) {
                self.at(pause, event);
            }
            return;
        }
        let now = clock(self.now);
        let mut out = vec![];
        let process = self.nodes[i].process.as_mut().expect("the simulator holds it");
        process.core.step(now, input, &mut out);
        process.core.flush(now, &mut out);
        self.carry_out(i, boot, out);
    }

    fn carry_out(&mut self, i: usize, boot: u128, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Write { .. } | Output::Save { .. } => {
                    self.nodes[i].disk.ask(output);
                    let delay = self.luck.between(self.mix.disk_us / 2, self.mix.disk_us * 2);
                    let after = self.fifo.get(&(i, i)).copied().unwrap_or(0).saturating_sub(self.now);
                    self.fifo.insert((i, i), self.now + after + delay);
                    self.at(after + delay, Event::DiskDone(i, boot));
                }
                Output::Send { to, message } => self.send(i, &to, message),
                Output::Propose(_) | Output::ReadView { .. } if self.cut.contains(&(i, STORE)) => {}
                Output::Propose(proposal) => {
                    let writer = Writer::Member(self.nodes[i].pod.clone());
                    self.say(format!("r{i} proposes v{} {:?}", proposal.next.version, proposal.next.in_sync.keys()));
                    self.put(proposal, writer, Some((i, boot)));
                }
                Output::ReadView { held } => {
                    let view = Some(self.store.view.clone());
                    let delay = self.luck.between(500, 5 * MS);
                    self.at(delay, Event::Seen(i, boot, Input::Stored { held, view }));
                }
                Output::Committed { seq } => self.committed(i, seq),
                Output::ReadReady { ticket } => self.read_ready(i, ticket),
                Output::Lead { epoch } => {
                    self.epochs += 1;
                    self.say(format!("r{i} leads {epoch}"));
                    let process = self.nodes[i].process.as_mut().expect("the simulator holds it");
                    process.apply(process.core.tail().seq);
                }
                Output::Changed(role) => self.say(format!("r{i} is {role:?}")),
                Output::Viewed(_) => {}
                Output::FetchSnapshot { from, .. } => {
                    let from = self.index(&from);
                    let delay = self.luck.between(MS, 200 * MS);
                    self.at(delay, Event::Fetched(i, boot, from));
                }
                Output::Trim { .. } => {}
                Output::Reset { why } => {
                    self.say(format!("r{i} resets: {why:?}"));
                    self.stop(i, 50 * MS);
                    self.format(i);
                    return;
                }
                Output::Exit { why } => {
                    self.say(format!("r{i} exits: {why:?}"));
                    let delay = self.luck.between(10 * MS, 100 * MS);
                    self.stop(i, delay);
                    return;
                }
            }
        }
    }

    fn send(&mut self, i: usize, to: &Pod, message: Message) {
        let j = self.index(to);
        let (Some(from), Some(boot)) = (self.peer(i), self.boot(j)) else { return };
        if self.cut.contains(&(i, j)) || self.luck.chance(self.mix.loss_percent) && !self.calm() {
            return;
        }
        let copies = if self.luck.chance(self.mix.duplicate_percent) { 2 } else { 1 };
        for _ in 0..copies {
            let mut due = self.now + self.luck.between(self.mix.delay_us / 2, self.mix.delay_us * 2);
            if !self.mix.reorder {
                due = due.max(self.fifo.get(&(i, j)).copied().unwrap_or(0) + 1);
                self.fifo.insert((i, j), due);
            }
            self.at(due - self.now, Event::Deliver(j, boot, from.clone(), message.clone()));
        }
    }

    fn put(&mut self, proposal: Proposal, writer: Writer, asker: Option<(usize, u128)>) {
        if self.luck.chance(self.mix.lost_write_percent) && !self.calm() {
            return;
        }
        let late = self.luck.chance(self.mix.late_write_percent) && !self.calm();
        let delay = if late { self.luck.between(100 * MS, 3_000 * MS) } else { self.luck.between(MS, 8 * MS) };
        self.at(delay, Event::Land(proposal, writer, asker));
    }
    fn land(&mut self, proposal: Proposal, writer: Writer, asker: Option<(usize, u128)>) {
        let done = self.store.swap(proposal, &writer);
        let view = self.store.view.clone();
        if done {
            self.say(format!(
                "view v{} {} {} {:?} by {writer:?}",
                view.version, view.epoch, view.primary, view.in_sync
            ));
            for i in 0..self.nodes.len() {
                if let Some(boot) = self.boot(i) {
                    let delay = if self.luck.chance(10) {
                        self.luck.between(MS, 500 * MS)
                    } else {
                        self.luck.between(100, 2 * MS)
                    };
                    self.at(delay, Event::Seen(i, boot, Input::View(view.clone())));
                }
            }
        } else if let Some((i, boot)) = asker {
            self.at(MS, Event::Seen(i, boot, Input::View(view)));
        }
    }

    fn disk_done(&mut self, i: usize, boot: u128, event: Event) {
        if self.boot(i) != Some(boot) {
            return;
        }
        let input = match self.nodes[i].disk.do_one() {
            Some(Output::Write { write, .. }) => Input::Written { write },
            Some(Output::Save { save, .. }) => Input::Saved { save },
            _ => return,
        };
        // The disk works on while the process is paused; only the news waits.
        let _ = event;
        self.give(i, boot, input.clone(), Event::Seen(i, boot, input));
    }

    fn snapshot(&mut self, i: usize) {
        let next = (i + 1) % self.nodes.len();
        let delay = self.luck.between(50 * MS, 1_500 * MS);
        self.at(delay, Event::Snapshot(next));
        let node = &mut self.nodes[i];
        let Some(boot) = node.process.as_ref().map(|process| process.boot) else { return };
        let Some(snapshot) = node.process.as_ref().and_then(Process::snapshot) else { return };
        if node.disk.snapshot.as_ref().is_some_and(|old| old.at.seq >= snapshot.at.seq) || !node.disk.holds(snapshot.at)
        {
            return;
        }
        let at = snapshot.at;
        node.disk.keep(snapshot);
        self.give(i, boot, Input::SnapshotTaken { at }, Event::Seen(i, boot, Input::SnapshotTaken { at }));
    }
    fn fetched(&mut self, i: usize, boot: u128, from: usize) {
        if self.boot(i) != Some(boot) {
            return;
        }
        let snapshot = self.nodes[from].disk.snapshot.clone().filter(|_| self.nodes[from].process.is_some());
        let Some(snapshot) = snapshot.filter(|_| !self.cut.contains(&(from, i)) && self.pause_of(i) == 0) else {
            return self.at(50 * MS, Event::Fetched(i, boot, from));
        };
        let node = &mut self.nodes[i];
        let process = node.process.as_mut().expect("the simulator holds it");
        let (at, starts) = (snapshot.at, snapshot.starts.clone());
        if at.seq > process.core.commit() {
            process.ops = snapshot.ops.clone();
            process.seen = Ops::default();
            process.ops.iter().for_each(|op| process.seen.insert(*op));
            process.applied = at.seq;
            node.disk.install(snapshot);
        }
        self.say(format!("r{i} installs snapshot {}", at.seq));
        let input = Input::SnapshotInstalled { at, starts, reigns: vec![], format: 1 };
        self.give(i, boot, input.clone(), Event::Seen(i, boot, input));
    }

    fn format(&mut self, i: usize) {
        self.names += 1;
        self.nodes[i].disk = Disk::blank(StorageId(2000 + self.names));
    }

    // Clients.

    fn serving(&mut self) -> Option<usize> {
        let serving: Vec<usize> = (0..self.nodes.len())
            .filter(|i| self.pause_of(*i) == 0)
            .filter(|i| self.nodes[*i].process.as_ref().is_some_and(|process| process.core.serving() == Serving::Yes))
            .collect();
        self.luck.pick(&serving).copied()
    }
    fn submit(&mut self) {
        let delay = self.luck.between(MS, 60 * MS);
        self.at(delay, Event::Submit);
        let Some(i) = self.serving() else { return };
        let op = self.next_op;
        self.next_op += 1;
        let process = self.nodes[i].process.as_mut().expect("the simulator holds it");
        let (boot, at) = (process.boot, process.core.log_time(clock(self.now)));
        let seq = process.core.tail().seq + 1;
        process.writes.insert(seq, op);
        process.ops.push(op);
        process.seen.insert(op);
        process.applied = seq;
        let input = Input::Propose { at, body: op.to_string().into() };
        self.give(i, boot, input, Event::Submit);
    }
    fn read(&mut self) {
        let delay = self.luck.between(MS, 80 * MS);
        self.at(delay, Event::Read);
        let Some(i) = self.serving() else { return };
        let visible = self.visible.clone();
        let process = self.nodes[i].process.as_mut().expect("the simulator holds it");
        process.next_ticket += 1;
        let ticket = process.next_ticket;
        process.reads.insert(ticket, (visible, process.seen.clone()));
        let boot = process.boot;
        self.give(i, boot, Input::Read { ticket }, Event::Read);
    }

    fn fault(&mut self) {
        if self.calm() {
            self.cut.clear();
            return;
        }
        let delay = self.luck.between(self.mix.fault_every_ms / 2, self.mix.fault_every_ms * 2) * MS;
        self.at(delay, Event::Fault);
        let fault = self.mix.next(&mut self.luck);
        let i = self.luck.between(0, self.nodes.len() as u64 - 1) as usize;
        let restart = self.luck.between(10, 1_500) * MS;
        self.say(format!("fault {fault:?} r{i}"));
        match fault {
            Fault::Crash => self.stop(i, restart),
            Fault::Wipe => self.wipe(i, restart),
            Fault::Pause => {
                let until = self.now + self.luck.between(20, 3_000) * MS;
                if let Some(process) = &mut self.nodes[i].process {
                    process.paused_until = until;
                }
            }
            Fault::Cut => self.cut_one(i),
            Fault::Isolate => self.isolate(i),
            Fault::Suspect => self.suspected = true,
            Fault::HandOver => self.ask_hand_over(i),
            Fault::Leave => {
                if let Some(boot) = self.boot(i) {
                    self.give(i, boot, Input::Leave, Event::Fault);
                }
            }
            Fault::PowerCut => (0..self.nodes.len()).for_each(|i| self.stop(i, restart)),
        }
    }
    /// A disk is lost; only where the group can bear it: another disk of the set must hold everything.
    fn wipe(&mut self, i: usize, restart: u64) {
        let view = &self.store.view;
        let others = view.pairs().filter(|(pod, storage)| {
            let j = self.index(pod);
            j != i && self.nodes[j].disk.storage == *storage
        });
        if others.count() + 1 < view.in_sync.len() || view.in_sync.len() < 2 {
            return;
        }
        self.stop(i, restart);
        self.format(i);
    }
    fn cut_one(&mut self, i: usize) {
        let j = (i + 1) % self.nodes.len();
        let both = self.luck.chance(50);
        let heal = self.luck.between(50, 4_000) * MS;
        for (a, b) in [(i, j), (j, i)].into_iter().take(if both { 2 } else { 1 }) {
            self.cut.insert((a, b));
            self.at(heal, Event::Heal(a, b));
        }
    }
    fn isolate(&mut self, i: usize) {
        let heal = self.luck.between(200, 4_000) * MS;
        let others: Vec<usize> = (0..self.nodes.len()).filter(|j| *j != i).collect();
        let ways = others.into_iter().flat_map(|j| [(i, j), (j, i)]).chain([(i, STORE)]);
        for (a, b) in ways.collect::<Vec<_>>() {
            self.cut.insert((a, b));
            self.at(heal, Event::Heal(a, b));
        }
        self.suspected = true;
    }
    fn ask_hand_over(&mut self, to: usize) {
        let pod = self.nodes[to].pod.clone();
        let view = self.store.view.clone();
        let primary = self.index(&view.primary);
        if let Some(boot) = self.boot(primary) {
            self.give(primary, boot, Input::HandOver { to: pod, epoch: view.epoch }, Event::Fault);
        }
    }
}
