//! Where the view is kept: get, watch, compare-and-swap. Knows View and nothing of members or orders.
//!
//! One [`ViewStore`] holds one view. Whoever writes says so ([`Writer`]), and the store itself refuses what the rules
//! V1–V5 and U1 forbid, as an admission policy does in Kubernetes. [`FileStore`] keeps the view on one machine (V6),
//! [`kubernetes::ConfigMapStore`] in a ConfigMap.
//!
//! A store reports what it finds and judges nothing: that a missing or older view means *lost* and not *new* (V3) is
//! decided by whoever has seen a newer one.
pub mod file;
pub mod json;
pub mod kubernetes;
pub mod limits;
#[cfg(test)]
mod sample;

pub use file::FileStore;
use futures_util::future::BoxFuture;
use group::{Refusal, View, Writer};
use std::io;
use std::path::PathBuf;
use thiserror::Error;
use tokio::sync::watch;

/// A place that keeps one view and changes it only by compare-and-swap. All methods need a tokio runtime; none of them
/// blocks it. A write that has begun goes on when its future is dropped.
pub trait ViewStore: Send + Sync + std::fmt::Debug {
    /// Reads the view afresh. `None`: there is none, which is for the caller to judge (V2, V3).
    fn get(&self) -> BoxFuture<'_, Result<Option<View>, StoreError>>;

    /// What the store holds, beginning with what is known already (the first `changed` returns at once). Only the latest is
    /// kept: a slow reader skips versions, never order.
    fn watch(&self) -> watch::Receiver<Sight>;

    /// Writes `next` if the view stored still has version `base`; `next` must follow it by the rules for this writer.
    fn compare_and_swap(&self, base: u64, next: View, writer: Writer) -> BoxFuture<'_, Outcome>;

    /// Writes the first view of a group (V2). Lost if there is a view of any version.
    fn create(&self, first: View) -> BoxFuture<'_, Outcome>;

    /// Writes `next` over a lost view (V3): over the older one of version `stored`, which may be damaged, or where there
    /// is none. For the operator's command alone; the caller has checked `next` against the view it follows.
    fn rebuild(&self, stored: Option<u64>, next: View) -> BoxFuture<'_, Outcome>;
}

/// What a watch shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Sight {
    /// The store has not been read yet.
    #[default]
    Unread,
    /// There is no view.
    Missing,
    /// This is the view.
    Is(View),
    /// There is something, or there should be, but it cannot be read: the reason.
    Unreadable(String),
}

impl Sight {
    /// The view, if it could be read.
    pub fn view(&self) -> Option<&View> {
        if let Sight::Is(view) = self { Some(view) } else { None }
    }
}

impl From<&Result<Option<View>, StoreError>> for Sight {
    fn from(read: &Result<Option<View>, StoreError>) -> Sight {
        match read {
            Ok(Some(view)) => Sight::Is(view.clone()),
            Ok(None) => Sight::Missing,
            Err(error) => Sight::Unreadable(error.to_string()),
        }
    }
}

/// How a write ended.
#[derive(Debug)]
pub enum Outcome {
    /// It is the view now, or was until someone wrote on top of it.
    Written,
    /// Another write won, or what it was based on is gone. This one did not and will not take effect.
    Lost,
    /// The rules or the store's owner forbid it. It did not and will not take effect.
    Refused(Denial),
    /// It may have taken effect or not. Only a view of a higher version settles it (V4).
    Unknown(StoreError),
}

impl Outcome {
    /// Whether it certainly took effect.
    pub fn is_written(&self) -> bool {
        matches!(self, Outcome::Written)
    }
}

/// Who forbids a write, and why.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Denial {
    /// The rules for the next view (V1–V5, U1).
    #[error(transparent)]
    Rule(#[from] Refusal),
    /// The API server: an admission policy, missing rights, or an object that may not be written.
    #[error("the API server refuses it with {code}: {why}")]
    Server {
        /// HTTP status.
        code: u16,
        /// The server's own words.
        why: String,
    },
    /// The object is not a view and never was.
    #[error("{place} is another's object: it has none of the view's keys; delete or rename it")]
    Foreign {
        /// The object: kind, namespace and name.
        place: String,
    },
}

/// Why a store could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The operating system said no.
    #[error("{action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried: verb and object.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The newest view is not what a store writes. It is never passed over in favour of an older one.
    #[error("the view in {place} is damaged: {why}; restore its text, or run `jh cluster rebuild-view`")]
    Damaged {
        /// The file or object.
        place: String,
        /// The version that its name tells.
        version: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The API server could not be asked, or gave no answer that settles anything.
    #[error("{action} {place}: {why}")]
    Api {
        /// What was tried: verb and object.
        action: &'static str,
        /// The object: kind, namespace and name.
        place: String,
        /// Why it failed, with every cause behind it.
        why: String,
    },
    /// It takes longer than the caller waits. What was begun goes on.
    #[error("the view store did not answer in {after:?}")]
    Late {
        /// How long the caller waited.
        after: std::time::Duration,
    },
    /// The runtime ended under the call.
    #[error("stop in the middle of a call to the view store")]
    Stopped,
}
