//! A running member of a group: log, snapshots, connections, event loop, and the client half. Knows bytes, never orders, and not where the view is kept.
mod answer;
pub mod client;
mod handle;
pub mod limits;
mod machine;
mod net;
mod wire;

pub use answer::{
    Answer, BadCursor, Consistency, Cursor, Delivered, Failure, Freshness, History, Page, Reign, Rejection, Why,
};
pub use handle::{Ask, Config, Directory, Ended, Event, Figures, Member, Report, Seen, directory};
pub use machine::{Executed, LoadError, Machine, Slice};
