//! Writing to a disk without waiting for it. Knows one write at a time, as the log has it.
use super::{Aligned, File};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What a lane gives back: the blocks it was given, and whether they are on the disk.
pub type Landed = (Aligned, io::Result<()>);

/// Puts one write after the other through to the disk while its owner goes on.
pub trait Lane {
    /// Begins to write the first `bytes` of `blocks`, as `File::write_through` would. The write before it must have landed.
    fn begin(&mut self, file: &Arc<dyn File>, at: u64, blocks: Aligned, bytes: usize);
    /// Whether what was begun is done; if not, the task of `context` is woken when it may be.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Landed>;
    /// Waits for what was begun, on this thread.
    fn wait(&mut self) -> Landed;
}
