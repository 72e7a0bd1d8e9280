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
