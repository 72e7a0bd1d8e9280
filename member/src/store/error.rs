//! What can go wrong with a data directory, in words that say what to do. Knows no way of repairing anything.
use group::Seq;
use std::io;
use thiserror::Error;

/// Why a data directory cannot be opened, or why the process must end. Paths are named by whoever knows them.
#[derive(Debug, Error)]
pub enum StorageError {
    /// Another process has the directory.
    #[error(
        "lock the data directory {dir}: another process has it; end that process (a frozen one keeps its lock too), or name another directory"
    )]
    Locked {
        /// The directory.
        dir: String,
    },
    /// The directory cannot be used at all.
    #[error("open the data directory {dir}: {source}; name a directory that this user can make and write")]
    Unusable {
        /// The directory.
        dir: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// No space is left.
    #[error("disk full: {doing} in {dir}; free space and start again; nothing acknowledged is lost")]
    Full {
        /// The directory.
        dir: String,
        /// What was attempted.
        doing: String,
    },
    /// The operating system refused something. After a failed write or sync what is on the disk is unknown, and asking
    /// again may wrongly say yes, so nobody does: the process ends and recovery looks.
    #[error("{doing} in {dir}: {source}")]
    Io {
        /// The directory.
        dir: String,
        /// What was attempted.
        doing: String,
        /// What it said.
        source: io::Error,
    },
    /// The directory holds something else.
    #[error("open the data directory {dir}: it holds {found}, which is not a member's; name an empty directory")]
    Foreign {
        /// The directory.
        dir: String,
        /// What is there.
        found: String,
    },
    /// A newer version of this program wrote it.
    #[error(
        "open the data directory {dir}: its format is {found}, this program knows up to {known}; use a newer program"
    )]
    Newer {
        /// The directory.
        dir: String,
        /// The format found.
        found: u32,
        /// The newest one known.
        known: u32,
    },
    /// Both copies of the superblock are damaged: not even the identity of this disk is known.
    #[error(
        "open the data directory {dir}: both copies of the superblock are damaged ({found}); remove the directory, and the member comes back as a new disk that copies from its peers"
    )]
    Damaged {
        /// The directory.
        dir: String,
        /// What was found in them.
        found: String,
    },
    /// An entry is larger than the log takes.
    #[error("write entry {seq}: {bytes} bytes are more than the {limit} that one entry may have")]
    TooLarge {
        /// Its number.
        seq: Seq,
        /// Its size in bytes.
        bytes: usize,
        /// The bound in bytes.
        limit: usize,
    },
    /// P4 was about to be broken.
    #[error("cut the log after entry {cut}: entries up to {commit} are committed (P4)")]
    CutsCommitted {
        /// Keep up to here.
        cut: Seq,
        /// Committed up to here.
        commit: Seq,
    },
    /// What should be written does not follow what is there.
    #[error("write entry {first}: the log ends at {tail}")]
    Gap {
        /// The first entry of the write.
        first: Seq,
        /// The last entry of the log.
        tail: Seq,
    },
    /// The thread that makes segments ended before; it said why.
    #[error("write the log: the thread that prepares its segments has ended")]
    Ended,
    /// A snapshot's file is damaged or does not fit.
    #[error("read the snapshot {name}: {why}")]
    Snapshot {
        /// Its file.
        name: String,
        /// What is wrong.
        why: String,
    },
}

/// Names the place and the attempt of an error of the operating system.
#[derive(Clone, Debug)]
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn new(dir: impl Into<String>) -> Place {
        Place(dir.into())
    }
    pub(crate) fn name(&self) -> String {
        self.0.clone()
    }
    pub(crate) fn error(&self, doing: impl Into<String>, source: io::Error) -> StorageError {
        let (dir, doing) = (self.name(), doing.into());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StorageError::Full { dir, doing },
            _ => StorageError::Io { dir, doing, source },
        }
    }
}
