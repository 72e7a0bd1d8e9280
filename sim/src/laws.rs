//! The laws that no run may break (I1–I9), looked at after every step, and the judgement at the end. Changes nothing in the world.
use crate::clients::Known;
use crate::world::World;
use bytes::Bytes;
use group::limits::FORMAT;
use group::{Body, Cause, Epoch, Hash, Pod, Position, Role, Seq, Serving, StorageId};
use member::{Delivered, Machine};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Books are compared when they have applied a multiple of so many entries.
const COMPARE_EVERY: Seq = 64;

/// What was seen of one process.
#[derive(Clone, Default)]
struct Sight {
    tail: Position,
    commit: Seq,
    view: (Epoch, u64),
    leads: Option<Epoch>,
    /// What it led before this turn.
    led: Option<Epoch>,
    /// The epoch it was in before this turn.
    was_in: Epoch,
    role: Option<Role>,
    applied: Seq,
}

/// An entry of any log.
struct Link {
    seq: Seq,
    before: Hash,
}

/// What must stay true.
#[derive(Default)]
pub(crate) struct Laws {
    sights: Vec<Sight>,
    /// Every entry that any log ever held, by its chain hash.
    chain: HashMap<Hash, Link>,
    places: HashMap<(Epoch, Seq), Hash>,
    /// Chain hashes of what was committed, from entry 1 on.
    committed: Vec<Hash>,
    /// The epoch of whoever committed each of these first.
    committed_in: Vec<Epoch>,
    bodies: HashMap<Seq, Bytes>,
    committers: HashMap<Epoch, u128>,
    digests: HashMap<Seq, u64>,
    /// The entry that begins each epoch.
    pub(crate) starts: BTreeMap<Epoch, (Seq, Hash)>,
    /// Disks that are gone, sound as they were, and where their logs ended.
    pub(crate) gone: BTreeMap<StorageId, Position>,
    /// How much of the restaurant is there.
    pub(crate) set_up: usize,
    pub(crate) orders: Vec<Known>,
    /// Keys of orders that were given up with unknown outcome.
    pub(crate) perhaps: BTreeSet<String>,
}

impl Laws {
    /// A process begins.
    pub(crate) fn begun(&mut self, i: usize) {
        if self.sights.len() <= i {
            self.sights.resize_with(i + 1, Sight::default);
        }
        self.sights[i] = Sight::default();
    }
    /// Whether a log that ends at `end` holds the entry `seq` with this hash, as far as entries are known.
    pub(crate) fn holds(&self, end: Position, seq: Seq, hash: Hash) -> bool {
        let (mut at, mut is) = (end.seq, end.hash);
        while at > seq {
            let Some(link) = self.chain.get(&is) else { return true };
            debug_assert_eq!(link.seq, at, "hashes name places");
            (at, is) = (at - 1, link.before);
        }
        at == seq && is == hash
    }
    /// A committed change that a page from one cursor to another should have and has not.
    pub(crate) fn left_out(&self, after: Seq, upto: Seq, page: &[Delivered]) -> Option<Seq> {
        let told: BTreeSet<Seq> = page.iter().map(|told| told.cursor.seq).collect();
        (after + 1..=upto).find(|seq| self.bodies.contains_key(seq) && !told.contains(seq))
    }
    /// The last entry that was committed before an epoch. Whoever hears late that it leads need not hold what a later one has
    /// committed meanwhile, be it older: nothing that it says can count any more.
    fn last_before(&self, epoch: Epoch) -> Option<(Seq, Hash)> {
        let last = self.committed_in.iter().take_while(|by| **by < epoch).count();
        Some((last as Seq, *self.committed.get(last.checked_sub(1)?)?))
    }
    fn is_committed(&self, at: Position) -> bool {
        let known = usize::try_from(at.seq).ok().and_then(|seq| self.committed.get(seq.checked_sub(1)?));
        known == Some(&at.hash)
    }
    pub(crate) fn commit(&self) -> Seq {
        self.committed.len() as Seq
    }
    /// The last committed entry.
    pub(crate) fn last(&self) -> Option<(Seq, Hash)> {
        self.committed.last().map(|hash| (self.commit(), *hash))
    }
}

impl World {
    /// Looks at a replica after its turn.
    pub(crate) fn look(&mut self, i: usize) {
        self.look_at_promise(i);
        self.look_at_log(i);
        self.look_at_seat(i);
        self.look_at_commit(i);
        self.look_at_state(i);
    }

    /// I6: the same place of the same epoch holds the same entry everywhere. F1: every version that is installed can read it. W3: each entry
    /// was taken behind the one that its primary had before it.
    fn look_at_log(&mut self, i: usize) {
        let readable = self.replicas.iter().map(|replica| replica.speaks).min().unwrap_or(FORMAT);
        let replica = &mut self.replicas[i];
        let Some(driven) = &replica.driven else { return };
        let (core, sight) = (driven.core(), &mut self.laws.sights[i]);
        let tail = core.tail();
        // Until its promise is on its disk, a primary sends nothing (P3): if it dies before, nobody has ever heard of its entries.
        let unheard = core.role() == Role::Primary && core.promised().is_none();
        if tail == sight.tail || unheard {
            return;
        }
        let follows = tail.seq > sight.tail.seq && core.position(sight.tail.seq) == Some(sight.tail);
        let from = if follows { sight.tail.seq } else { core.first_seq() - 1 };
        sight.tail = tail;
        let (mut differs, mut unreadable, mut unchained) = (None, None, None);
        let mut before = core.position(from).map(|before| before.hash);
        for entry in core.entries(from, tail.seq) {
            let hash = entry.hash();
            unchained = unchained.or(before.is_some_and(|before| before != entry.prev_hash).then_some(entry.seq));
            before = Some(hash);
            unreadable = unreadable.or(matches!(entry.body, Body::Format(n) if n > readable).then_some(entry.seq));
            if *self.laws.places.entry((entry.epoch, entry.seq)).or_insert(hash) != hash {
                differs = Some(entry.seq);
            }
            self.laws.chain.entry(hash).or_insert(Link { seq: entry.seq, before: entry.prev_hash });
            if matches!(entry.body, Body::Start(_)) {
                self.laws.starts.insert(entry.epoch, (entry.seq, hash));
            }
        }
        let mut dropped = false;
        if !self.laws.holds(tail, replica.durable.seq, replica.durable.hash) {
            // It was told to drop entries: from now on it need not hold them.
            let common = (0..=replica.durable.seq.min(tail.seq))
                .rev()
                .find_map(|seq| core.position(seq).filter(|at| self.laws.holds(replica.durable, at.seq, at.hash)));
            let common = common.unwrap_or_default();
            let in_set = self.store.newest().is_some_and(|view| view.holds(&replica.pod, replica.storage));
            let held = |end| self.laws.last().is_some_and(|(seq, hash)| self.laws.holds(end, seq, hash));
            dropped = in_set && !replica.damaged && held(replica.durable) && !held(common);
            replica.durable = common;
        }
        if let Some(seq) = unreadable {
            self.broken(format!(
                "F1: r{i} has a new format announced in entry {seq}, and not every version can read it"
            ));
        }
        if let Some(seq) = unchained {
            self.broken(format!("W3: r{i} has taken entry {seq} behind another one than its primary has before it"));
        }
        if dropped {
            self.broken(format!("P4: r{i} is in the set and drops committed entries; its log ends at {tail:?}"));
        }
        if let Some(seq) = differs {
            self.broken(format!("I6: r{i} holds another entry {seq} of the same epoch"));
        }
    }

    /// I3 and I7: a new primary holds all that was committed; views never fall.
    fn look_at_seat(&mut self, i: usize) {
        let Some(driven) = &self.replicas[i].driven else { return };
        let core = driven.core();
        let (role, tail) = (core.role(), core.tail());
        let view = core.view().map_or((Epoch::default(), 0), |view| (view.epoch, view.version));
        // One that has just been demoted knows the view that another leads.
        let named = core.view().is_some_and(|view| view.primary == core.me().pod);
        let leads = (named && core.serving() != Serving::No).then_some(view.0);
        let sight = &mut self.laws.sights[i];
        let fell = view < sight.view;
        sight.was_in = sight.view.0;
        let anew = leads.is_some() && leads != sight.leads;
        let turned = sight.role.replace(role) != Some(role);
        (sight.view, sight.led, sight.leads) = (view, sight.leads, leads);
        if turned {
            self.say(|| format!("r{i} is {role:?} in {}, log to {tail:?}", view.0));
        }
        if fell {
            self.broken(format!("I7: the view of r{i} falls"));
        }
        if anew {
            self.sums.reigns += 1;
            self.replicas[i].leads_since = self.now;
            let lacking = self.laws.last_before(view.0).filter(|(seq, hash)| !self.laws.holds(tail, *seq, *hash));
            if let Some((last, _)) = lacking {
                self.broken(format!(
                    "I3: r{i} leads {} without the committed entry {last}; its log ends at {tail:?}",
                    view.0
                ));
            }
        }
    }

    /// I1, I2, I5: one committed history, one committer an epoch, and every disk of the set has it.
    fn look_at_commit(&mut self, i: usize) {
        let Some(driven) = &self.replicas[i].driven else { return };
        let (core, sight) = (driven.core(), &self.laws.sights[i]);
        let (commit, before) = (core.commit(), sight.commit);
        if commit == before {
            return;
        }
        let (fell, leads) = (commit < before, sight.leads);
        let reign = leads.filter(|_| sight.led == sight.leads);
        let epoch = core.view().map_or(Epoch::default(), |view| view.epoch);
        let last = core.entries(commit.saturating_sub(1), commit).next().map(|entry| entry.epoch);
        let fresh: Vec<(Seq, Hash, Option<Bytes>)> = core
            .entries(before.max(core.first_seq() - 1), commit)
            .map(|entry| {
                (entry.seq, entry.hash(), if let Body::App(bytes) = &entry.body { Some(bytes.clone()) } else { None })
            })
            .collect();
        self.laws.sights[i].commit = commit;
        if fell {
            return self.broken(format!("I7: the commit index of r{i} falls from {before} to {commit}"));
        }
        for (seq, hash, body) in fresh {
            let known = self.laws.committed.get(seq as usize - 1).copied();
            match known {
                Some(known) if known != hash => {
                    return self.broken(format!("I1: r{i} has another entry {seq} committed"));
                }
                Some(_) => {}
                None if seq == self.laws.commit() + 1 => {
                    self.laws.committed.push(hash);
                    self.laws.committed_in.push(epoch);
                    if let Some(body) = body {
                        self.laws.bodies.insert(seq, body);
                    }
                    self.law_of_disks(i, seq, hash);
                }
                None => return self.broken(format!("I1: r{i} has entry {seq} committed before the one before it")),
            }
        }
        if let (Some(reign), Some(last)) = (reign, last.filter(|last| Some(*last) < reign)) {
            self.broken(format!("P3: r{i} leads {reign} and commits up to entry {commit} of {last} only"));
        }
        let boot = self.replicas[i].boot;
        if let Some(epoch) = leads
            && *self.laws.committers.entry(epoch).or_insert(boot) != boot
        {
            self.broken(format!("I2: two processes commit in {epoch}"));
        }
    }
    /// I5: what is committed is on every disk of the set.
    fn law_of_disks(&mut self, i: usize, seq: Seq, hash: Hash) {
        let Some(view) = self.store.newest() else { return };
        let lacking = view.pairs().find_map(|(pod, storage)| {
            let end = self.end_of(pod, storage)?;
            (!self.laws.holds(end, seq, hash)).then(|| (pod.clone(), end))
        });
        if let Some((pod, durable)) = lacking {
            self.broken(format!("I5: entry {seq} is committed by r{i}, but the disk of {pod} ends at {durable:?}"));
        }
    }
    /// Where the log of a disk certainly ends, or ended when it was lost; not known of one that was harmed.
    pub(crate) fn end_of(&self, pod: &Pod, storage: StorageId) -> Option<Position> {
        let replica = self.replicas.iter().find(|replica| replica.pod == *pod && replica.storage == storage);
        match replica {
            Some(replica) => (!replica.damaged).then_some(replica.durable),
            None => self.laws.gone.get(&storage).copied(),
        }
    }
    /// What was on a disk is there when it is opened again, unless it says that it is unsound; or a snapshot that was just taking its place.
    pub(crate) fn law_of_recovery(&mut self, i: usize, before: Position) {
        let Some(driven) = &self.replicas[i].driven else { return };
        let unsound = driven.core().role() == Role::Halted;
        let after = driven.core().tail();
        let promised = driven.core().promised().unwrap_or_default();
        self.sums.unsound += u64::from(unsound);
        let replica = &self.replicas[i];
        let trusted = !replica.damaged || replica.noticeable;
        let is_there = self.laws.holds(after, before.seq, before.hash)
            || (replica.installs && self.laws.is_committed(after) && after.seq >= before.seq);
        if unsound {
            self.say(|| format!("r{i} finds its disk unsound"));
        } else if trusted && !is_there {
            self.broken(format!("the disk of r{i} had the log up to {before:?} and has it up to {after:?}"));
        } else if trusted && promised < replica.promise {
            let before = replica.promise;
            self.broken(format!("W2: r{i} had promised {before} and has forgotten it: {promised}"));
        }
    }
    /// H1: whoever leaves by plan is out of the set, or has waited as long as it may.
    pub(crate) fn law_of_leaving(&mut self, i: usize) {
        let replica = &self.replicas[i];
        let waited = replica.leaves_since.map_or(0, |since| self.now - since);
        let Some(view) = replica.driven.as_deref().and_then(|driven| driven.core().view()) else { return };
        let spare = view.in_sync.len() > view.min_in_sync;
        // A primary that another epoch replaces must end, whatever its plans and whoever leads then (D1).
        let sight = &self.laws.sights[i];
        let was_replaced = view.epoch > sight.was_in && view.change.cause != Cause::Leaving;
        let leads = matches!(sight.role, Some(Role::Primary | Role::Draining));
        if leads && was_replaced {
            return;
        }
        if spare && waited < group::limits::LEAVE_MS * 1_000 && view.holds(&replica.pod, replica.storage) {
            self.broken(format!("H1: r{i} leaves after {waited} µs and is in the set"));
        }
    }
    /// Copies that applied the same entries are the same.
    fn look_at_state(&mut self, i: usize) {
        let Some(driven) = &self.replicas[i].driven else { return };
        let applied = driven.applied();
        let settled = applied <= driven.core().commit() && applied > 0 && applied.is_multiple_of(COMPARE_EVERY);
        if !settled || std::mem::replace(&mut self.laws.sights[i].applied, applied) == applied {
            return;
        }
        let digest = driven.machine().digest();
        if *self.laws.digests.entry(applied).or_insert(digest) != digest {
            self.broken(format!("the book of r{i} at entry {applied} differs from others at that entry"));
        }
    }
    /// Subscribers see what is committed, at its place.
    pub(crate) fn law_of_events(&mut self, delivered: &Delivered) {
        let seq = delivered.cursor.seq;
        if self.laws.bodies.get(&seq) != Some(&delivered.body) {
            self.broken(format!("entry {seq} was shown to a subscriber as it was never committed"));
        }
    }

    /// The end of a run: all are well, hold the same, and nothing acknowledged is lost or doubled.
    pub(crate) fn judge(&mut self) {
        let judgement = self.healed().and_then(|()| self.alike()).and_then(|()| self.nothing_lost());
        self.sums.committed = self.laws.commit();
        if let Err(why) = judgement {
            for i in 0..self.replicas.len() {
                let Some(driven) = &self.replicas[i].driven else { continue };
                let status = driven.core().status(self.clock(0));
                self.say(|| format!("r{i}: {status:?}"));
            }
            self.broken(why);
        }
    }
    fn healed(&self) -> Result<(), String> {
        let view = self.store.current.as_ref().ok_or("not healed: there is no view")?;
        if view.in_sync.len() != self.replicas.len() {
            return Err(format!(
                "not healed: in sync are {:?} of v{} {}",
                view.in_sync.keys(),
                view.version,
                view.epoch
            ));
        }
        let primary = self.index(&view.primary).and_then(|i| self.replicas[i].driven.as_deref());
        let core = primary.ok_or("not healed: the primary does not run")?.core();
        if core.serving() != Serving::Yes || core.commit() != core.tail().seq {
            return Err(format!(
                "not healed: {} serves {:?}, commit {}, tail {:?}",
                view.primary,
                core.serving(),
                core.commit(),
                core.tail()
            ));
        }
        if self.laws.set_up < 2 || self.laws.orders.is_empty() {
            return Err("not healed: nobody could order anything".into());
        }
        Ok(())
    }
    fn alike(&self) -> Result<(), String> {
        let mut first: Option<Vec<Bytes>> = None;
        for (i, replica) in self.replicas.iter().enumerate() {
            let driven = replica.driven.as_deref().ok_or(format!("not healed: r{i} does not run"))?;
            if driven.applied() != self.laws.commit() {
                return Err(format!("not healed: r{i} has applied {} of {}", driven.applied(), self.laws.commit()));
            }
            let slices = slices(driven.machine());
            if *first.get_or_insert(slices.clone()) != slices {
                return Err(format!("the book of r{i} differs from that of r0"));
            }
        }
        Ok(())
    }
    /// Every order that was acknowledged is there once, and no key has two.
    fn nothing_lost(&self) -> Result<(), String> {
        let Some(driven) = &self.replicas[0].driven else { return Ok(()) };
        let book = driven.machine().state();
        let mut by_key: HashMap<&str, usize> = HashMap::new();
        for known in &self.laws.orders {
            let order = book.order(known.id).ok_or(format!("lost: order {}, key {}", known.id, known.key))?;
            if order.version() < known.version {
                return Err(format!(
                    "lost: order {} is at version {}, {} was told",
                    known.id,
                    order.version(),
                    known.version
                ));
            }
            *by_key.entry(&known.key).or_default() += 1;
        }
        if let Some((key, _)) = by_key.iter().filter(|(_, count)| **count > 1).min() {
            return Err(format!("doubled: key {key} placed two orders"));
        }
        let (acknowledged, perhaps, held) = (self.laws.orders.len(), self.laws.perhaps.len(), book.orders_held());
        if held < acknowledged || held > acknowledged + perhaps {
            return Err(format!(
                "doubled: {held} orders are there, {acknowledged} were acknowledged, {perhaps} are unknown"
            ));
        }
        Ok(())
    }
}

/// All of a book as it would go into a snapshot.
fn slices(machine: &crate::machine::Orders) -> Vec<Bytes> {
    let mut slices = vec![];
    let mut next: Option<Bytes> = None;
    loop {
        let slice = machine.slice(next.as_deref(), 1 << 20);
        slices.push(slice.bytes);
        match slice.next {
            Some(place) => next = Some(place),
            None => return slices,
        }
    }
}
