//! A running member of a group: log, snapshots, connections, event loop, and the client half. Knows bytes, never orders, and not where the view is kept.
//!
//! This is the group communication middleware: an application that can be written as a [`Machine`] (bytes in, bytes out) survives the
//! death of any of its servers without losing an acknowledged command. `docs/middleware.md` tells API, fault model, security model,
//! protocols and messages in prose, `docs/threading.md` the threads and every queue's bound, `docs/protocol.md` the rules that comments
//! cite by number.
//!
//! A process that is a member calls [`join`] and runs what it gives on a current-thread runtime:
//! ```no_run
//! # use member::{Ask, Config, Ended, Machine, Seen};
//! # async fn example<M: Machine + Send + 'static>(
//! #     config: Config, machine: M, views: impl futures_util::Stream<Item = Seen> + 'static,
//! #     asks: tokio::sync::mpsc::UnboundedSender<Ask>,
//! # ) -> Result<Ended, member::JoinError> {
//! let (member, running) = member::join(config, machine, views, asks)?;
//! let mut events = member.events(); // ViewChanged, Delivered, StateRequested, RoleChanged
//! let ended = running.run().await; // then the process exits, and its supervisor starts it again (D1)
//! # Ok(ended)
//! # }
//! ```
//! A process that uses the group holds a [`client::Client`]; one that watches over it a [`client::Watch`].
//!
//! **Fault model.** Crashes, pauses, slow or broken connections, wiped or torn disks, a view store that is late or away. No member lies.
//! **Security model.** None below the network's: whoever reaches the port is believed. Connections are opened and accepted in one place each
//! and are generic over the stream, so that mutual TLS can go under.
//! **Threading model.** One loop on one thread; one thread that writes the log (or `io_uring`, or the loop itself: [`store::LogWriter`]), one
//! that keeps segments and snapshots. Unless it writes the log itself, the loop blocks on nothing.
mod answer;
pub mod client;
pub mod disk;
mod handle;
pub mod limits;
pub mod log;
mod machine;
mod mistake;
mod net;
mod running;
pub mod snapshot;
pub mod store;
pub mod superblock;
mod sync;
mod wire;

pub use answer::{
    Answer, BadCursor, Consistency, Cursor, Delivered, Failure, Freshness, History, Page, Rejection, Why,
};
pub use group::Reign;
pub use handle::{Ask, Config, Directory, Ended, Event, Figures, JoinError, Member, Report, Seen, directory};
pub use machine::{Executed, LoadError, Machine, Slice};
pub use running::{Asked, BEGINNING, Begin, Driven, Garbled, Given, Hand, Running, join};
