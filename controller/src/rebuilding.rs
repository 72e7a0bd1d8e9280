//! A rebuild of a lost view under way (V3): members are told what to promise, and when they have, the view is written. Pure; knows no store and
//! no connection. The controller's loop and the simulator's operator carry it out.
use crate::limits::{FENCE_AGAIN_MS, FENCE_MS};
use group::choose::{CannotRepair, Repair, Seen, fence, rebuild};
use group::{Fence, Now, Time};

/// A rebuild that waits for the members' promises.
#[derive(Debug)]
pub struct Rebuilding {
    expected: u64,
    stored: Option<u64>,
    fence: Fence,
    /// When they are told again what to promise.
    again: Time,
    until: Time,
}

/// What is to be done now.
#[derive(Debug)]
pub enum Turn {
    /// Look again at this moment, and before that whenever a member has said something.
    Wait {
        /// What all members are to be told now.
        tell: Option<Fence>,
        /// The moment.
        until: Time,
    },
    /// Write this, or say why nothing is written. The rebuild is over.
    End(Result<Repair, CannotRepair>),
}

impl Rebuilding {
    /// Begins on what was seen. `stored`: the version that the store holds; `expected`: the epoch's number that the operator saw.
    ///
    /// # Errors
    /// Nothing is lost, or what is lost cannot be rebuilt: then nobody is told anything.
    pub fn begin(seen: &Seen, stored: Option<u64>, expected: u64, now: Time) -> Result<Rebuilding, CannotRepair> {
        let fence = fence(seen, expected)?;
        Ok(Rebuilding { expected, stored, fence, again: now, until: now.plus_ms(FENCE_MS) })
    }

    /// The loss number that the view will have.
    pub fn loss(&self) -> u64 {
        self.fence.loss
    }

    /// Looks at what was seen meanwhile. Whoever was stopped for so long that its time is over writes nothing: another may have begun (P1).
    pub fn turn(&mut self, seen: &Seen, now: Now) -> Turn {
        let is_late = now.mono >= self.until;
        match rebuild(seen, self.stored, self.expected, &self.fence, now) {
            Err(CannotRepair::Unfenced { .. }) if !is_late => {
                let is_due = now.mono >= self.again;
                if is_due {
                    self.again = now.mono.plus_ms(FENCE_AGAIN_MS);
                }
                Turn::Wait { tell: is_due.then(|| self.fence.clone()), until: self.again.min(self.until) }
            }
            Ok(_) if is_late => Turn::End(Err(CannotRepair::Late)),
            end => Turn::End(end),
        }
    }
}
