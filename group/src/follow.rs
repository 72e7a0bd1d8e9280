//! A member that follows: backup or learner. Takes the primary's entries, syncs, acknowledges. Never proposes anything.
use crate::detector::Detector;
use crate::entry::Entry;
use crate::ids::{Epoch, Now, Pod, Position, Seq, Time};
use crate::io::{Output, Stop};
use crate::limits::STALLED_MS;
use crate::local::{Link, Local};
use crate::message::{Message, Peer};
use crate::mistake::planted;
use crate::status::{Role, Sign, Suspect};
use std::hash::{Hash, Hasher};

/// What a follower knows of the primary it follows, in the epoch promised.
#[derive(Clone, Default)]
pub(crate) struct Follow {
    detector: Detector,
    /// The highest nonce received.
    nonce: u64,
    /// Entries up to here are known to be the primary's.
    verified: Seq,
    /// How far the primary said it is committed.
    told: Seq,
    acked: (Seq, u64),
    /// An answer is due even if nothing new is durable.
    ack_due: bool,
    /// The primary waits for my log.
    owes_promise: bool,
    fetching: Option<Pod>,
    /// Since when entries have waited without any commit.
    waiting_since: Option<Time>,
}

/// Why an `Append` was not taken.
enum Misfit {
    /// My log does not match before it; the primary should look at my table again.
    Gap,
    /// It would drop what is committed (P4).
    Committed(Seq),
}

impl Follow {
    /// See `Core::alike`.
    pub(crate) fn alike(&self, into: &mut impl Hasher, barriers: bool) {
        let Follow { detector: _, nonce, verified, told, acked, ack_due, owes_promise, fetching, waiting_since } = self;
        (verified, told, acked.0, ack_due, owes_promise, fetching, waiting_since).hash(into);
        (*nonce > acked.1).hash(into);
        if barriers {
            (nonce, acked.1).hash(into);
        }
    }

    pub(crate) fn owe_promise(&mut self) {
        self.detector.hear();
        self.owes_promise = true;
    }

    /// W2, W3: entries of the epoch promised, from the process that leads it.
    pub(crate) fn append(&mut self, local: &mut Local, append: Append, out: &mut Vec<Output>) {
        self.detector.hear();
        self.nonce = self.nonce.max(append.nonce);
        let empty = append.entries.is_empty();
        match take(local, append.prev, append.entries) {
            Ok(upto) => {
                // It fits: no snapshot is wanted, whatever was said before.
                self.fetching = None;
                self.verified = self.verified.max(upto);
                self.told = self.told.max(append.commit);
                self.ack_due |= empty;
                let commit = self.told.min(self.verified);
                if commit > local.commit {
                    self.waiting_since = None;
                }
                local.advance_commit(commit.max(local.commit), out);
            }
            Err(Misfit::Gap) => self.owes_promise = true,
            Err(Misfit::Committed(seq)) if local.in_sync() => {
                let commit = local.commit;
                local.halted = Some(format!("asked to drop entry {seq}, but {commit} is committed here (P4)"));
                out.push(Output::Changed(Role::Halted));
            }
            Err(Misfit::Committed(_)) => out.push(Output::Reset { why: Stop::Outdated }),
        }
    }

    pub(crate) fn take_snapshot(&mut self, epoch: Epoch, from: &Peer, out: &mut Vec<Output>) {
        self.detector.hear();
        // Said with every heartbeat until the primary knows where my log ends: what I told it after the last one may be lost.
        self.owes_promise = true;
        if self.fetching.as_ref() != Some(&from.pod) {
            self.fetching = Some(from.pod.clone());
            out.push(Output::FetchSnapshot { from: from.pod.clone(), epoch });
        }
    }
    /// The primary's next word that a snapshot is wanted begins it anew.
    pub(crate) fn fetch_given_up(&mut self) {
        self.fetching = None;
    }
    /// Log and state begin anew where the snapshot ends.
    pub(crate) fn installed(&mut self, at: Position) {
        self.fetching = None;
        self.verified = at.seq;
        self.acked.0 = at.seq.min(self.acked.0);
        self.owes_promise = true;
    }

    pub(crate) fn tick(&mut self, local: &Local, now: Now, heartbeat: bool) {
        if heartbeat {
            self.detector.tick();
        }
        let waits = self.verified > local.commit;
        self.waiting_since = if waits { self.waiting_since.or(Some(now.mono)) } else { None };
    }
    /// Entries have waited so long that the primary is suspect though it answers.
    pub(crate) fn is_stalled(&self, now: Now) -> bool {
        self.waiting_since.is_some_and(|since| now.mono.ms_since(since) >= STALLED_MS)
    }

    pub(crate) fn flush(&mut self, local: &mut Local, now: Now, out: &mut Vec<Output>) {
        local.write(out);
        // Nothing is acknowledged in an epoch before its promise is on the disk (W2), and nothing from an unsound disk.
        if !local.promise_is_saved() || !local.is_sound() {
            return;
        }
        let Some(primary) = local.view.as_ref().map(|view| view.primary.clone()) else { return };
        if std::mem::take(&mut self.owes_promise) {
            out.push(Output::Send { to: primary.clone(), message: local.promise(now) });
        }
        let durable = if planted(5) { local.log.tail().seq } else { local.log.durable() };
        let durable = if planted(39) { durable } else { durable.min(self.verified) };
        let news = durable > self.acked.0;
        let asked = self.nonce > self.acked.1 && (self.ack_due || durable == self.verified);
        if news || asked {
            self.acked = (durable, self.nonce);
            self.ack_due = false;
            let message = Message::Ack { epoch: local.promised, durable, nonce: self.nonce, clock: now.wall };
            out.push(Output::Send { to: primary, message });
        }
    }

    /// What speaks against the primary, if anything does.
    pub(crate) fn suspects(&self, local: &Local) -> Vec<Suspect> {
        let Some(view) = &local.view else { return vec![] };
        if view.primary == local.me.pod {
            return vec![];
        }
        let sign = match local.links.get(&view.primary) {
            Some(Link::Refused) => Some(Sign::Refused),
            Some(Link::Up(peer)) if peer.boot != view.primary_boot => Some(Sign::Reborn),
            _ if self.detector.is_silent() => Some(Sign::Silent),
            _ => None,
        };
        sign.map(|sign| Suspect { pod: view.primary.clone(), sign }).into_iter().collect()
    }
}

/// The parts of `Message::Append` that concern the log.
pub(crate) struct Append {
    pub(crate) nonce: u64,
    pub(crate) prev: Position,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commit: Seq,
}

/// Takes entries that follow `prev`; tells up to where my log is now known to be the primary's.
fn take(local: &mut Local, prev: Position, entries: Vec<Entry>) -> Result<Seq, Misfit> {
    let base = local.log.base().seq;
    // What lies under my snapshot is committed, and therefore the same everywhere.
    let mine = local.log.position(prev.seq);
    if prev.seq >= base && mine != Some(prev) && !(planted(40) && mine.is_some()) {
        return Err(Misfit::Gap);
    }
    let mut upto = prev.seq;
    for entry in entries {
        upto = entry.seq;
        if entry.seq <= base {
            continue;
        }
        if let Some(mine) = local.log.position(entry.seq) {
            if mine == entry.position() {
                continue;
            }
            cut_before(local, &entry)?;
        }
        let tail = local.log.tail();
        if tail.seq + 1 != entry.seq || (!planted(40) && (tail.hash != entry.prev_hash || tail.epoch > entry.epoch)) {
            return Err(Misfit::Gap);
        }
        local.log.append(entry);
    }
    Ok(upto.max(base).min(local.log.tail().seq))
}

/// P4: drops my entries from this one on, because the primary of a later epoch has another here.
fn cut_before(local: &mut Local, entry: &Entry) -> Result<(), Misfit> {
    let mine = local.log.entry(entry.seq).map(|entry| entry.epoch);
    assert!(mine < Some(local.promised), "two entries {entry:?} in one epoch");
    if entry.seq <= local.commit {
        return Err(Misfit::Committed(entry.seq));
    }
    local.log.cut(entry.seq - 1);
    Ok(())
}
