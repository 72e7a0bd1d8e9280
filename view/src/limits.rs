//! Every bound and interval of the view stores, with its reason. Nothing else in this crate holds a number of its own.
use std::time::Duration;

/// So many of the newest versions are kept as files. A writer that was frozen since an older one finds its base gone.
pub const KEPT: u64 = 1_024;
/// No view is as large, in bytes; whatever is was not written by a store.
pub const BYTES_MAX: u64 = 1 << 20;
/// A draft this old belongs to a process that died between writing and linking it.
pub const LEFTOVER_AGE: Duration = Duration::from_secs(600);
/// The highest file may vanish between listing and reading, pruned or deleted by hand: look again so often.
pub const TRIES: usize = 16;
/// How often the directory is looked at, come what may: in case inotify is not there or missed something.
pub const POLL: Duration = Duration::from_millis(20);

/// A write of the ConfigMap, with the read before it, is waited for no longer: after this a controller has decided anew (P1).
pub const WRITE_TIME: Duration = Duration::from_secs(2);
/// A read of the ConfigMap, or the beginning of a watch.
pub const READ_TIME: Duration = Duration::from_secs(2);
/// Reaching the API server.
pub const CONNECT_TIME: Duration = Duration::from_secs(1);
/// So often one write is tried again because only labels or the like were changed meanwhile.
pub const SWAPS: usize = 4;
/// A watch is ended by the server after so many seconds and begun anew with a fresh list: a connection that died silently, or a
/// server that was set back, is noticed then.
pub const WATCH_SECS: u32 = 10;
/// A server that does not end a watch in time is not there.
pub const WATCH_GRACE: Duration = Duration::from_secs(2);
/// Pause before following again after a failure: short at first, because an API server that restarts is back in a moment.
pub const FOLLOW_PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest such pause. With all pods of an installation these are a few dozen requests a second at most.
pub const FOLLOW_PAUSE_MAX: Duration = Duration::from_millis(500);
/// If the API server has not told addresses by then, they are guessed by name; if it cannot be asked at all, at once.
pub const GUESS_AFTER: Duration = Duration::from_millis(500);
/// A pod that the API server no longer names keeps its last address at least so long: deleted by force, its process still runs for
/// some seconds and hands over meanwhile (H1).
pub const GONE_KEPT: Duration = Duration::from_secs(5);
/// Where members of a StatefulSet listen; only for guesses, the EndpointSlices say it.
pub const MEMBER_PORT: u16 = 7400;
/// Members that are guessed: an installation has at most seven replicas.
pub const GUESSED: usize = 7;
