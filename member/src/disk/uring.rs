//! A lane through `io_uring`: the kernel writes, and its ring's descriptor becomes readable. Knows the ring, not what is written.
use super::{Aligned, File, Landed, Lane};
use compio_buf::{BufResult, IntoInner, IoBuf};
use compio_driver::op::WriteAt;
use compio_driver::{Key, Proactor, PushEntry};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Handle;

/// More than one write at a time is never begun; the ring wants some room for itself.
const CAPACITY: u32 = 8;

/// Blocks that belong to the kernel until it gives them back.
struct Lent {
    blocks: Aligned,
    bytes: usize,
}
impl IoBuf for Lent {
    fn as_init(&self) -> &[u8] {
        &self.blocks[..self.bytes]
    }
}

type Write = WriteAt<Lent, Arc<OwnedFd>>;

/// What is under way.
enum Under {
    Nothing,
    /// The kernel writes.
    Kernel(Key<Write>),
    /// Done; to be told.
    Told(Landed),
}

/// A ring of this thread.
pub(super) struct Uring {
    ring: AsyncFd<Proactor>,
    under: Under,
}

impl Uring {
    /// # Errors
    /// The kernel has no `io_uring`, or does not allow it here.
    pub(super) fn new() -> io::Result<Uring> {
        // Without a runtime nobody could be woken, and registering would panic.
        Handle::try_current().map_err(io::Error::other)?;
        let ring = Proactor::builder().capacity(CAPACITY).build()?;
        #[expect(
            deprecated,
            reason = "its successor asks for an unsafe promise, which holds: a ring keeps its descriptor"
        )]
        let ring = AsyncFd::with_interest(ring, Interest::READABLE)?;
        Ok(Uring { ring, under: Under::Nothing })
    }

    /// Hands the kernel what is to be written and takes what it has done, without waiting unless told to.
    fn turn(&mut self, wait: Option<Duration>) {
        match self.ring.get_mut().poll(wait) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                tracing::error!(%error, "the ring cannot be asked");
            }
            _ => {}
        }
        if let Under::Kernel(key) = std::mem::replace(&mut self.under, Under::Nothing) {
            self.under = match self.ring.get_mut().pop(key) {
                PushEntry::Pending(key) => Under::Kernel(key),
                PushEntry::Ready(done) => Under::Told(landed(done)),
            };
        }
    }
    fn told(&mut self) -> Option<Landed> {
        match std::mem::replace(&mut self.under, Under::Nothing) {
            Under::Told(landed) => Some(landed),
            under => {
                self.under = under;
                None
            }
        }
    }
}

/// A write that the kernel cut short is as bad as one that failed: what of it is on the disk is unknown.
fn landed(done: BufResult<usize, Write>) -> Landed {
    let BufResult(written, operation) = done;
    let Lent { blocks, bytes } = operation.into_inner();
    let whole = |written| if written == bytes { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) };
    (blocks, written.and_then(whole))
}

impl Lane for Uring {
    fn begin(&mut self, file: &Arc<dyn File>, at: u64, blocks: Aligned, bytes: usize) {
        assert!(matches!(self.under, Under::Nothing), "one write after the other");
        let Some(descriptor) = file.direct() else {
            let written = file.write_through(at, &blocks[..bytes]);
            self.under = Under::Told((blocks, written));
            return;
        };
        let ring = self.ring.get_mut();
        self.under = match ring.push(WriteAt::new(descriptor, at, Lent { blocks, bytes })) {
            PushEntry::Pending(key) => Under::Kernel(key),
            PushEntry::Ready(done) => Under::Told(landed(done)),
        };
        ring.flush();
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Landed> {
        loop {
            if let Some(landed) = self.told() {
                return Poll::Ready(landed);
            }
            let mut readable = ready!(self.ring.poll_read_ready_mut(context)).expect("the runtime has an I/O driver");
            readable.clear_ready();
            self.turn(Some(Duration::ZERO));
        }
    }

    fn wait(&mut self) -> Landed {
        loop {
            if let Some(landed) = self.told() {
                return landed;
            }
            self.turn(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BLOCK, DataDir, Disk};
    use super::*;

    #[tokio::test]
    async fn what_has_landed_is_in_the_file_whether_polled_or_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let disk = DataDir::open(dir.path()).unwrap();
        let Ok(mut lane) = Uring::new() else { return eprintln!("this kernel allows no io_uring") };
        let file = disk.create("file").unwrap();
        for (turn, waits) in [(1u8, false), (2, true), (3, false)] {
            let mut blocks = Aligned::zeroed(3 * BLOCK);
            blocks.fill(turn);
            lane.begin(&file, u64::from(turn) * BLOCK as u64, blocks, BLOCK);
            let poll = std::future::poll_fn(|context| lane.poll(context));
            let (blocks, written) = if waits { lane.wait() } else { poll.await };
            written.unwrap();
            assert_eq!((blocks.len(), blocks[0]), (3 * BLOCK, turn), "the blocks come back");
        }
        let mut found = Aligned::zeroed(4 * BLOCK);
        file.read(0, &mut found).unwrap();
        assert_eq!([found[0], found[BLOCK], found[2 * BLOCK], found[3 * BLOCK]], [0, 1, 2, 3]);
        // Dropped with a write under way: the kernel lets go of the memory first.
        lane.begin(&file, 0, Aligned::zeroed(BLOCK), BLOCK);
    }
}
