//! How copies agree. Pure: it knows bytes, never orders; time comes in as an argument; nothing is read, written or sent from here.
//!
//! Passive replication in the shape of PacificA with Kafka's corrections: one [`View`] changed only by compare-and-swap
//! names the primary and the in-sync set; a write is committed when every in-sync disk has it; epochs fence; any in-sync
//! member may lead next. The rules have numbers (V1, W1, …) and are written down in `docs/protocol.md`.
//!
//! A member is a [`Core`]: `step(now, input, &mut outputs)`. What can happen is the list [`Input`]; what may be asked of
//! the world is the list [`Output`]. The shell carries outputs out in order and never decides.
pub mod choose;
mod core;
pub mod detector;
mod entry;
mod follow;
mod ids;
mod io;
mod lead;
mod leave;
pub mod limits;
mod local;
mod log;
mod message;
#[doc(hidden)]
pub mod mistake;
mod progress;
pub mod route;
mod sets;
mod status;
mod view;

pub use core::{Core, Serving};
pub use entry::{Body, Cause, Change, Entry, Reign, Start};
pub use ids::{BootId, Epoch, GroupId, Hash, Now, Pod, Position, Seq, StorageId, Time, Wall};
pub use io::{Input, Output, Stop};
pub use local::Recovered;
pub use message::{EpochStart, Message, Peer};
pub use status::{Role, Sign, Status, Suspect};
pub use view::{Fence, Proposal, Refusal, View, Writer};
