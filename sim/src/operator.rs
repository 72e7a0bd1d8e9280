//! The operator of a run, who rebuilds a view that was lost (V3) by the two halves of the controller's command. Knows no member's state.
use crate::controllers::Controller;
use crate::mix::MS;
use crate::network::{Actor, STORE};
use crate::world::{Event, World};
use controller::{Rebuilding, Turn};
use group::Time;
use group::choose::{CannotRepair, Decision, Repair, Store};

impl World {
    /// An operator looks every so often, and gives the command to the first controller that is in reach.
    pub(crate) fn operator(&mut self) {
        self.after(300 * MS, Event::Operator);
        let patience = if self.calm() { 0 } else { 2_000 * MS };
        let is_lost = self.store.lost_since.is_some_and(|since| self.now >= since + patience);
        if !(is_lost || self.calm() && self.is_told_of_a_loss()) {
            return;
        }
        for k in 0..self.controllers.len() {
            let held = self.net.is_held(Actor::Controller(k).place(), STORE, self.now);
            if self.pause_of(Actor::Controller(k)) == 0 && !held && self.begin_rebuild(k) {
                return;
            }
        }
        // Set back to where it was, or written on meanwhile: nothing to rebuild.
    }

    /// Whether the cluster's status says so, as when a member that was away has promised more than was written.
    fn is_told_of_a_loss(&self) -> bool {
        let now = self.clock(0);
        self.controllers.iter().any(|controller| matches!(controller.decide(now), Decision::Lost(_)))
    }

    /// The first half: members are told what to promise.
    fn begin_rebuild(&mut self, k: usize) -> bool {
        if self.controllers[k].rebuilding.is_some() {
            return true;
        }
        self.take_members(k);
        let stored = self.store.current.as_ref().map(|view| view.version);
        let (now, current) = (Time(self.now), self.store.current.clone().map_or(Store::Missing, Store::Is));
        let Controller { seen, rebuilding, .. } = &mut self.controllers[k];
        seen.stored(current, true, now);
        let known = seen.members().filter_map(|(_, member)| member.status.as_ref()?.view.as_ref());
        let Some(expected) = known.map(|view| view.epoch).max().map(|epoch| epoch.number) else { return false };
        match Rebuilding::begin(seen, stored, expected, now) {
            Ok(begun) => {
                *rebuilding = Some(begun);
                self.stir_controller(k, 100);
                true
            }
            Err(why) => {
                self.say(|| format!("the operator cannot rebuild the view: {why}"));
                false
            }
        }
    }

    /// Behind a fence the group stands until the command is repeated, even if another command has written a view meanwhile.
    pub(crate) fn half_way(&mut self, why: &str) {
        self.say(|| format!("the operator cannot end what was begun: {why}"));
        let now = self.now;
        self.store.lost_since.get_or_insert(now);
    }

    /// The second half, as a part of the controller's turn: the view is written once everyone has promised.
    pub(crate) fn go_on(&mut self, k: usize) {
        let now = self.clock(0);
        let Controller { seen, watch, rebuilding, .. } = &mut self.controllers[k];
        let Some(under_way) = rebuilding else { return };
        match under_way.turn(seen, now) {
            Turn::Wait { tell, until } => {
                if let Some(fence) = tell {
                    watch.watch().fence(&fence);
                }
                self.look_at(k, until);
            }
            Turn::End(end) => {
                *rebuilding = None;
                self.end_rebuild(end);
            }
        }
    }

    fn end_rebuild(&mut self, end: Result<Repair, CannotRepair>) {
        match end {
            Ok(Repair { stored, next }) if self.store.current.as_ref().map(|view| view.version) == stored => {
                self.store.lost_since = None;
                self.becomes(next, "the operator");
            }
            Ok(_) => self.half_way("another write was quicker"),
            Err(why) => self.half_way(&why.to_string()),
        }
    }
}
