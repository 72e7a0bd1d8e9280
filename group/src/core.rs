//! One member of the group: takes what happened, says what to do. Only dispatch and the change of seats are here; what a
//! follower and a primary do is in `follow.rs` and `lead.rs`.
use crate::entry::{Body, Cause, Entry, Reign};
use crate::follow::{Append, Follow};
use crate::ids::{Epoch, Now, Pod, Position, Seq, Time, Wall};
use crate::io::{Input, Output, Stop};
use crate::lead::{Lead, Promise};
use crate::limits::{HEARTBEAT_TICKS, LEAVE_MS, LOG_BYTES};
use crate::local::{Link, Local, Recovered};
use crate::log::Log;
use crate::message::{EpochStart, Message, Peer};
use crate::mistake::planted;
use crate::status::{Role, Status};
use crate::view::{Fence, View};
use std::hash::{Hash, Hasher};

/// Ticks between two looks at the store for a lost view (V3): a second.
const LOOK_TICKS: u64 = 50;

#[derive(Clone)]
enum Seat {
    Follow(Follow),
    Lead(Box<Lead>),
    /// It led this epoch until an operator's fence (V3). What it holds is neither answered nor committed; the next view ends the process (D1).
    Fenced {
        epoch: Epoch,
    },
}

/// Whether requests may be given to this member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Serving {
    /// It leads; every answer is held until it may leave.
    Yes,
    /// It leads but is handing over: ask again in a higher epoch, or when it serves again.
    Draining {
        /// Its epoch.
        epoch: Epoch,
    },
    /// It does not lead.
    No,
}

/// A member of the group. See the crate's page for how to drive it.
#[derive(Clone)]
pub struct Core {
    local: Local,
    seat: Seat,
    ticks: u64,
    leaving: Option<Time>,
    /// The primary of this epoch has called, and the disk is unsound: it is given up once the view is seen not to be lost.
    gives_up: Option<Epoch>,
    /// Where the last snapshot ends; the log is kept back to the one before, for learners who are fetching that.
    snapshot: Option<Position>,
}

impl Core {
    /// A member with what its disk told. It follows until a view names this very process.
    pub fn new(recovered: Recovered) -> Core {
        let local = Local::new(recovered);
        Core { local, seat: Seat::Follow(Follow::default()), ticks: 0, leaving: None, gives_up: None, snapshot: None }
    }

    /// Takes one thing that happened. What it causes in bulk comes with the next `flush`.
    pub fn step(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Tick => self.tick(now, out),
            Input::View(view) => self.learn(now, view, out),
            Input::Stored { held, view } => self.stored(now, held, view, out),
            Input::Connected(peer) => self.connected(peer, out),
            Input::Disconnected { pod, refused } => self.disconnected(pod, refused),
            Input::Receive { from, message } => self.receive(now, &from, message, out),
            Input::Written { write } => self.local.log.written(write),
            Input::Saved { save } => self.saved(save),
            Input::Propose { at, body } => self.propose(at, body),
            Input::Read { ticket } => self.read(ticket),
            Input::SnapshotTaken { at } => self.snapshot_taken(at, out),
            Input::SnapshotInstalled { at, starts, reigns, format } => self.installed(at, starts, reigns, format),
            Input::FetchGivenUp => self.fetch_given_up(),
            Input::Fence(fence) => self.fence(&fence, out),
            Input::Leave => self.leave(now, out),
            Input::HandOver { to, epoch } => self.hand_over(now, to, epoch, out),
            Input::DiskUnsound { why } => self.unsound(why, out),
        }
    }

    /// Says what the inputs since the last flush have caused: at most one write, and one message to each peer as a rule.
    pub fn flush(&mut self, now: Now, out: &mut Vec<Output>) {
        match &mut self.seat {
            Seat::Follow(follow) => follow.flush(&mut self.local, now, out),
            Seat::Lead(lead) => lead.flush(&mut self.local, now, out),
            Seat::Fenced { .. } => self.local.write(out),
        }
        self.shed(out);
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Output>) {
        self.ticks += 1;
        let heartbeat = self.ticks.is_multiple_of(HEARTBEAT_TICKS);
        match &mut self.seat {
            Seat::Follow(follow) => follow.tick(&self.local, now, heartbeat),
            Seat::Lead(lead) => lead.tick(&self.local, now, heartbeat, out),
            Seat::Fenced { .. } => {}
        }
        if self.ticks.is_multiple_of(LOOK_TICKS)
            && let Some(view) = &self.local.view
        {
            out.push(Output::ReadView { held: view.version });
        }
        self.tick_leave(now, heartbeat, out);
    }

    /// A view was seen: take it if it is newer than mine, and change seats if it says so.
    fn learn(&mut self, now: Now, view: View, out: &mut Vec<Output>) {
        let local = &mut self.local;
        let mine = local.group.is_none_or(|group| group == view.group);
        let let_in = local.group.is_some() || view.members.contains(&local.me.pod);
        let newer = local.view.as_ref().is_none_or(|held| view.version > held.version && view.epoch >= held.epoch);
        if !mine || !let_in || !newer || view.epoch < local.promised {
            return;
        }
        let former = local.view.clone();
        let anew = view.epoch > local.promised;
        let lossy = view.epoch.loss > former.as_ref().map_or(0, |former| former.epoch.loss);
        local.adopt(view, out);
        if lossy {
            local.judge_loss();
        }
        if anew {
            self.change_seat(now, former.map(|former| former.primary), out);
        } else if let (Seat::Lead(lead), Some(former)) = (&mut self.seat, former) {
            lead.sets.leave(&former);
            lead.drain_again();
            lead.meet(&self.local, out);
        }
        self.leave_if_out(out);
    }

    fn change_seat(&mut self, now: Now, previous: Option<Pod>, out: &mut Vec<Output>) {
        let by = self.local.promised;
        if !matches!(self.seat, Seat::Follow(_)) && !planted(43) {
            // D1: whatever is held is dropped with the process; front ends ask the next primary.
            let why = if self.leaving.is_some() { Stop::Left } else { Stop::Demoted { by } };
            out.push(Output::Exit { why });
            return;
        }
        let me = self.local.me.clone();
        if self.local.is_primary(&me) && self.local.is_sound() {
            let mut lead = Lead::begin(&mut self.local, now, previous, out);
            if self.leaving.is_some() {
                lead.drain(None, Cause::Leaving, now, out);
            }
            self.seat = Seat::Lead(Box::new(lead));
        } else {
            self.seat = Seat::Follow(Follow::default());
            if planted(11) {
                self.local.log.cut(self.local.commit);
            }
        }
        out.push(Output::Changed(self.role()));
    }

    /// V3: follows nothing below this any more, so that no view that the operator does not know of can count beside the rebuilt one.
    fn fence(&mut self, fence: &Fence, out: &mut Vec<Output>) {
        let local = &self.local;
        let goes_on = local.view.as_ref().is_some_and(|view| view.epoch > fence.continues);
        if local.group != Some(fence.group) || fence.epoch() <= local.promised || goes_on {
            return;
        }
        self.local.promise_epoch(fence.epoch(), out);
        self.seat = match &self.seat {
            Seat::Follow(_) => Seat::Follow(Follow::default()),
            Seat::Lead(lead) => Seat::Fenced { epoch: lead.epoch },
            Seat::Fenced { epoch } => Seat::Fenced { epoch: *epoch },
        };
        out.push(Output::Changed(self.role()));
    }

    fn saved(&mut self, save: u64) {
        self.local.saved(save);
        if let Seat::Lead(lead) = &mut self.seat
            && self.local.view_is_saved()
        {
            lead.sets.kept();
        }
    }

    /// V3: what a fresh read gave. Missing, older or another group's means lost, not new.
    fn stored(&mut self, now: Now, held: u64, view: Option<View>, out: &mut Vec<Output>) {
        let lost = match &view {
            None => self.local.view.is_some(),
            Some(view) => {
                let other = self.local.group.is_some_and(|group| group != view.group);
                let mine = self.local.view.as_ref().map_or(0, |view| view.version);
                let behind = view.version >= mine && view.epoch < self.local.promised;
                other || behind || view.version < held
            }
        };
        if lost != self.local.view_lost {
            self.local.view_lost = lost;
            out.push(Output::Changed(self.role()));
        }
        if let (Seat::Lead(lead), true) = (&mut self.seat, planted(12)) {
            lead.sets.settled();
        }
        if let Some(view) = view.filter(|_| !lost) {
            self.learn(now, view, out);
            if self.gives_up == Some(self.local.promised) {
                let why = if self.local.is_left_behind() { Stop::LossForced } else { Stop::Outdated };
                out.push(Output::Reset { why });
            }
        }
    }

    fn connected(&mut self, peer: Peer, out: &mut Vec<Output>) {
        self.local.links.insert(peer.pod.clone(), Link::Up(peer.clone()));
        if let Seat::Lead(lead) = &mut self.seat {
            lead.connected(&self.local, &peer, out);
        }
    }
    fn disconnected(&mut self, pod: Pod, refused: bool) {
        if let Seat::Lead(lead) = &mut self.seat {
            lead.disconnected(&pod, refused);
        }
        self.local.links.insert(pod, if refused { Link::Refused } else { Link::Down });
    }

    fn receive(&mut self, now: Now, from: &Peer, message: Message, out: &mut Vec<Output>) {
        match message {
            Message::News { view } => self.learn(now, view, out),
            Message::NewEpoch { view } => self.new_epoch(now, from, view, out),
            Message::Append { epoch, nonce, prev, entries, commit } => {
                let append = Append { nonce, prev, entries, commit };
                self.hear_primary(from, epoch, out, |follow, local, out| follow.append(local, append, out));
            }
            Message::TakeSnapshot { epoch } => {
                self.hear_primary(from, epoch, out, |follow, _, out| follow.take_snapshot(epoch, from, out));
            }
            Message::Reset { epoch } => {
                let mut is_called = false;
                self.hear_primary(from, epoch, out, |_, _, _| is_called = true);
                if is_called {
                    self.unsound("it holds less than it acknowledged (P5)".into(), out);
                    self.give_up(out);
                }
            }
            Message::Promised { epoch, starts, tail, commit, format, clock } => {
                let told = Promise { starts, tail, commit, format, clock };
                self.hear_member(epoch, |lead, local| lead.promised(local, now, from, told, out));
            }
            Message::Ack { epoch, durable, nonce, clock } => {
                self.hear_member(epoch, |lead, local| lead.acknowledged(local, now, from, durable, nonce, clock));
            }
            Message::Stale { promised, view } => self.stale(now, from, promised, view, out),
            Message::Leave => {
                if let Seat::Lead(lead) = &mut self.seat
                    && let Some(progress) = lead.peers.get_mut(&from.pod)
                    && progress.peer.as_ref() == Some(from)
                {
                    progress.leaves = true;
                }
            }
        }
    }

    fn new_epoch(&mut self, now: Now, from: &Peer, view: View, out: &mut Vec<Output>) {
        self.learn(now, view.clone(), out);
        if view.epoch < self.local.promised {
            return self.refuse(from, out);
        }
        if !self.local.is_primary(from) || view.epoch != self.local.promised {
            return;
        }
        if self.local.unhealthy.is_some() && self.local.halted.is_none() {
            self.give_up(out);
        } else if let Seat::Follow(follow) = &mut self.seat {
            follow.owe_promise();
        }
    }
    /// An unsound disk is of no use while a sound one leads: come back empty and be filled. But a view that was lost can only be
    /// rebuilt if every disk of its set answers (V3), and what this one knows of the view is sound: so first look whether it is lost.
    fn give_up(&mut self, out: &mut Vec<Output>) {
        let epoch = self.local.promised;
        if planted(46) {
            out.push(Output::Reset { why: Stop::Outdated });
        } else if self.gives_up.replace(epoch) != Some(epoch)
            && let Some(view) = &self.local.view
        {
            out.push(Output::ReadView { held: view.version });
        }
    }
    /// W2: who speaks in a lower epoch than promised is told of the higher one.
    fn refuse(&self, to: &Peer, out: &mut Vec<Output>) {
        let message = Message::Stale { promised: self.local.promised, view: self.local.view.clone() };
        out.push(Output::Send { to: to.pod.clone(), message });
    }
    /// Something only a primary says: done if it is the one of the epoch promised.
    fn hear_primary(
        &mut self,
        from: &Peer,
        epoch: Epoch,
        out: &mut Vec<Output>,
        act: impl FnOnce(&mut Follow, &mut Local, &mut Vec<Output>),
    ) {
        if epoch != self.local.promised {
            return self.refuse(from, out);
        }
        let rightful = self.local.is_primary(from) && self.local.is_sound();
        if let Seat::Follow(follow) = &mut self.seat
            && rightful
        {
            act(follow, &mut self.local, out);
        }
    }
    /// Something only said to a primary: heard if I lead that epoch.
    fn hear_member(&mut self, epoch: Epoch, act: impl FnOnce(&mut Lead, &Local)) {
        if let Seat::Lead(lead) = &mut self.seat
            && lead.epoch == epoch
        {
            act(lead, &self.local);
        }
    }
    fn stale(&mut self, now: Now, from: &Peer, promised: Epoch, view: Option<View>, out: &mut Vec<Output>) {
        if let Some(view) = view {
            self.learn(now, view, out);
        }
        if let Seat::Lead(lead) = &mut self.seat
            && promised < lead.epoch
        {
            lead.ask(&self.local, &from.pod, out);
        }
    }

    fn propose(&mut self, at: Wall, body: bytes::Bytes) {
        assert!(self.serving() == Serving::Yes, "changes are only given to a serving primary");
        self.local.append(at, Body::App(body));
    }
    fn read(&mut self, ticket: u64) {
        if let Seat::Lead(lead) = &mut self.seat {
            lead.read(&self.local, ticket);
        }
    }

    fn snapshot_taken(&mut self, at: Position, out: &mut Vec<Output>) {
        assert!(at.seq <= self.local.commit, "a snapshot holds committed entries only (W5)");
        if let Some(previous) = self.snapshot.replace(at) {
            self.trim(previous.seq, out);
        }
    }
    fn trim(&mut self, upto: Seq, out: &mut Vec<Output>) {
        self.local.log.trim(upto);
        out.push(Output::Trim { upto });
    }
    /// Drops the oldest entries when memory is short and a snapshot has them.
    fn shed(&mut self, out: &mut Vec<Output>) {
        if self.local.log.weight() > LOG_BYTES as u64
            && let Some(snapshot) = self.snapshot
            && snapshot.seq > self.local.log.base().seq
        {
            self.trim(snapshot.seq, out);
        }
    }
    fn installed(&mut self, at: Position, starts: Vec<EpochStart>, reigns: Vec<Reign>, format: u16) {
        let Seat::Follow(follow) = &mut self.seat else { return };
        if at.seq <= self.local.commit {
            return follow.installed(self.local.log.base());
        }
        self.local.log = Log::new(at, starts, vec![]);
        self.local.commit = at.seq;
        self.local.reigns = reigns.into();
        self.local.format = format;
        self.snapshot = Some(at);
        follow.installed(at);
    }

    fn fetch_given_up(&mut self) {
        if let Seat::Follow(follow) = &mut self.seat {
            follow.fetch_given_up();
        }
    }

    /// An unsound disk follows no one and leads no one; a primary ends at once, so that another is named.
    fn unsound(&mut self, why: String, out: &mut Vec<Output>) {
        self.local.unhealthy = Some(why);
        match &self.seat {
            Seat::Lead(_) => out.push(Output::Exit { why: Stop::Unsound }),
            Seat::Follow(_) | Seat::Fenced { .. } => out.push(Output::Changed(Role::Halted)),
        }
    }

    fn leave(&mut self, now: Now, out: &mut Vec<Output>) {
        self.leaving.get_or_insert(now.mono);
        let in_sync = self.local.in_sync();
        match &mut self.seat {
            Seat::Lead(lead) => lead.drain(None, Cause::Leaving, now, out),
            Seat::Follow(_) if in_sync && !planted(19) => self.say_leave(out),
            Seat::Follow(_) => out.push(Output::Exit { why: Stop::Left }),
            // Whoever rebuilds the view needs its answer: it goes with the next view, or when its time is up.
            Seat::Fenced { .. } => {}
        }
    }
    fn say_leave(&self, out: &mut Vec<Output>) {
        if let Some(view) = &self.local.view {
            out.push(Output::Send { to: view.primary.clone(), message: Message::Leave });
        }
    }
    fn tick_leave(&mut self, now: Now, heartbeat: bool, out: &mut Vec<Output>) {
        let Some(since) = self.leaving else { return };
        if now.mono.ms_since(since) >= LEAVE_MS {
            out.push(Output::Exit { why: Stop::Left });
        } else if heartbeat && matches!(self.seat, Seat::Follow(_)) {
            self.say_leave(out);
        }
    }
    fn leave_if_out(&self, out: &mut Vec<Output>) {
        if self.leaving.is_some() && matches!(self.seat, Seat::Follow(_)) && !self.local.in_sync() {
            out.push(Output::Exit { why: Stop::Left });
        }
    }
    fn hand_over(&mut self, now: Now, to: Pod, epoch: Epoch, out: &mut Vec<Output>) {
        let in_set = self.local.view.as_ref().is_some_and(|view| view.in_sync.contains_key(&to));
        if let Seat::Lead(lead) = &mut self.seat
            && lead.epoch == epoch
            && in_set
            && to != self.local.me.pod
        {
            lead.drain(Some(to), Cause::Asked, now, out);
        }
    }
}

/// What the shell may look at.
impl Core {
    /// Whether requests may be given now.
    pub fn serving(&self) -> Serving {
        match &self.seat {
            Seat::Lead(lead) if lead.drain.is_some() => Serving::Draining { epoch: lead.epoch },
            Seat::Lead(_) => Serving::Yes,
            Seat::Fenced { epoch } => Serving::Draining { epoch: *epoch },
            Seat::Follow(_) => Serving::No,
        }
    }
    /// The log time for the next change (T1), in ms since 1970. Never falls.
    pub fn log_time(&self, now: Now) -> Wall {
        match &self.seat {
            Seat::Lead(lead) => lead.log_time(&self.local, now),
            Seat::Follow(_) | Seat::Fenced { .. } => now.wall,
        }
    }
    /// The end of the log, on disk or not.
    pub fn tail(&self) -> Position {
        self.local.log.tail()
    }
    /// How far the log is known committed.
    pub fn commit(&self) -> Seq {
        self.local.commit
    }
    /// The oldest entry in memory.
    pub fn first_seq(&self) -> Seq {
        self.local.log.base().seq + 1
    }
    /// The entries after `from`, up to and with `upto`, as far as they are in memory.
    pub fn entries(&self, from: Seq, upto: Seq) -> impl Iterator<Item = &Entry> {
        self.local.log.range(from, upto)
    }
    /// The position of an entry in memory, or of the snapshot's end.
    pub fn position(&self, seq: Seq) -> Option<Position> {
        self.local.log.position(seq)
    }
    /// The epoch-start table of the log, for a snapshot.
    pub fn starts(&self) -> &[EpochStart] {
        self.local.log.starts()
    }
    /// The log format in force (F1).
    pub fn format(&self) -> u16 {
        self.local.format
    }
    /// The epoch promised, once the promise is on the disk (W2).
    pub fn promised(&self) -> Option<Epoch> {
        self.local.promise_is_saved().then_some(self.local.promised)
    }
    /// The newest view seen.
    pub fn view(&self) -> Option<&View> {
        self.local.view.as_ref()
    }
    /// Who this is.
    pub fn me(&self) -> &Peer {
        &self.local.me
    }
    /// The last reigns that the committed log tells of, oldest first.
    pub fn reigns(&self) -> impl Iterator<Item = &Reign> {
        self.local.reigns.iter()
    }
    /// What it does now.
    pub fn role(&self) -> Role {
        if !self.local.is_sound() {
            return Role::Halted;
        }
        match &self.seat {
            Seat::Lead(lead) if lead.drain.is_some() => Role::Draining,
            Seat::Lead(_) => Role::Primary,
            Seat::Fenced { .. } => Role::Draining,
            Seat::Follow(_) if self.local.view.is_none() => Role::Waiting,
            Seat::Follow(_) if self.local.in_sync() => Role::Backup,
            Seat::Follow(_) => Role::Learner,
        }
    }
    /// Whether a loss was forced (U1), or the view was rebuilt (V3), and this disk was not kept: it waits to be formatted anew.
    pub fn is_left_behind(&self) -> bool {
        self.local.is_left_behind()
    }
    /// What it says of itself to controllers and front ends.
    pub fn status(&self, now: Now) -> Status {
        let local = &self.local;
        let (suspects, stalled) = match &self.seat {
            Seat::Follow(follow) => (follow.suspects(local), follow.is_stalled(now)),
            Seat::Lead(lead) => (lead.suspects(), lead.is_stalled(now)),
            Seat::Fenced { .. } => (vec![], false),
        };
        let durable = local.log.durable();
        Status {
            me: local.me.clone(),
            group: local.group,
            role: self.role(),
            promised: local.kept_promise(),
            view: local.view.clone(),
            tail: local.log.position(durable).unwrap_or(local.log.base()),
            commit: local.commit,
            unhealthy: local.halted.clone().or_else(|| local.unhealthy.clone()),
            view_lost: local.view_lost,
            suspects,
            stalled,
            format: local.speaks,
            clock: now.wall,
        }
    }

    /// Feeds all that decides how this member goes on, so that whoever explores what can happen knows a state that it meets
    /// again. Two things do not count: numbers of writes, saves and tickets, of which only the order matters; and, as long as no
    /// heartbeat interval passes, who was heard when. `barriers`: whether nonces count; they decide nothing while nobody reads.
    pub fn alike(&self, into: &mut impl Hasher, barriers: bool) {
        let Core { local, seat, ticks: _, leaving, gives_up, snapshot } = self;
        local.alike(into);
        std::mem::discriminant(seat).hash(into);
        match seat {
            Seat::Follow(follow) => follow.alike(into, barriers),
            Seat::Lead(lead) => lead.alike(into, barriers),
            Seat::Fenced { epoch } => epoch.hash(into),
        }
        (leaving, gives_up, snapshot).hash(into);
    }
}
