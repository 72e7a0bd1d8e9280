//! An operator's commands (V3, U1), carried out by the controller's loop on what the store holds at that moment. Knows their steps, no rule.
use crate::apply::{self, Applied};
use crate::control::Control;
use crate::rebuilding::{Rebuilding, Turn};
use api::v1::cluster::ForceLoss;
use api::v1::error::{ErrorCode, Problem};
use group::choose::{CannotRepair, force_loss};
use group::{Time, View};
use tokio::sync::oneshot;
use view::StoreError;

/// Where the outcome is told.
pub(crate) type Reply = oneshot::Sender<Result<View, Problem>>;

/// An operator's command.
#[derive(Debug)]
pub(crate) enum Repair {
    /// Write a lost view anew, if this is the epoch that members remember.
    Rebuild(u64),
    /// Accept a loss.
    Force(ForceLoss),
}

impl Control {
    /// Begins a command. A loss is forced at once; a rebuild goes on when members have promised.
    pub(crate) async fn repair(&mut self, repair: Repair, reply: Reply) {
        if let (Repair::Rebuild(_), Some(_)) = (&repair, &self.rebuilding) {
            let busy = "the view is being rebuilt by an earlier command: look again in a moment";
            return drop(reply.send(Err(Problem::new(ErrorCode::ClusterRefused, busy))));
        }
        // Before the store is read: what members learn of a write that comes after it makes no view lost.
        self.observer.take_members();
        let stored = match self.stored().await {
            Ok(stored) => stored,
            Err(problem) => return drop(reply.send(Err(problem))),
        };
        match repair {
            Repair::Rebuild(expected) => self.begin_rebuild(expected, stored, reply),
            Repair::Force(ForceLoss { expect_epoch, keep }) => {
                let (seen, now) = (&self.observer.seen, self.observer.clock.now());
                let repair = force_loss(seen, stored, expect_epoch, &keep.as_str().into(), now);
                self.write_repair(repair, reply).await;
            }
        }
    }

    /// The version that the store holds.
    async fn stored(&mut self) -> Result<Option<u64>, Problem> {
        match apply::read(&mut self.observer, &*self.store).await {
            Ok(view) => Ok(view.map(|view| view.version)),
            // A damaged view is one of the ways to lose it.
            Err(StoreError::Damaged { version, .. }) => Ok(Some(version)),
            Err(error) => Err(Problem::new(ErrorCode::Unavailable, error.to_string())),
        }
    }

    fn begin_rebuild(&mut self, expected: u64, stored: Option<u64>, reply: Reply) {
        let now = self.observer.clock.now().mono;
        match Rebuilding::begin(&self.observer.seen, stored, expected, now) {
            Ok(rebuilding) => {
                let loss = rebuilding.loss();
                tracing::warn!(loss, "has members promise to follow nothing older, to rebuild the view");
                self.rebuilding = Some((rebuilding, reply));
            }
            Err(refused) => drop(reply.send(Err(problem(refused)))),
        }
    }

    /// Goes on with a rebuild under way. Says when to look again.
    pub(crate) async fn go_on(&mut self) -> Option<Time> {
        let (mut rebuilding, reply) = self.rebuilding.take()?;
        match rebuilding.turn(&self.observer.seen, self.observer.clock.now()) {
            Turn::Wait { tell, until } => {
                if let Some(fence) = tell {
                    self.observer.members.fence(&fence);
                }
                self.rebuilding = Some((rebuilding, reply));
                Some(until)
            }
            Turn::End(repair) => {
                self.write_repair(repair, reply).await;
                None
            }
        }
    }

    async fn write_repair(&mut self, repair: Result<group::choose::Repair, CannotRepair>, reply: Reply) {
        let outcome = match repair {
            Ok(repair) => self.apply_repair(repair).await,
            Err(refused) => Err(problem(refused)),
        };
        let _ = reply.send(outcome);
    }

    async fn apply_repair(&mut self, repair: group::choose::Repair) -> Result<View, Problem> {
        let before = self.observer.seen.view().cloned();
        let applied = apply::repair(repair, &mut self.observer, &*self.store).await;
        self.note(before.as_ref(), &applied);
        match applied {
            Applied::Wrote { next, .. } => Ok(next),
            Applied::Nothing | Applied::Not { again: None } => Err(Problem::new(
                ErrorCode::ClusterRefused,
                "another write of the view won: look again, and decide again",
            )),
            Applied::Not { again: Some(_) } => {
                Err(Problem::new(ErrorCode::OutcomeUnknown, "the view store failed: look again before repeating"))
            }
        }
    }
}

fn problem(refused: CannotRepair) -> Problem {
    let code = match refused {
        CannotRepair::Epoch { .. } => ErrorCode::EpochChanged,
        _ => ErrorCode::ClusterRefused,
    };
    Problem::new(code, refused.to_string())
}
