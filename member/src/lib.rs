//! A running member of a group: log, snapshots, connections, event loop, and the client half. Knows bytes, never orders, and not where the view is kept.
mod answer;
mod handle;
pub mod limits;
mod machine;

pub use answer::{
    Answer, BadCursor, Consistency, Cursor, Delivered, Failovers, Failure, Freshness, History, Page, Rejection, Why,
};
pub use handle::{Ask, Config, Directory, Ended, Event, Figures, Member, Report, Seen, directory};
pub use machine::{Executed, LoadError, Machine, Slice};
