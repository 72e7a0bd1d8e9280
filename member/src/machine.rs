//! What an application is to the group: bytes in, bytes out. Knows nothing of logs, views or connections.
use bytes::Bytes;
use group::{Seq, Wall};

/// The application's state and its rules, replicated passively: a command is *executed* on the primary alone and becomes
/// a delta; every member, the primary included, only *applies* deltas.
///
/// The contract:
/// - **Determinism is asked of `apply`, `load` and `digest` only.** Members that applied the same deltas must hold the same
///   state. `execute` may be as non-deterministic as it likes, because nobody executes a second time.
/// - **Deltas are absolute** (W5): a delta says what *is* afterwards, not what to add. Applying one twice in a row, or a run
///   of them twice in order, leaves what applying it once leaves. Snapshots depend on it.
/// - **Time comes in.** `at` is log time in ms since 1970 (T1). It never falls. No clock is read in here.
/// - **Nothing panics on bytes from outside.** A command that cannot be read is answered by a reply that says so.
/// - Calls come from one thread and must not block: at 50,000 commands a second each has 20 µs.
pub trait Machine {
    /// Decides what `command` does to the state as it is, which includes changes that are not committed yet. The answer
    /// leaves only when everything it was computed from is durable (W4). Exactly-once is decided here too: a key seen
    /// before gives `Unchanged` with the first answer (E1–E3).
    fn execute(&self, at: Wall, command: &[u8]) -> Executed;

    /// Makes a delta part of the state. `seq` is the number of its log entry, `at` the entry's time.
    fn apply(&mut self, at: Wall, seq: Seq, delta: &[u8]);

    /// Answers a question without changing anything. `at` is log time.
    fn query(&self, at: Wall, request: &[u8]) -> Bytes;

    /// Commands that are due by the clock (T1), at most `max`. Asked for on the primary alone, behind clients' work; each
    /// is executed like a client's, so that one that is no longer true does nothing.
    fn due(&self, at: Wall, max: usize) -> Vec<Bytes> {
        let _ = (at, max);
        Vec::new()
    }

    /// The group could not work for `outage_ms` (more than `limits::OUTAGE_MS`) and does again: a command that moves the
    /// deadlines which nobody could meet meanwhile, if there are any. Executed before anything else.
    fn resumed(&self, at: Wall, outage_ms: u64) -> Option<Bytes> {
        let _ = (at, outage_ms);
        None
    }

    /// An empty machine of the same kind, for a snapshot to be loaded into.
    fn blank(&self) -> Self
    where
        Self: Sized;

    /// A piece of the state of about `budget` bytes, from where the last piece ended (`None`: from the start). Deltas are
    /// applied between two pieces: a thing that exists all the while must be in one of them; what changed meanwhile may
    /// be in the old or the new form, once, twice or not at all (W5).
    fn slice(&self, from: Option<&[u8]>, budget: usize) -> Slice;

    /// Takes in a piece that `slice` gave, on a machine that began empty. Pieces come in order.
    ///
    /// # Errors
    /// The piece cannot be read: the snapshot is of no use.
    fn load(&mut self, slice: &[u8]) -> Result<(), LoadError>;

    /// A number that is equal on members with equal state, for tests and for comparing copies.
    fn digest(&self) -> u64;
}

/// What executing a command came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Executed {
    /// The state changes.
    Changed {
        /// What it becomes: goes into the log and to every member.
        delta: Bytes,
        /// For the caller, once the delta is durable on every in-sync disk.
        reply: Bytes,
    },
    /// The state stays as it is: a refusal, or a command that was executed before.
    Unchanged {
        /// For the caller, once all that it was computed from is durable.
        reply: Bytes,
    },
}

/// A piece of the state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    /// What `Machine::load` takes.
    pub bytes: Bytes,
    /// Where the next piece begins; `None` after the last one.
    pub next: Option<Bytes>,
}

/// A piece of a snapshot makes no sense to this machine.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("read a snapshot's piece: {what}")]
pub struct LoadError {
    /// What was wrong, in words.
    pub what: String,
}
