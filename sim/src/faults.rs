//! What goes wrong: each kind of fault, done to the world. Keeps within what the promise covers; the laws say what must hold all the same.
use crate::controllers::Controller;
use crate::disk::{LastWrite, Lie, LyingDisk, is_log};
use crate::mix::{Fault, Kind, MS};
use crate::network::{Actor, STORE};
use crate::replicas::{Item, Replica};
use crate::store::rank;
use crate::world::{Event, Over, World};
use group::choose::Member;
use group::limits::FORMAT;
use group::{Pod, Proposal, Role, Sign, StorageId};
use member::disk::Disk;
use member::disk::simulated::{self, Luck};
use std::io::ErrorKind;

/// How long nothing else goes wrong after a disk was made to lie, in µs.
const GUARD: u64 = 5_000 * MS;
/// It takes a primary no longer, in µs, to notice that a process is gone: its word that it can read a format counts until then.
const NOTICED: u64 = 1_000 * MS;

fn pick(dice: u64, bound: usize) -> usize {
    usize::try_from(dice % bound as u64).expect("below a usize")
}
fn span(dice: u64, low_ms: u64, high_ms: u64) -> u64 {
    (low_ms + dice % (high_ms - low_ms + 1)) * MS
}

impl World {
    pub(crate) fn fault(&mut self, index: usize) {
        let Fault { kind, dice, .. } = self.faults[index];
        if self.now < self.guarded || self.calm() {
            return;
        }
        *self.sums.faults.entry(kind).or_default() += 1;
        let i = pick(dice[0], self.replicas.len());
        self.say(|| format!("FAULT {index} {kind:?} ({i})"));
        match kind {
            Kind::Kill | Kind::PowerCut | Kind::PowerCutAll | Kind::Torn | Kind::Restarts | Kind::Version => {
                self.end_some(kind, i, dice)
            }
            Kind::Pause => {
                // What waits for the end of an earlier pause does not come sooner for a shorter one.
                let until = (self.now + span(dice[1], 20, 3_000)).max(self.replicas[i].paused_until);
                self.replicas[i].paused_until = until;
                self.replicas[i].awake_since = until;
            }
            Kind::ClockForth => self.replicas[i].wrong_ms += (dice[1] % 120_000) as i64,
            Kind::ClockBack => self.replicas[i].wrong_ms -= (dice[1] % 120_000) as i64,
            Kind::Wipe | Kind::Restore | Kind::FlipLog | Kind::FlipAny | Kind::Misdirect | Kind::LoseWrite => {
                self.harm(kind, dice)
            }
            Kind::ErrorWrite | Kind::ErrorSync | Kind::Full | Kind::SlowDisk => self.hinder(kind, i, dice),
            Kind::Cut | Kind::OneWay | Kind::Isolate | Kind::Split | Kind::Clog | Kind::CutStore => {
                self.cut(kind, i, dice)
            }
            Kind::Reset => self.reset(i),
            Kind::StoreOutage | Kind::StoreDelete | Kind::StoreRollback | Kind::StaleWatch => {
                self.harm_store(kind, dice)
            }
            Kind::HandOver | Kind::Leave | Kind::LeaveAll | Kind::Suspect => self.ask(kind, i, dice),
            Kind::ControllerPause => self.controllers[i % 2].paused_until = self.now + span(dice[1], 100, 4_000),
            Kind::ControllerCrash => self.crash_controller(i % 2),
            Kind::FrontCrash => self.crash_front(i % 2),
            Kind::FrontCut => self.cut_front(i % 2, dice),
            Kind::Ambush => self.ambush = Some(dice),
        }
    }

    fn end_some(&mut self, kind: Kind, i: usize, dice: [u64; 4]) {
        let delay = span(dice[1], 5, 1_500);
        match kind {
            Kind::PowerCutAll => {
                for j in 0..self.replicas.len() {
                    self.stop(j, Luck::Seed(dice[2] ^ j as u64), delay + j as u64 * MS * (dice[3] % 100));
                }
            }
            Kind::PowerCut => self.stop(i, Luck::Seed(dice[2]), delay),
            Kind::Torn => {
                let disk = &self.replicas[i].disk.base;
                disk.fail(disk.operations() + 1 + dice[2] % 3, simulated::Fault::PowerCut);
                self.replicas[i].tears = true;
            }
            Kind::Restarts => {
                self.replicas[i].restless_until = self.now + span(dice[2], 500, 3_000);
                self.stop(i, Luck::Everything, span(dice[1], 5, 50));
            }
            Kind::Version => {
                self.install_another_version(i);
                self.stop(i, Luck::Everything, delay);
            }
            _ => self.stop(i, Luck::Everything, delay),
        }
    }

    /// Nobody goes back to the older version once all have the newer one: from then on its log format may be in use (F1).
    fn install_another_version(&mut self, i: usize) {
        let mut others = self.replicas.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, replica)| replica.speaks);
        if self.replicas[i].speaks != FORMAT {
            if others.any(|speaks| speaks == FORMAT) {
                self.replicas[i].speaks = FORMAT;
                self.upgrades_after = self.now + NOTICED;
            }
        } else if self.now >= self.upgrades_after {
            self.replicas[i].speaks = FORMAT + 1;
        }
        let speaks = self.replicas[i].speaks;
        self.say(|| format!("r{i} has a version that writes format {speaks}"));
    }

    /// Whether the one machine whose disk may be harmed can be spared: every other disk of the set is there and sound, and one of
    /// them at least is in the set of what the store was set back to, since only disks of both may be kept (V3).
    fn can_spare(&self, victim: usize) -> bool {
        let Some(view) = self.store.newest() else { return false };
        let others = view.pairs().filter(|(pod, _)| **pod != self.replicas[victim].pod);
        let there = |pod: &Pod, storage| {
            self.replicas.iter().any(|replica| {
                let sound = replica.driven.as_deref().is_some_and(|driven| driven.core().role() != Role::Halted);
                replica.pod == *pod && replica.storage == storage && !replica.damaged && sound
            })
        };
        let mut count = 0;
        for (pod, storage) in others {
            if !there(pod, storage) {
                return false;
            }
            count += usize::from(self.store.current.as_ref().is_none_or(|is| is.holds(pod, storage)));
        }
        count > 0
    }

    /// Members, and controllers of each member: what was said before is under way no more.
    fn all_know_the_view(&self) -> bool {
        let newest = self.store.current.as_ref().map(rank);
        let known = |replica: &Replica| replica.driven.as_deref()?.core().view().map(rank);
        let heard = |controller: &Controller| {
            controller.seen.view().map(rank) == newest
                && self
                    .replicas
                    .iter()
                    .all(|replica| controller.seen.member(&replica.pod).and_then(Member::knows) == newest)
        };
        self.replicas.iter().all(|replica| known(replica) == newest) && self.controllers.iter().all(heard)
    }
    /// Whether no disk that the view names is gone for ever, sound or not.
    fn set_is_there(&self) -> bool {
        let is_there = |(pod, storage): (&Pod, _)| {
            self.replicas.iter().any(|replica| replica.pod == *pod && replica.storage == storage)
        };
        self.store.current.as_ref().is_some_and(|view| view.pairs().all(is_there))
    }

    fn harm(&mut self, kind: Kind, dice: [u64; 4]) {
        let i = self.mix.victim;
        // A disk of the set that is gone while the view is lost can only be helped by forcing a loss (V3, U1). Where one disk may hold a
        // write alone, harm to a disk is not survived: the set may have become that disk, or a write that makes it so is on its way.
        let too_much = self.mix.min_in_sync < 2 || (kind == Kind::Wipe && self.store.lost_since.is_some());
        if !self.can_spare(i) || self.replicas[i].driven.is_none() || too_much {
            return;
        }
        if kind == Kind::Restore && !self.has_copy(i) {
            // The first time the disk is only copied, sound or not.
            let copy = (self.replicas[i].disk.after(Luck::Everything), self.replicas[i].storage);
            self.replicas[i].backup = Some(copy);
            return;
        }
        let delay = span(dice[1], 20, 800);
        let Replica { storage, durable, damaged, noticeable, lied, .. } = &mut self.replicas[i];
        if kind == Kind::Wipe && !*damaged {
            self.laws.gone.insert(*storage, *durable);
        }
        let noticed = !*damaged || *noticeable;
        *noticeable = matches!(kind, Kind::FlipLog | Kind::FlipAny) && noticed;
        *lied = matches!(kind, Kind::Misdirect | Kind::LoseWrite) && noticed;
        *damaged = true;
        match kind {
            Kind::Wipe => {
                self.stop(i, Luck::Everything, delay);
                self.new_disk(i);
                self.replicas[i].replaced_at = self.now;
            }
            Kind::Restore => {
                let Some((disk, _)) = self.replicas[i].backup.take() else { return };
                self.stop(i, Luck::Everything, delay);
                self.replicas[i].disk = disk;
                self.guarded = self.now + GUARD;
            }
            Kind::FlipLog | Kind::FlipAny => {
                self.stop(i, Luck::Everything, delay);
                let log_only = kind == Kind::FlipLog;
                flip(&self.replicas[i].disk, log_only, dice[2], dice[3]);
                self.guarded = self.now + GUARD;
            }
            _ => {
                let lie = if kind == Kind::Misdirect { Lie::Elsewhere(dice[2] >> 8) } else { Lie::Nothing };
                self.replicas[i].disk.lie(lie);
                self.replicas[i].restless_until = self.now + 1;
                self.guarded = self.now + GUARD;
                self.after(delay, Event::Over(Over::Kill(i)));
            }
        }
    }
    /// Whether an earlier moment of this very disk was kept.
    fn has_copy(&self, i: usize) -> bool {
        let replica = &self.replicas[i];
        replica.backup.as_ref().is_some_and(|(_, storage)| *storage == replica.storage)
    }
    fn hinder(&mut self, kind: Kind, i: usize, dice: [u64; 4]) {
        let disk = &self.replicas[i].disk.base;
        let operation = disk.operations() + 1 + dice[1] % 4;
        match kind {
            Kind::ErrorWrite | Kind::ErrorSync => disk.fail(operation, simulated::Fault::Error(ErrorKind::Other)),
            Kind::Full => {
                disk.limit(0);
                self.after(span(dice[2], 100, 2_000), Event::Over(Over::Full(i)));
            }
            _ => self.replicas[i].slow_until = self.now + span(dice[2], 100, 4_000),
        }
    }

    fn cut(&mut self, kind: Kind, i: usize, dice: [u64; 4]) {
        let until = (self.now + span(dice[2], 50, 4_000)).min(self.mix.course.calm);
        let n = self.replicas.len();
        let j = (i + 1 + pick(dice[1], n - 1)) % n;
        let mut ways = vec![];
        match kind {
            Kind::Cut => ways.extend([(i, j), (j, i)]),
            Kind::OneWay | Kind::Clog => ways.push((i, j)),
            Kind::CutStore => ways.extend([(i, STORE), (STORE, i)]),
            Kind::Isolate => {
                ways.extend((0..n).filter(|other| *other != i).flat_map(|other| [(i, other), (other, i)]));
                ways.extend([(i, STORE), (STORE, i)]);
                ways.extend((30..32).flat_map(|k| [(i, k), (k, i)]));
            }
            _ => {
                let side = |place: usize| dice[3] >> (place % 32) & 1;
                let places: Vec<usize> = (0..n).chain(20..22).chain(30..32).collect();
                for a in &places {
                    ways.extend(places.iter().filter(|b| side(*b % 10 + *b) != side(*a % 10 + *a)).map(|b| (*a, *b)));
                }
            }
        }
        ways.into_iter().for_each(|(a, b)| self.net.hold(a, b, until));
    }
    /// What is asked may still get through while no answer does.
    fn cut_front(&mut self, f: usize, dice: [u64; 4]) {
        let (shortest, longest) = if dice[1] & 1 == 0 { (500, 6_000) } else { (9_000, 13_000) };
        let until = (self.now + span(dice[2], shortest, longest)).min(self.mix.course.calm);
        let place = Actor::Front(f).place();
        for i in 0..self.replicas.len() {
            self.net.hold(i, place, until);
            if dice[3] & 1 == 0 {
                self.net.hold(place, i, until);
            }
        }
    }
    /// Whoever is being let in is stopped, and the primary does not hear what became of it.
    pub(crate) fn spring_ambush(&mut self, primary: usize, proposal: &Proposal) {
        let Some(dice) = self.ambush else { return };
        let held = self.replicas[primary].driven.as_deref().and_then(|driven| driven.core().view());
        let anew = |(pod, storage): &(&Pod, StorageId)| held.is_some_and(|held| !held.holds(pod, *storage));
        let Some(j) = proposal.next.pairs().find(anew).and_then(|(pod, _)| self.index(pod)) else { return };
        self.ambush = None;
        if self.now < self.guarded || self.calm() {
            return;
        }
        self.say(|| format!("AMBUSH (r{j}, which r{primary} lets in)"));
        let until = (self.now + span(dice[1], 100, 2_000)).min(self.mix.course.calm);
        self.net.hold(STORE, primary, until);
        let replica = &mut self.replicas[j];
        replica.paused_until = replica.paused_until.max(until);
        replica.awake_since = replica.paused_until;
    }
    fn reset(&mut self, i: usize) {
        let mine = self.net.conns.values().filter(|conn| conn.to == i && conn.open).map(|conn| conn.id);
        mine.collect::<Vec<_>>().into_iter().for_each(|id| self.close(id));
    }

    fn harm_store(&mut self, kind: Kind, dice: [u64; 4]) {
        match kind {
            Kind::StoreOutage => {
                self.store.out_until = (self.now + span(dice[1], 200, 4_000)).min(self.mix.course.calm);
                let left = self.store.out_until - self.now;
                self.after(left, Event::Over(Over::Outage));
            }
            Kind::StaleWatch => {
                self.store.stale_until = (self.now + span(dice[1], 200, 3_000)).min(self.mix.course.calm)
            }
            _ if self.store.lost_since.is_some() || !self.set_is_there() => {}
            Kind::StoreDelete => {
                let now = self.now;
                self.store.set_back(None, now);
                self.watches();
            }
            // Whoever does not know the newest view, or did not when it spoke last, may be the only one whom a controller hears: another
            // line would begin (decision 11).
            _ if !self.all_know_the_view() => {}
            _ => {
                let back = 1 + pick(dice[1], 3);
                let history = &self.store.history;
                let older = history.len().checked_sub(1 + back).map(|at| history[at].clone());
                let Some(older) = older
                    .filter(|older| self.store.current.as_ref().is_some_and(|is| older.epoch.loss == is.epoch.loss))
                else {
                    return;
                };
                let now = self.now;
                self.store.set_back(Some(older), now);
                self.watches();
            }
        }
    }

    fn ask(&mut self, kind: Kind, i: usize, dice: [u64; 4]) {
        let Some(view) = self.store.current.clone() else { return };
        let Some(primary) = self.index(&view.primary) else { return };
        match kind {
            Kind::HandOver => {
                let to = self.replicas[i].pod.clone();
                self.put(primary, Item::HandOver(to, view.epoch));
            }
            Kind::Leave => self.put(i, Item::Leave),
            Kind::LeaveAll => {
                for j in 0..self.replicas.len() {
                    self.after(j as u64 * span(dice[1], 500, 2_500), Event::Over(Over::Leave(j)));
                }
            }
            _ => {
                let sign = if dice[1].is_multiple_of(2) { Sign::Silent } else { Sign::Refused };
                for k in 0..2 {
                    self.after(MS, Event::Told(k, 0, view.primary.clone(), view.primary_boot, sign));
                }
            }
        }
    }

    pub(crate) fn over(&mut self, over: Over) {
        match over {
            Over::Full(i) => self.replicas[i].disk.base.limit(u64::MAX),
            Over::Outage => self.watches(),
            Over::Leave(i) => self.put(i, Item::Leave),
            Over::Kill(i) => {
                let delay = self.draw(5, 60) * MS;
                self.stop(i, Luck::Everything, delay);
            }
            Over::Calm => self.becalm(),
        }
    }
    /// From here on nothing goes wrong any more.
    fn becalm(&mut self) {
        self.say(|| "CALM".into());
        self.net.held.clear();
        (self.store.out_until, self.store.stale_until, self.guarded) = (0, 0, 0);
        for i in 0..self.replicas.len() {
            let replica = &mut self.replicas[i];
            (replica.paused_until, replica.slow_until, replica.restless_until, replica.tears) = (0, 0, 0, false);
            replica.wrong_ms = 0;
            replica.disk.base.limit(u64::MAX);
            if replica.driven.is_none() {
                self.start_at(i, self.now + 50 * MS);
            }
        }
        self.controllers.iter_mut().for_each(|controller| controller.paused_until = 0);
        self.watches();
    }
}

/// Inverts one bit of what a disk holds.
fn flip(disk: &LyingDisk, log_only: bool, which: u64, place: u64) {
    // One in four hits what was written last, where damage is hardest to tell from a write that was cut short.
    let names = disk.names().unwrap_or_default();
    if place >> 40 & 3 == 0
        && let Some(LastWrite { name, at, bytes, .. }) = disk.last_write()
        && names.contains(&name)
    {
        let contents = disk.base.contents(&name);
        let written: Vec<usize> = (at..contents.len().min(at + bytes)).filter(|at| contents[*at] != 0).collect();
        if !written.is_empty() {
            return disk.base.flip(&name, written[pick(place, written.len())], (place >> 56) as u8 % 8);
        }
    }
    let files: Vec<String> = names.into_iter().filter(|name| !log_only || is_log(name)).collect();
    if files.is_empty() {
        return;
    }
    let name = &files[pick(which, files.len())];
    let contents = disk.base.contents(name);
    // Where something is written, as a rule: most of a segment is zeros.
    let written: Vec<usize> = (0..contents.len()).filter(|at| contents[*at] != 0).collect();
    let byte = if written.is_empty() { 0 } else { written[pick(place, written.len())] };
    if !contents.is_empty() {
        disk.base.flip(name, byte, (place >> 56) as u8 % 8);
    }
}
