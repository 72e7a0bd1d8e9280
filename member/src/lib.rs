//! A running member of a group: log, snapshots, connections, event loop, and the client half. Knows bytes, never orders, and not where the view is kept.
mod answer;
pub mod client;
pub mod disk;
mod handle;
pub mod limits;
pub mod log;
mod machine;
mod net;
mod running;
pub mod snapshot;
pub mod store;
pub mod superblock;
mod wire;

pub use answer::{
    Answer, BadCursor, Consistency, Cursor, Delivered, Failure, Freshness, History, Page, Reign, Rejection, Why,
};
pub use handle::{Ask, Config, Directory, Ended, Event, Figures, JoinError, Member, Report, Seen, directory};
pub use machine::{Executed, LoadError, Machine, Slice};
pub use running::{BEGINNING, Running, join};
