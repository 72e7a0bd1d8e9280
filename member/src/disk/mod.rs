//! What the storage needs of a disk: one flat directory of files. Knows names, bytes and what a sync promises, not what the bytes mean.
//!
//! Two implementers: [`DataDir`], real files, and [`simulated::SimulatedDisk`], which loses what was not synced. All of the
//! storage is plain code over this trait, so that every boundary between two writes can be tested as a place to crash.
mod aligned;
mod data_dir;
mod lane;
pub mod simulated;
mod uring;

pub use aligned::Aligned;
pub use data_dir::DataDir;
pub use lane::{Landed, Lane};

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// What a disk writes whole or not at all, in bytes.
pub const SECTOR: usize = 512;
/// What writes past the page cache are aligned to and measured in, in bytes.
pub const BLOCK: usize = 4096;

/// A flat directory. Names and their files are durable separately: `sync_names` is for names, `File::sync` for contents.
pub trait Disk: Send + Sync {
    /// The names of all files, in any order.
    ///
    /// # Errors
    /// The directory cannot be read.
    fn names(&self) -> io::Result<Vec<String>>;
    /// An empty file of this name; one that was there is emptied.
    ///
    /// # Errors
    /// The file cannot be made.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;
    /// The file of this name.
    ///
    /// # Errors
    /// There is none (`NotFound`), or it cannot be opened.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;
    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// The name cannot be changed.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Takes a name away. Whoever holds the file open may go on reading it.
    ///
    /// # Errors
    /// The name cannot be removed.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes all names durable as they are.
    ///
    /// # Errors
    /// They may or may not be durable; the process must end.
    fn sync_names(&self) -> io::Result<()>;
    /// Whether aligned reads come from the device and not from the page cache. If not, what is read may never have
    /// reached the disk, and recovery writes it again before it claims it.
    fn reads_past_cache(&self) -> bool;
    /// Lets the others who share this disk have it for `time`, between two stretches of work that may wait. A disk that nobody
    /// shares needs no pause.
    fn pause(&self, time: Duration) {
        let _nobody_waits = time;
    }
    /// A way to write without waiting, for the calling thread, which must be in the runtime where it will be polled.
    ///
    /// # Errors
    /// There is none here, for this reason.
    fn lane(&self) -> io::Result<Box<dyn Lane>>;
}

/// One open file.
pub trait File: Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// It cannot be asked.
    fn length(&self) -> io::Result<u64>;
    /// Fills `into` from offset `at`. Past the page cache if `Disk::reads_past_cache` and address, length and offset are
    /// multiples of `BLOCK`.
    ///
    /// # Errors
    /// The file is shorter (`UnexpectedEof`) or cannot be read.
    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
    /// Writes; durable after the next `sync`.
    ///
    /// # Errors
    /// Some of it may be written.
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Writes, and is durable when it returns. Address, length and offset must be multiples of `BLOCK` ([`Aligned`]).
    ///
    /// # Errors
    /// Some of it may be durable; the process must end.
    fn write_through(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes everything written so far durable, the length included.
    ///
    /// # Errors
    /// It may or may not be durable, and asking again may wrongly say yes: the process must end.
    fn sync(&self) -> io::Result<()>;
    /// The descriptor whose writes are as `write_through`, if it has one.
    fn direct(&self) -> Option<Arc<OwnedFd>> {
        None
    }
}
