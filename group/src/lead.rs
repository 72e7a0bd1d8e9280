//! A member that leads: appends, sends, counts acknowledgements, commits, holds reads until the barrier is answered.
//! Who belongs to the set is decided next door, in `sets.rs`; how it hands over, in `leave.rs`.
use crate::entry::{Body, Start};
use crate::ids::{Epoch, Now, Pod, Position, Seq, StorageId, Time, Wall};
use crate::io::{Output, Stop};
use crate::leave::Drain;
use crate::limits::{APPEND_BYTES, IN_FLIGHT_BYTES, STALLED_MS};
use crate::local::{Link, Local};
use crate::message::{EpochStart, Message, Peer};
use crate::mistake::planted;
use crate::progress::{Ages, Held, Progress, Stage};
use crate::sets::Sets;
use crate::status::{Sign, Suspect};
use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

/// A read that waits for its barrier (R1) and for the commit index (W4).
#[derive(Clone)]
struct Read {
    ticket: u64,
    /// The last entry appended when it was computed.
    index: Seq,
    /// Answers with a lower nonce may have been made before it came.
    nonce: u64,
}

/// The state of a reign.
#[derive(Clone)]
pub(crate) struct Lead {
    pub(crate) epoch: Epoch,
    /// The entry that began this epoch; nothing is committed before it is (P3).
    pub(crate) start: Seq,
    pub(crate) peers: BTreeMap<Pod, Progress>,
    pub(crate) held: BTreeMap<StorageId, Held>,
    pub(crate) ages: Ages,
    pub(crate) sets: Sets,
    pub(crate) drain: Option<Drain>,
    nonce: u64,
    reads: VecDeque<Read>,
    /// Since when something has waited to be committed, without any commit.
    waiting_since: Option<Time>,
    format_proposed: u16,
}

/// What a member told of its log.
pub(crate) struct Promise {
    pub(crate) starts: Vec<EpochStart>,
    pub(crate) tail: Position,
    pub(crate) commit: Seq,
    pub(crate) format: u16,
    pub(crate) clock: Wall,
}

impl Lead {
    /// See `Core::alike`.
    pub(crate) fn alike(&self, into: &mut impl Hasher, barriers: bool) {
        let Lead { epoch, start, peers, held, ages, sets, drain, nonce, reads, waiting_since, format_proposed } = self;
        (epoch, start, waiting_since, format_proposed).hash(into);
        for (pod, progress) in peers {
            pod.hash(into);
            progress.alike(into, barriers);
        }
        for (storage, held) in held {
            (storage, held.seq, held.boot, if barriers { held.nonce } else { 0 }).hash(into);
        }
        (peers.len(), held.len(), drain).hash(into);
        ages.alike(into);
        sets.alike(into);
        if barriers {
            nonce.hash(into);
            reads.iter().for_each(|read| (read.index, read.nonce).hash(into));
        }
    }

    /// Begins a reign: the epoch's first entry is appended, everyone is asked for a promise (P3).
    pub(crate) fn begin(local: &mut Local, now: Now, previous: Option<Pod>, out: &mut Vec<Output>) -> Lead {
        let view = local.view.clone().expect("a view names the primary");
        let (primary, boot) = (view.primary.clone(), view.primary_boot);
        let start = Start { primary, boot, previous, change: view.change, seen_at: now.wall };
        local.append(now.wall, Body::Start(start));
        let mut lead = Lead {
            epoch: view.epoch,
            start: local.log.tail().seq,
            peers: BTreeMap::new(),
            held: BTreeMap::new(),
            ages: Ages::after(local.log.tail().seq - 1),
            sets: Sets::default(),
            drain: None,
            nonce: 0,
            reads: VecDeque::new(),
            waiting_since: None,
            format_proposed: local.format,
        };
        lead.meet(local, out);
        out.push(Output::Lead { epoch: lead.epoch });
        lead
    }

    /// Looks who is a member now, and begins to talk to those it has not met.
    pub(crate) fn meet(&mut self, local: &Local, out: &mut Vec<Output>) {
        let Some(view) = &local.view else { return };
        let wanted = view.members.iter().chain(view.in_sync.keys());
        for pod in wanted.filter(|pod| **pod != local.me.pod) {
            if self.peers.contains_key(pod) {
                continue;
            }
            self.peers.insert(pod.clone(), Progress::new());
            match local.links.get(pod) {
                Some(Link::Up(peer)) => self.connected(local, peer, out),
                Some(Link::Refused) => self.disconnected(pod, true),
                _ => {}
            }
        }
        self.peers.retain(|pod, _| view.members.contains(pod) || view.in_sync.contains_key(pod));
    }

    pub(crate) fn connected(&mut self, local: &Local, peer: &Peer, out: &mut Vec<Output>) {
        let Some(progress) = self.peers.get_mut(&peer.pod) else { return };
        if progress.peer.as_ref().is_some_and(|known| known.boot != peer.boot) {
            // What its last process wished and could do does not bind this one.
            progress.leaves = false;
            progress.format = None;
        }
        progress.peer = Some(peer.clone());
        progress.refused = false;
        progress.detector.hear();
        self.ask(local, &peer.pod.clone(), out);
    }
    pub(crate) fn disconnected(&mut self, pod: &Pod, refused: bool) {
        let Some(progress) = self.peers.get_mut(pod) else { return };
        progress.stage = Stage::Absent;
        progress.refused = refused;
    }
    /// Asks for a promise and the member's log.
    pub(crate) fn ask(&mut self, local: &Local, pod: &Pod, out: &mut Vec<Output>) {
        let (Some(progress), Some(view)) = (self.peers.get_mut(pod), &local.view) else { return };
        progress.stage = Stage::Asked;
        out.push(Output::Send { to: pod.clone(), message: Message::NewEpoch { view: view.clone() } });
    }

    /// A member promised and told its log: find where the logs part and send the rest (P3, P5, C1).
    pub(crate) fn promised(&mut self, local: &Local, now: Now, from: &Peer, told: Promise, out: &mut Vec<Output>) {
        let Some(progress) = self.peers.get_mut(&from.pod) else { return };
        // The last words of a process may arrive when its successor already speaks. Whoever is there now is asked on each connection.
        if progress.peer.as_ref() != Some(from) {
            return;
        }
        progress.detector.hear();
        progress.format = Some(told.format);
        progress.clock = Some((told.clock, now.mono));
        let tail = local.log.tail().seq;
        // P5. Another process of the same disk holds less than was acknowledged: its volume was restored. From the same
        // process it is only an old message.
        let held = self.held.get(&from.storage).filter(|held| held.boot != from.boot);
        if held.is_some_and(|held| held.seq > told.tail.seq) {
            out.push(Output::Send { to: from.pod.clone(), message: Message::Reset { epoch: self.epoch } });
            return;
        }
        if told.commit > tail {
            // A peer knows more committed than I hold: this disk is older than what it acknowledged.
            out.push(Output::Reset { why: Stop::Outdated });
            return;
        }
        match local.log.divergence(&told.starts, told.tail.seq) {
            Some(seq) if seq >= told.commit => {
                progress.stage = Stage::Streaming;
                progress.next = seq + 1;
                progress.sent_nonce = 0;
                progress.sent_commit = 0;
            }
            Some(_) => out.push(Output::Reset { why: Stop::Outdated }),
            // Whoever fetches already is reminded with the next heartbeat.
            None if progress.stage == Stage::Fetching => {}
            None => {
                progress.stage = Stage::Fetching;
                let message = Message::TakeSnapshot { epoch: self.epoch };
                out.push(Output::Send { to: from.pod.clone(), message });
            }
        }
    }

    pub(crate) fn acknowledged(&mut self, local: &Local, now: Now, from: &Peer, durable: Seq, nonce: u64, clock: Wall) {
        let Some(progress) = self.peers.get_mut(&from.pod) else { return };
        assert!(durable <= local.log.tail().seq, "{} acknowledges what was never sent", from.pod);
        progress.detector.hear();
        progress.clock = Some((clock, now.mono));
        let held = self.held.entry(from.storage).or_insert(Held { seq: 0, boot: from.boot, nonce: 0 });
        held.nonce = held.nonce.max(nonce);
        if durable >= held.seq {
            held.seq = durable;
            held.boot = from.boot;
        }
    }

    pub(crate) fn held_by(&self, storage: StorageId) -> Seq {
        self.held.get(&storage).map_or(0, |held| held.seq)
    }

    /// An answer that appended nothing waits for barrier and commit (R1, W4).
    pub(crate) fn read(&mut self, local: &Local, ticket: u64) {
        let index = local.log.tail().seq;
        let nonce = match () {
            () if planted(10) => self.nonce.saturating_sub(5),
            () if planted(29) => self.nonce,
            () => self.nonce + 1,
        };
        self.reads.push_back(Read { ticket, index, nonce });
    }

    /// W1: what every disk of the set, and of every open proposal's, holds; nothing before this epoch's start is there (P3).
    fn committable(&self, local: &Local) -> Option<Seq> {
        let view = local.view.as_ref().filter(|view| view.in_sync.len() >= view.min_in_sync)?;
        let mine = if planted(9) { local.log.tail().seq } else { local.log.durable() };
        let mut upto = mine;
        for (pod, storage) in self.sets.needed(view) {
            let is_me = *pod == local.me.pod && storage == local.me.storage;
            upto = upto.min(if is_me { mine } else { self.held_by(storage) });
        }
        ((upto >= self.start || planted(42)) && local.promise_is_saved()).then_some(upto.max(local.commit))
    }
    fn release_reads(&mut self, local: &Local, out: &mut Vec<Output>) {
        let Some(view) = &local.view else { return };
        if self.reads.is_empty() || view.in_sync.len() < view.min_in_sync || local.commit < self.start {
            return;
        }
        let set = self.sets.needed(view).filter(|(pod, storage)| !planted(30) || view.holds(pod, *storage));
        let others = set.filter(|(_, storage)| *storage != local.me.storage);
        let confirmed = |storage| self.held.get(&storage).map_or(0, |held| held.nonce);
        let now = |pod| self.peers.get(pod).and_then(|progress| progress.peer.as_ref()).map(|peer| peer.storage);
        let answers = others.map(|(pod, storage)| confirmed(now(pod).filter(|_| planted(28)).unwrap_or(storage)));
        let barrier = if planted(1) { answers.max() } else { answers.min() };
        let barrier = barrier.filter(|_| !planted(2)).unwrap_or(u64::MAX);
        let mut last = None;
        while let Some(read) = self.reads.front() {
            if read.index > local.commit || read.nonce > barrier {
                break;
            }
            last = Some(read.ticket);
            self.reads.pop_front();
        }
        if let Some(ticket) = last {
            out.push(Output::ReadReady { ticket });
        }
    }

    /// Sends each member what it lacks, and the barrier if someone waits for one.
    fn feed(&mut self, local: &Local, now: Now, out: &mut Vec<Output>) {
        // Entries make others drop what they acknowledged to an older primary. This process must not be able to forget its epoch
        // then and acknowledge the same to that primary, which would count both (P3).
        if !local.promise_is_saved() {
            return;
        }
        let wanted = self.reads.back().map_or(0, |read| read.nonce);
        for (pod, progress) in self.peers.iter_mut().filter(|(_, progress)| progress.stage == Stage::Streaming) {
            let held = progress.peer.as_ref().and_then(|peer| self.held.get(&peer.storage)).map_or(0, |held| held.seq);
            loop {
                let tail = local.log.tail().seq;
                let room = local.log.weight_between(held, progress.next - 1) < IN_FLIGHT_BYTES as u64;
                let entries = progress.next <= tail && room;
                let notice = local.commit > progress.sent_commit && local.commit == tail;
                if !entries && wanted <= progress.sent_nonce && !notice {
                    break;
                }
                if entries || wanted > progress.sent_nonce {
                    self.nonce += 1;
                    progress.sent_nonce = self.nonce;
                }
                if !send(local, now, self.epoch, pod, progress, room, out) {
                    break;
                }
            }
        }
    }

    pub(crate) fn tick(&mut self, local: &Local, now: Now, heartbeat: bool, out: &mut Vec<Output>) {
        let waits = local.log.tail().seq > local.commit;
        self.waiting_since = if waits { self.waiting_since.or(Some(now.mono)) } else { None };
        if !heartbeat {
            return;
        }
        let pods: Vec<Pod> = self.peers.keys().cloned().collect();
        for pod in pods {
            let Some(progress) = self.peers.get_mut(&pod) else { continue };
            progress.detector.tick();
            match progress.stage {
                Stage::Absent => {}
                Stage::Asked => self.ask(local, &pod, out),
                Stage::Fetching => {
                    let message = Message::TakeSnapshot { epoch: self.epoch };
                    out.push(Output::Send { to: pod, message });
                }
                // Someone whose disk is stuck cannot acknowledge entries, but answers this at once and shows that it lives.
                Stage::Streaming if progress.is_idle(now.mono) || !progress.detector.heard_lately() => {
                    self.nonce += 1;
                    progress.sent_nonce = self.nonce;
                    send(local, now, self.epoch, &pod, progress, false, out);
                }
                Stage::Streaming => {}
            }
        }
    }

    /// Everything that a turn of the loop has caused.
    pub(crate) fn flush(&mut self, local: &mut Local, now: Now, out: &mut Vec<Output>) {
        self.propose_format(local, now);
        local.write(out);
        let before = local.commit;
        self.ages.note(now.mono, local.log.tail().seq);
        if let Some(upto) = self.committable(local) {
            local.advance_commit(upto, out);
        }
        if local.commit > before {
            self.waiting_since = None;
        }
        self.ages.forget(now.mono, local.commit);
        self.release_reads(local, out);
        self.flush_drain(local, now, out);
        self.flush_sets(local, now, out);
        self.feed(local, now, out);
    }

    /// F1: a new format is announced in the log once every member can read it.
    fn propose_format(&mut self, local: &mut Local, now: Now) {
        let Some(view) = &local.view else { return };
        let others = view.members.iter().filter(|pod| **pod != local.me.pod);
        let others = others.filter(|_| !planted(45));
        // Who does not answer may come back as an older program than the one that promised.
        let answers = |progress: &&Progress| planted(45) || progress.is_answering();
        let known =
            others.map(|pod| self.peers.get(pod).filter(answers).and_then(|progress| progress.format).unwrap_or(0));
        let all = known.min().unwrap_or(local.speaks).min(local.speaks);
        if all > self.format_proposed && self.drain.is_none() {
            self.format_proposed = all;
            let at = self.log_time(local, now);
            local.append(at, Body::Format(all));
        }
    }

    /// T1: never falls; else the median of the in-sync members' clocks as their acknowledgements carried them.
    pub(crate) fn log_time(&self, local: &Local, now: Now) -> Wall {
        let last = local.log.last().map_or(0, |entry| entry.at);
        let mut clocks = vec![now.wall];
        let in_sync = local.view.iter().flat_map(|view| view.in_sync.keys());
        for (clock, heard) in in_sync.filter_map(|pod| self.peers.get(pod)?.clock) {
            clocks.push(clock + now.mono.ms_since(heard));
        }
        clocks.sort_unstable();
        last.max(clocks[(clocks.len() - 1) / 2])
    }
    pub(crate) fn is_stalled(&self, now: Now) -> bool {
        self.waiting_since.is_some_and(|since| now.mono.ms_since(since) >= STALLED_MS)
    }
    pub(crate) fn suspects(&self) -> Vec<Suspect> {
        let sign = |progress: &Progress| {
            if progress.refused { Some(Sign::Refused) } else { progress.detector.is_silent().then_some(Sign::Silent) }
        };
        let doubted = self.peers.iter().filter_map(|(pod, progress)| Some((pod.clone(), sign(progress)?)));
        doubted.map(|(pod, sign)| Suspect { pod, sign }).collect()
    }
    pub(crate) fn reads_wait(&self) -> bool {
        !self.reads.is_empty()
    }
}

/// One `Append` to one member, with as many entries as fit. `false` if its log lies too far back for that.
fn send(
    local: &Local,
    now: Now,
    epoch: Epoch,
    pod: &Pod,
    progress: &mut Progress,
    with_entries: bool,
    out: &mut Vec<Output>,
) -> bool {
    let Some(prev) = local.log.position(progress.next - 1) else {
        progress.stage = Stage::Fetching;
        out.push(Output::Send { to: pod.clone(), message: Message::TakeSnapshot { epoch } });
        return false;
    };
    let upto = if with_entries { local.log.tail().seq } else { prev.seq };
    let mut bytes = 0;
    let fits = |entry: &&crate::entry::Entry| {
        let first = bytes == 0;
        bytes += entry.weight();
        first || bytes <= APPEND_BYTES
    };
    let entries: Vec<_> = local.log.range(prev.seq, upto).take_while(fits).cloned().collect();
    progress.next += entries.len() as Seq;
    progress.sent_commit = local.commit;
    progress.sent_at = now.mono;
    let message = Message::Append { epoch, nonce: progress.sent_nonce, prev, entries, commit: local.commit };
    out.push(Output::Send { to: pod.clone(), message });
    true
}
