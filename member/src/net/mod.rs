//! The one place where connections are accepted and the one where they are opened. Knows greetings and frames, not what they mean.
//! All of it is generic over the stream once it is open, so that mutual TLS can go under.
mod accept;
mod dial;
mod pump;

pub(crate) use accept::accept_all;
pub(crate) use dial::{Caller, LineEvent, keep_lines};
pub(crate) use pump::{Open, run};

/// Comes back when everything that had arrived before was handed over: whatever is readable is read before a yielded task runs again,
/// and what that woke runs before the second one.
pub(crate) async fn drained() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}
