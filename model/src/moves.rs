//! What can happen next: every move that the bounds allow at one moment. Decides nothing and changes nothing.
use crate::machine::Key;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::play::{Budget, Play};
use crate::promote;
use crate::repair;
use crate::world::{Turn, World};
use group::{Serving, View, Writer};
use std::collections::BTreeSet;
use std::fmt;

/// One thing that happens. Pods are numbered.
#[derive(Clone, PartialEq)]
pub(crate) enum Move {
    /// The oldest message from one pod to another arrives.
    Deliver { from: usize, to: usize },
    /// The disk does the oldest thing asked for.
    Sync { pod: usize },
    /// A member sees a view.
    Learn { pod: usize, version: u64 },
    /// A member reads the store afresh.
    Look { pod: usize },
    /// A client sends an operation under a key, perhaps again.
    Operate { pod: usize, key: Key },
    /// A client reads.
    Read { pod: usize },
    /// A member's or late controller's write of the view lands.
    Land { put: usize },
    /// A controller names a primary.
    Promote { next: Box<View>, later: bool },
    /// A controller sets members and minimum.
    Wish { next: Box<View> },
    /// A process dies.
    Crash { pod: usize },
    /// All processes die.
    PowerCut,
    /// A process starts.
    Restart { pod: usize },
    /// A pod comes back with an empty disk.
    Wipe { pod: usize },
    /// A copy of a disk is made.
    BackUp { pod: usize },
    /// The disk becomes that copy again.
    SetBack { pod: usize },
    /// A primary finds a dead process gone.
    Notice { pod: usize, other: usize },
    /// A primary wrongly finds a living process gone.
    Doubt { pod: usize, other: usize },
    /// And finds it there again.
    Meet { pod: usize, other: usize },
    /// A connection breaks and is made again.
    Break { one: usize, other: usize },
    /// A member is told to leave.
    Leave { pod: usize },
    /// A primary is asked to hand over.
    HandOver { pod: usize, to: usize },
    /// A clock passes all patience.
    Wait { pod: usize },
    /// A walk of the state.
    BeginSnapshot { pod: usize },
    /// It is published.
    EndSnapshot { pod: usize },
    /// A snapshot is fetched and installed.
    Fetch { pod: usize },
    /// The view vanishes.
    LoseView,
    /// The view is an older one again.
    RollBack { version: u64 },
    /// The operator begins to rebuild the view: these pods (bits) answer.
    Begin { pods: u8 },
    /// A member hears what it must promise for that.
    Fence { pod: usize },
    /// The operator rebuilds the view from what these pods (bits) answer.
    Rebuild { pods: u8 },
    /// The operator accepts a loss.
    Force { keep: usize },
}

/// All pods but one.
fn others(play: &Play, pod: usize) -> impl Iterator<Item = usize> {
    (0..play.pods).filter(move |other| *other != pod)
}

impl World {
    /// Every move that is possible now.
    pub(crate) fn moves(&self, play: &Play, into: &mut Vec<Move>) {
        if self.told.broken.is_some() {
            return;
        }
        for pod in 0..play.pods {
            self.pod_moves(play, pod, into);
        }
        self.view_moves(play, into);
        let (used, max) = (&self.used, &play.max);
        if used.power_cuts < max.power_cuts && self.nodes.iter().any(|node| node.is_up()) {
            into.push(Move::PowerCut);
        }
    }

    fn pod_moves(&self, play: &Play, pod: usize, into: &mut Vec<Move>) {
        let (used, max, node) = (&self.used, &play.max, &*self.nodes[pod]);
        if used.wipes < max.wipes {
            into.push(Move::Wipe { pod });
        }
        if node.shelf.is_some() && used.set_backs < max.set_backs && self.is_settled() {
            into.push(Move::SetBack { pod });
        }
        let Some(core) = &node.core else {
            if used.restarts < max.restarts {
                into.push(Move::Restart { pod });
            }
            return;
        };
        for to in others(play, pod).filter(|to| !self.wire(pod, *to).is_empty()) {
            if self.nodes[to].is_up() {
                into.push(Move::Deliver { from: pod, to });
            }
        }
        if !node.disk.queue.is_empty() {
            into.push(Move::Sync { pod });
        }
        let held = core.view().map_or(0, |view| view.version);
        for view in self.store.views.iter().filter(|view| view.version > held && !self.store.missing) {
            into.push(Move::Learn { pod, version: view.version });
        }
        if node.serves() {
            self.client_moves(play, pod, into);
        }
        if core.serving() != Serving::No {
            self.lead_moves(play, pod, into);
        }
        self.life_moves(play, pod, node, into);
    }

    fn client_moves(&self, play: &Play, pod: usize, into: &mut Vec<Move>) {
        let (used, max) = (&self.used, &play.max);
        if used.operations < max.operations {
            into.push(Move::Operate { pod, key: used.operations });
        }
        if used.repeats < max.repeats {
            into.extend((0..used.operations).map(|key| Move::Operate { pod, key }));
        }
        if used.reads < max.reads {
            into.push(Move::Read { pod });
        }
    }

    fn lead_moves(&self, play: &Play, pod: usize, into: &mut Vec<Move>) {
        let (used, max) = (&self.used, &play.max);
        for other in others(play, pod) {
            let (open, up) = (self.open[pod] >> other & 1 == 1, self.nodes[other].is_up());
            match (open, up) {
                (true, false) => into.push(Move::Notice { pod, other }),
                (true, true) if used.doubts < max.doubts => into.push(Move::Doubt { pod, other }),
                (false, true) => into.push(Move::Meet { pod, other }),
                _ => {}
            }
            if used.hand_overs < max.hand_overs {
                into.push(Move::HandOver { pod, to: other });
            }
        }
    }

    fn life_moves(&self, play: &Play, pod: usize, node: &Node, into: &mut Vec<Move>) {
        let (used, max) = (&self.used, &play.max);
        if used.crashes < max.crashes {
            into.push(Move::Crash { pod });
        }
        let is_news = || self.store.is_lost() && !node.status().is_some_and(|told| told.view_lost);
        if node.looks || max.losses + max.rollbacks > 0 && is_news() {
            into.push(Move::Look { pod });
        }
        for other in others(play, pod).filter(|other| *other > pod && used.breaks < max.breaks) {
            if self.nodes[other].is_up() {
                into.push(Move::Break { one: pod, other });
            }
        }
        if used.leaves < max.leaves {
            into.push(Move::Leave { pod });
        }
        if used.waits < max.waits {
            into.push(Move::Wait { pod });
        }
        if used.snapshots < max.snapshots && node.walk.is_none() {
            into.push(Move::BeginSnapshot { pod });
        }
        let early = play.mistake == Some(Mistake::PublishesUncommitted);
        let committed = node.core.as_ref().map_or(0, |core| core.commit());
        if node.walk.as_ref().is_some_and(|walk| early || walk.at.seq <= committed) {
            into.push(Move::EndSnapshot { pod });
        }
        if node.fetching.is_some() {
            into.push(Move::Fetch { pod });
        }
        if used.set_backs < max.set_backs && node.shelf.is_none() {
            into.push(Move::BackUp { pod });
        }
    }

    fn view_moves(&self, play: &Play, into: &mut Vec<Move>) {
        let (used, max, store) = (&self.used, &play.max, &self.store);
        for (put, write) in store.puts.iter().enumerate() {
            if store.takes(write, play) {
                into.push(Move::Land { put });
            }
        }
        if used.promotions < max.promotions {
            promote::moves(self, play, into);
        }
        if let Some((wish, view)) = play.wishes.get(usize::from(used.wishes)).zip(store.current()) {
            self.wish(*wish, view, into);
        }
        if used.losses < max.losses && !store.missing {
            into.push(Move::LoseView);
        }
        if used.rollbacks < max.rollbacks && self.is_settled() {
            let older = store.views.iter().filter(|view| view.version < store.highest.1);
            let older: BTreeSet<u64> = older.map(|view| view.version).collect();
            into.extend(older.into_iter().map(|version| Move::RollBack { version }));
        }
        self.rebuilds(play, into);
        if used.forces < max.forces {
            let keeps = (0..play.pods).filter(|keep| repair::force(self, *keep).is_some());
            into.extend(keeps.map(|keep| Move::Force { keep }));
        }
    }

    /// V3: an operator begins, perhaps again; members promise, each when it hears; the view is written when that is allowed.
    fn rebuilds(&self, play: &Play, into: &mut Vec<Move>) {
        let all = (1_u8 << play.pods) - 1;
        let sets = if play.mistake == Some(Mistake::RebuildsFromSome) { 1..=all } else { all..=all };
        if self.used.rebuilds < play.max.rebuilds && self.store.is_lost() {
            let may_begin =
                |pods: &u8| repair::fence(self, *pods, play).is_some_and(|fence| self.fence.as_ref() != Some(&fence));
            into.extend(sets.clone().filter(may_begin).map(|pods| Move::Begin { pods }));
        }
        let Some(fence) = &self.fence else { return };
        let unaware = |pod: &usize| {
            let core = self.nodes[*pod].core.as_ref();
            core.is_some_and(|core| core.promised().unwrap_or_default() < fence.epoch())
        };
        into.extend((0..play.pods).filter(unaware).map(|pod| Move::Fence { pod }));
        into.extend(
            sets.filter(|pods| repair::rebuild(self, *pods, play).is_some()).map(|pods| Move::Rebuild { pods }),
        );
    }

    /// P5 and V3 are about one disk, or the store, that is set back while nothing else is wrong: nobody leads by a view that is no
    /// longer the newest.
    fn is_settled(&self) -> bool {
        let is_newest = |node: &Node| {
            node.core.as_ref().and_then(|core| core.view()).map(|view| view.version) == Some(self.store.highest.1)
        };
        self.nodes.iter().all(|node| !node.serves() || is_newest(node))
    }

    /// V1, V5: the primary's pod stays a member; the rules of the view have the last word.
    fn wish(&self, (members, min): (usize, usize), view: &View, into: &mut Vec<Move>) {
        if self.store.is_lost() {
            return;
        }
        let wanted = self.nodes[..members].iter().map(|node| node.pod.clone()).chain([view.primary.clone()]);
        let next = view.with_members(wanted.collect(), min);
        if view.admits(&next, &Writer::Controller).is_ok() {
            into.push(Move::Wish { next: Box::new(next) });
        }
    }
}

impl Turn<'_> {
    /// Counts a move.
    pub(crate) fn used(&mut self, step: &Move) {
        let first = |key: Key, used: &Budget| key == used.operations;
        let used = &mut self.world.used;
        let counted = match step {
            Move::Operate { key, .. } if first(*key, used) => &mut used.operations,
            Move::Operate { .. } => &mut used.repeats,
            Move::Read { .. } => &mut used.reads,
            Move::Promote { .. } => &mut used.promotions,
            Move::Wish { .. } => &mut used.wishes,
            Move::Crash { .. } => &mut used.crashes,
            Move::PowerCut => &mut used.power_cuts,
            Move::Restart { .. } => &mut used.restarts,
            Move::Wipe { .. } => &mut used.wipes,
            Move::SetBack { .. } => &mut used.set_backs,
            Move::Doubt { .. } => &mut used.doubts,
            Move::Break { .. } => &mut used.breaks,
            Move::Leave { .. } => &mut used.leaves,
            Move::HandOver { .. } => &mut used.hand_overs,
            Move::Wait { .. } => &mut used.waits,
            Move::BeginSnapshot { .. } => &mut used.snapshots,
            Move::LoseView => &mut used.losses,
            Move::RollBack { .. } => &mut used.rollbacks,
            Move::Begin { .. } => &mut used.rebuilds,
            Move::Force { .. } => &mut used.forces,
            _ => return,
        };
        *counted += 1;
    }
}

impl fmt::Debug for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |pod: &usize| ["a", "b", "c", "d"][*pod];
        match self {
            Move::Deliver { from, to } => write!(f, "{} -> {}", name(from), name(to)),
            Move::Sync { pod } => write!(f, "{} syncs", name(pod)),
            Move::Learn { pod, version } => write!(f, "{} learns v{version}", name(pod)),
            Move::Look { pod } => write!(f, "{} looks at the store", name(pod)),
            Move::Operate { pod, key } => write!(f, "operation {key} at {}", name(pod)),
            Move::Read { pod } => write!(f, "read at {}", name(pod)),
            Move::Land { put } => write!(f, "write {put} of the view lands"),
            Move::Promote { next, later } => {
                let when = if *later { " later" } else { "" };
                write!(f, "promote {} v{} {} of {:?}{when}", next.primary, next.version, next.epoch, next.in_sync)
            }
            Move::Wish { next } => write!(f, "wish for {:?}, at least {}", next.members, next.min_in_sync),
            Move::Crash { pod } => write!(f, "{} dies", name(pod)),
            Move::PowerCut => write!(f, "the power fails"),
            Move::Restart { pod } => write!(f, "{} starts", name(pod)),
            Move::Wipe { pod } => write!(f, "{} comes back empty", name(pod)),
            Move::BackUp { pod } => write!(f, "{}'s disk is copied", name(pod)),
            Move::SetBack { pod } => write!(f, "{}'s disk is set back to the copy", name(pod)),
            Move::Notice { pod, other } => write!(f, "{} finds {} dead", name(pod), name(other)),
            Move::Doubt { pod, other } => write!(f, "{} takes {} for dead", name(pod), name(other)),
            Move::Meet { pod, other } => write!(f, "{} meets {} again", name(pod), name(other)),
            Move::Break { one, other } => write!(f, "{} and {} lose their connection", name(one), name(other)),
            Move::Leave { pod } => write!(f, "{} is told to leave", name(pod)),
            Move::HandOver { pod, to } => write!(f, "{} is asked to hand over to {}", name(pod), name(to)),
            Move::Wait { pod } => write!(f, "time passes at {}", name(pod)),
            Move::BeginSnapshot { pod } => write!(f, "{} walks its state", name(pod)),
            Move::EndSnapshot { pod } => write!(f, "{} publishes its snapshot", name(pod)),
            Move::Fetch { pod } => write!(f, "{} installs a snapshot", name(pod)),
            Move::LoseView => write!(f, "the view vanishes"),
            Move::RollBack { version } => write!(f, "the view is v{version} again"),
            Move::Begin { pods } => write!(f, "the operator begins to rebuild the view from {pods:#b}"),
            Move::Fence { pod } => write!(f, "{} is told what to promise", name(pod)),
            Move::Rebuild { pods } => write!(f, "the operator rebuilds the view from {pods:#b}"),
            Move::Force { keep } => write!(f, "the operator keeps {} and forces a loss", name(keep)),
        }
    }
}
