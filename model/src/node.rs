//! A pod: its disk and, while it is up, the real core with the application over it. Gives inputs to the core and carries out what it asks.
use crate::disk::{Disk, Snapshot};
use crate::machine::{Key, Machine, delta, key};
use crate::mistake::Mistake;
use crate::play::Play;
use group::{BootId, Core, Input, Message, Now, Output, Peer, Pod, Proposal, Role, Seq, Serving, StorageId, Time};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// A wait of the clock, in ms: longer than all patience of the protocol.
const WAIT_MS: u64 = 700;

/// What a step of one pod means to the rest of the world.
pub(crate) enum Effect {
    Send(Pod, Message),
    Propose(Proposal),
    /// It knows these entries, (number, chain, key), to be committed.
    Committed(Vec<(Seq, u64, Option<Key>)>),
    /// It leads now.
    Leads,
    /// A client was answered.
    Answered(Answer),
    /// The process ended.
    Down,
    /// It refuses to go on (P4), or an assertion of the core failed.
    Broken(Broken),
}

/// What must never happen inside a member.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Broken {
    Halted,
    Asserts,
}

/// An answer, and what must hold of it.
#[derive(Clone, Hash)]
pub(crate) struct Answer {
    /// The operation that was asked for, and the entry at which it was executed; none for a read.
    pub(crate) key: Option<(Key, Seq)>,
    /// The last entry it was computed from.
    pub(crate) index: Seq,
    /// What clients had been shown when it was asked for.
    pub(crate) floor: Seq,
}

/// Someone who waits for an answer that appended nothing.
#[derive(Clone)]
struct Ask {
    ticket: u64,
    answer: Answer,
}

/// A pod.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) pod: Pod,
    pub(crate) index: usize,
    pub(crate) core: Option<Core>,
    pub(crate) disk: Disk,
    /// An older copy of its disk.
    pub(crate) shelf: Option<Arc<Disk>>,
    /// Its disk was set back to the older copy, and nobody has noticed yet.
    pub(crate) set_back: bool,
    /// It halts, and looks at the store before it gives its disk up (V3).
    pub(crate) looks: bool,
    boots: u64,
    storages: u128,
    machine: Machine,
    asks: Vec<Ask>,
    writes: Vec<(Seq, Answer)>,
    tickets: u64,
    /// Whose snapshot it is to fetch.
    pub(crate) fetching: Option<Pod>,
    /// A walk of the state, to be published once its end is committed.
    pub(crate) walk: Option<Arc<Snapshot>>,
    waits: u64,
    digest: [u64; 2],
}

impl Node {
    pub(crate) fn new(index: usize) -> Node {
        let disk = Disk::blank(StorageId(100 + 16 * index as u128));
        Node {
            pod: Pod::new(["a", "b", "c", "d"][index]),
            index,
            core: None,
            disk,
            shelf: None,
            set_back: false,
            looks: false,
            boots: 0,
            storages: 0,
            machine: Machine::default(),
            asks: vec![],
            writes: vec![],
            tickets: 0,
            fetching: None,
            walk: None,
            waits: 0,
            digest: [0; 2],
        }
    }
    pub(crate) fn me(&self) -> Peer {
        let boot = BootId(16 * self.index as u128 + u128::from(self.boots));
        Peer { pod: self.pod.clone(), storage: self.disk.storage, boot }
    }
    pub(crate) fn is_up(&self) -> bool {
        self.core.is_some()
    }
    pub(crate) fn serves(&self) -> bool {
        self.core.as_ref().is_some_and(|core| core.serving() == Serving::Yes)
    }
    /// The loss number of the view it holds.
    pub(crate) fn loss(&self) -> u64 {
        self.core.as_ref().and_then(|core| core.view()).map_or(0, |view| view.epoch.loss)
    }
    fn now(&self) -> Now {
        Now { mono: Time(0).plus_ms(self.waits * WAIT_MS), wall: 0 }
    }
    /// What it says of itself.
    pub(crate) fn status(&self) -> Option<group::Status> {
        self.core.as_ref().map(|core| core.status(self.now()))
    }

    /// Starts a process on what the disk holds.
    pub(crate) fn start(&mut self) {
        self.boots += 1;
        let me = self.me();
        let core = Core::new(self.disk.recover(&me.pod, me.boot));
        self.machine = self.disk.snapshot.as_ref().map_or_else(Machine::default, |snapshot| snapshot.machine.clone());
        self.machine.apply(core.entries(self.machine.applied, core.commit()));
        self.core = Some(core);
        self.waits = 0;
    }
    /// The process dies; of what it had asked of its disk the first so many things are done.
    pub(crate) fn die(&mut self, done: usize) {
        for _ in 0..done {
            self.disk.do_one();
        }
        self.disk.queue.clear();
        self.core = None;
        self.asks.clear();
        self.writes.clear();
        self.tickets = 0;
        (self.fetching, self.walk) = (None, None);
        self.looks = false;
    }
    /// The disk is another one, empty.
    pub(crate) fn wipe(&mut self, keeps_name: bool) {
        self.storages += u128::from(!keeps_name);
        self.disk = Disk::blank(StorageId(100 + 16 * self.index as u128 + self.storages));
        self.set_back = false;
    }

    /// Gives the core one input and carries out what that causes.
    pub(crate) fn give(&mut self, input: Input, play: &Play, effects: &mut Vec<Effect>) {
        let now = self.now();
        let mut out = vec![];
        let Some(core) = &mut self.core else { return };
        let step = AssertUnwindSafe(|| {
            core.step(now, input, &mut out);
            core.flush(now, &mut out);
        });
        if catch_unwind(step).is_err() {
            self.die(0);
            effects.push(Effect::Broken(Broken::Asserts));
            return;
        }
        self.carry_all(out, play, effects);
    }
    /// Time passes.
    pub(crate) fn wait(&mut self, play: &Play, effects: &mut Vec<Effect>) {
        self.waits += 1;
        let (now, mut out) = (self.now(), vec![]);
        let Some(core) = &mut self.core else { return };
        core.flush(now, &mut out);
        self.carry_all(out, play, effects);
    }
    /// The disk does the oldest thing that it was asked for.
    pub(crate) fn sync_one(&mut self, play: &Play, effects: &mut Vec<Effect>) {
        if let Some(output) = self.disk.do_one() {
            self.give(completion(&output), play, effects);
        }
    }
    /// The disk does all that it was asked for, with one sync.
    fn sync(&mut self, play: &Play, effects: &mut Vec<Effect>) {
        let mut done = vec![];
        while let Some(output) = self.disk.do_one() {
            done.push(output);
        }
        for output in done {
            self.give(completion(&output), play, effects);
        }
    }

    fn carry_all(&mut self, out: Vec<Output>, play: &Play, effects: &mut Vec<Effect>) {
        for output in out {
            if self.carry(output, play, effects).is_none() {
                self.disk.queue.clear();
                effects.push(Effect::Down);
                return;
            }
        }
        if play.instant_disks && !self.disk.queue.is_empty() {
            self.sync(play, effects);
        }
    }
    /// `None`: the process has ended.
    fn carry(&mut self, output: Output, play: &Play, effects: &mut Vec<Effect>) -> Option<()> {
        match output {
            Output::Save { .. } if play.mistake == Some(Mistake::ForgetsPromise) => {
                self.give(completion(&output), play, effects);
            }
            Output::Write { .. } if play.mistake == Some(Mistake::AcknowledgesBeforeSync) => {
                self.disk.queue.push_back(output.clone());
                self.give(completion(&output), play, effects);
            }
            Output::Write { .. } | Output::Save { .. } => self.disk.queue.push_back(output),
            Output::Send { to, message } => effects.push(Effect::Send(to, message)),
            Output::Propose(proposal) => effects.push(Effect::Propose(proposal)),
            Output::Committed { seq } => self.committed(seq, effects),
            Output::ReadReady { ticket } => self.ready(ticket, effects),
            Output::Lead { .. } => {
                let core = self.core.as_ref()?;
                if play.mistake != Some(Mistake::ForgetsKeys) {
                    self.machine.apply(core.entries(self.machine.applied, core.tail().seq));
                }
                effects.push(Effect::Leads);
            }
            Output::FetchSnapshot { from, .. } => self.fetching = Some(from),
            Output::Changed(Role::Halted) if !self.set_back && !self.core.as_ref()?.is_left_behind() => {
                effects.push(Effect::Broken(Broken::Halted));
            }
            Output::ReadView { .. } => self.looks = self.core.as_ref()?.role() == Role::Halted,
            Output::Changed(_) | Output::Viewed(_) | Output::Trim { .. } => {}
            Output::Reset { .. } => {
                self.die(0);
                self.wipe(false);
                return None;
            }
            Output::Exit { .. } => {
                self.die(0);
                return None;
            }
        }
        Some(())
    }

    fn committed(&mut self, seq: Seq, effects: &mut Vec<Effect>) {
        let Some(core) = &self.core else { return };
        self.machine.apply(core.entries(self.machine.applied, seq));
        let known = core.entries(0, seq).map(|entry| (entry.seq, entry.hash(), key(entry))).collect();
        effects.push(Effect::Committed(known));
        while self.writes.first().is_some_and(|(last, _)| *last <= seq) {
            effects.push(Effect::Answered(self.writes.remove(0).1));
        }
    }
    fn ready(&mut self, ticket: u64, effects: &mut Vec<Effect>) {
        while self.asks.first().is_some_and(|ask| ask.ticket <= ticket) {
            effects.push(Effect::Answered(self.asks.remove(0).answer));
        }
    }

    /// A client's operation, or its repetition (E1), or a read.
    pub(crate) fn request(&mut self, wanted: Option<Key>, floor: Seq, play: &Play, effects: &mut Vec<Effect>) {
        let Some(core) = &self.core else { return };
        let index = core.tail().seq;
        let executed = wanted.and_then(|key| Some((key, *self.machine.keys.get(&key)?)));
        match wanted.filter(|_| executed.is_none()) {
            Some(key) => {
                let seq = index + 1;
                self.machine.keys.insert(key, seq);
                self.machine.applied = seq;
                let answer = Answer { key: Some((key, seq)), index: seq, floor };
                if let Some(Mistake::AnswersBeforeCommit) = play.mistake {
                    effects.push(Effect::Answered(answer.clone()));
                }
                self.writes.push((seq, answer));
                self.give(Input::Propose { at: 0, body: delta(key) }, play, effects);
            }
            None => {
                let answer = Answer { key: executed, index, floor };
                if let Some(Mistake::AnswersAtOnce) = play.mistake {
                    return effects.push(Effect::Answered(answer));
                }
                self.tickets += 1;
                self.asks.push(Ask { ticket: self.tickets, answer });
                self.give(Input::Read { ticket: self.tickets }, play, effects);
            }
        }
    }

    /// Walks the state: what it holds now, committed or not.
    pub(crate) fn begin_snapshot(&mut self) {
        let Some(core) = &self.core else { return };
        let Some(at) = core.position(self.machine.applied) else { return };
        let starts = core.starts().iter().filter(|row| row.seq <= at.seq).copied().collect();
        self.walk = Some(Arc::new(Snapshot { at, starts, machine: self.machine.clone() }));
    }
    /// Publishes the walk (W5: once its end is committed).
    pub(crate) fn end_snapshot(&mut self, play: &Play, effects: &mut Vec<Effect>) {
        let Some(snapshot) = self.walk.take() else { return };
        let at = snapshot.at;
        self.disk.snapshot = Some(snapshot);
        if self.core.as_ref().is_some_and(|core| at.seq <= core.commit()) {
            self.give(Input::SnapshotTaken { at }, play, effects);
        }
    }
    /// Takes a peer's snapshot in.
    pub(crate) fn install(&mut self, snapshot: Arc<Snapshot>, play: &Play, effects: &mut Vec<Effect>) {
        self.fetching = None;
        if self.core.as_ref().is_some_and(|core| snapshot.at.seq > core.commit()) {
            self.disk.install(snapshot.clone());
            self.machine = snapshot.machine.clone();
        }
        let (at, starts) = (snapshot.at, snapshot.starts.clone());
        self.give(Input::SnapshotInstalled { at, starts, reigns: vec![], format: 1 }, play, effects);
    }

    /// Computes what tells this pod from others; to be called after every change.
    pub(crate) fn settle(&mut self) {
        self.digest = [false, true].map(|barriers| {
            let mut into = Xxh3::new();
            self.alike(&mut into, barriers);
            into.finish()
        });
    }
    pub(crate) fn digest(&self, barriers: bool) -> u64 {
        self.digest[usize::from(barriers)]
    }
    /// Whether someone waits for a barrier.
    pub(crate) fn is_asked(&self) -> bool {
        !self.asks.is_empty()
    }
    fn alike(&self, into: &mut Xxh3, barriers: bool) {
        let Node { pod, index: _, core, disk, shelf, set_back, looks, boots, storages, machine, asks, writes, .. } =
            self;
        (pod, set_back, looks, boots, storages, machine).hash(into);
        core.is_some().hash(into);
        if let Some(core) = core {
            core.alike(into, barriers);
        }
        disk.alike(into);
        shelf.is_some().hash(into);
        if let Some(shelf) = shelf {
            shelf.alike(into);
        }
        for ask in asks {
            ask.answer.hash(into);
        }
        (writes, &self.fetching, &self.walk, self.waits).hash(into);
    }
}

fn completion(output: &Output) -> Input {
    match output {
        Output::Write { write, .. } => Input::Written { write: *write },
        Output::Save { save, .. } => Input::Saved { save: *save },
        other => unreachable!("not for a disk: {other:?}"),
    }
}
