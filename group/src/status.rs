//! What a member says of itself: the ground on which a controller decides. Plain data.
use crate::ids::{Epoch, GroupId, Pod, Position, Seq, Wall};
use crate::message::Peer;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// One member, as it sees itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Who speaks: name, disk, process.
    pub me: Peer,
    /// The group on its disk; none while the disk is blank (V2).
    pub group: Option<GroupId>,
    /// What it does now.
    pub role: Role,
    /// The epoch promised, once that is on its disk (W2).
    pub promised: Epoch,
    /// The newest view it has seen.
    pub view: Option<View>,
    /// The end of its log *on disk*.
    pub tail: Position,
    /// How far it knows the log committed.
    pub commit: Seq,
    /// Whether log and disk are sound; if not, why. An unsound member never leads.
    pub unhealthy: Option<String>,
    /// Whether the view object was found missing, older, or of another group (V3).
    pub view_lost: bool,
    /// Members it hears nothing from, or whose connection was refused.
    pub suspects: Vec<Suspect>,
    /// Whether writes have waited without any commit for too long (detector).
    pub stalled: bool,
    /// The newest log format it can write (F1).
    pub format: u16,
    /// Its wall clock.
    pub clock: Wall,
}

impl Status {
    /// Whether it has promised to follow nothing older than a view that is yet to be written (V3).
    pub fn is_fenced(&self) -> bool {
        self.view.as_ref().is_some_and(|view| self.promised.loss > view.epoch.loss)
    }
}

/// A member that someone doubts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Suspect {
    /// Who.
    pub pod: Pod,
    /// What was seen.
    pub sign: Sign,
}

/// What speaks against a member.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// Nothing was heard for as many ticks as the detector allows. A hint, wanting a second witness.
    Silent,
    /// Its port refuses connections: the process is dead.
    Refused,
    /// Another process answers under its name: the old one is dead.
    Reborn,
}

/// What a member does now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// No group yet, or no view seen.
    Waiting,
    /// Follows, and its disk is in the set.
    Backup,
    /// Follows and catches up; its disk is not in the set.
    Learner,
    /// Leads.
    Primary,
    /// Leads, but takes no new writes: about to hand over (H1), or fenced while the view is rebuilt (V3).
    Draining,
    /// Refuses to go on, because going on could lose something. Says why in `unhealthy`.
    Halted,
}
