//! Real files in a directory of this machine. Decides once, at opening, whether writes go past the page cache.
use super::uring::Uring;
use super::{Aligned, BLOCK, Disk, File, Lane};
use rustix::fs::{self, FlockOperation, Mode, OFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The file whose lock admits one process.
const LOCK: &str = "lock";
/// The file that finds out whether the file system takes direct writes.
const PROBE: &str = "probe";

/// A data directory, locked for this process until it is dropped.
pub struct DataDir {
    path: PathBuf,
    directory: OwnedFd,
    direct: bool,
    _lock: OwnedFd,
}

impl DataDir {
    /// Opens a directory, making it if need be, and locks it.
    ///
    /// # Errors
    /// It cannot be made or written; `WouldBlock` if another process holds it. The lock is the kernel's and ends with the
    /// process, but a process that is merely frozen keeps it.
    pub fn open(path: &Path) -> io::Result<DataDir> {
        make(path)?;
        let directory = fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let lock = fs::openat(&directory, LOCK, OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC, MODE)?;
        fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        let direct = takes_direct_writes(&directory)?;
        let how = if direct { "O_DIRECT|O_DSYNC in place" } else { "pwrite and fdatasync" };
        tracing::info!(directory = %path.display(), how, "log writes");
        Ok(DataDir { path: path.to_owned(), directory, direct, _lock: lock })
    }
    /// Whether another process holds the directory at this moment. Nothing is made or changed.
    pub fn is_held(path: &Path) -> bool {
        let lock = fs::open(path.join(LOCK), OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
        let tried = lock.and_then(|lock| fs::flock(&lock, FlockOperation::NonBlockingLockShared));
        tried == Err(rustix::io::Errno::WOULDBLOCK)
    }
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open_with(&self, name: &str, flags: OFlags) -> io::Result<Arc<dyn File>> {
        let plain = fs::openat(&self.directory, name, flags | OFlags::RDWR | OFlags::CLOEXEC, MODE)?;
        let direct = if self.direct { Some(Arc::new(fs::openat(&self.directory, name, DIRECT, MODE)?)) } else { None };
        Ok(Arc::new(RealFile { plain, direct }))
    }
}

const MODE: Mode = Mode::from_raw_mode(0o640);
const DIRECT: OFlags = OFlags::RDWR.union(OFlags::CLOEXEC).union(OFlags::DIRECT).union(OFlags::DSYNC);

/// Makes a directory and those above it. A directory is as durable as its name in the one above: that is synced too, or a
/// power cut could take the whole disk of a member away.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make(above)?;
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        done => done?,
    }
    std::fs::File::open(above)?.sync_all()
}

/// Some file systems refuse O_DIRECT at opening, some at the first write: only a write tells.
fn takes_direct_writes(directory: &OwnedFd) -> io::Result<bool> {
    let plain = fs::openat(directory, PROBE, OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC, MODE)?;
    drop(plain);
    let tried = fs::openat(directory, PROBE, DIRECT, MODE)
        .and_then(|file| rustix::io::pwrite(&file, &Aligned::zeroed(BLOCK), 0));
    fs::unlinkat(directory, PROBE, fs::AtFlags::empty())?;
    match tried {
        Ok(written) => Ok(written == BLOCK),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Disk for DataDir {
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.path)?.collect::<Result<Vec<_>, _>>()?;
        let names = entries.into_iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
        Ok(names.filter(|name| name != LOCK && name != PROBE).collect())
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.open_with(name, OFlags::CREATE | OFlags::TRUNC)
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.open_with(name, OFlags::empty())
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(fs::renameat(&self.directory, from, &self.directory, to)?)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(fs::unlinkat(&self.directory, name, fs::AtFlags::empty())?)
    }
    fn sync_names(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.directory)?)
    }
    fn reads_past_cache(&self) -> bool {
        self.direct
    }
    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        if !self.direct {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this file system takes no direct writes"));
        }
        Ok(Box::new(Uring::new()?))
    }
}

struct RealFile {
    plain: OwnedFd,
    /// The same file, opened with O_DIRECT|O_DSYNC.
    direct: Option<Arc<OwnedFd>>,
}

impl File for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(u64::try_from(fs::fstat(&self.plain)?.st_size).expect("a file has no negative length"))
    }
    fn read(&self, mut at: u64, into: &mut [u8]) -> io::Result<()> {
        let file = match &self.direct {
            Some(direct) if is_aligned(at, into) => direct,
            _ => &self.plain,
        };
        let mut done = 0;
        while done < into.len() {
            match rustix::io::pread(file, &mut into[done..], at) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => (done, at) = (done + read, at + read as u64),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        write_all(&self.plain, at, bytes)
    }
    fn write_through(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        assert!(is_aligned(at, bytes), "write through with memory or offset that is not aligned");
        match &self.direct {
            Some(direct) => write_all(direct, at, bytes),
            None => {
                write_all(&self.plain, at, bytes)?;
                Ok(fs::fdatasync(&self.plain)?)
            }
        }
    }
    fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.plain)?)
    }
    fn direct(&self) -> Option<Arc<OwnedFd>> {
        self.direct.clone()
    }
}

fn is_aligned(at: u64, bytes: &[u8]) -> bool {
    at.is_multiple_of(BLOCK as u64) && bytes.len().is_multiple_of(BLOCK) && bytes.as_ptr().align_offset(BLOCK) == 0
}

fn write_all(file: &OwnedFd, mut at: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(file, bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => (bytes, at) = (&bytes[written..], at + written as u64),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_keep_what_is_written_with_and_without_the_page_cache() {
        let dir = tempfile::tempdir().unwrap();
        let mut disk = DataDir::open(&dir.path().join("a/b")).unwrap();
        for direct in [disk.direct, false] {
            disk.direct = direct;
            let file = disk.create("file").unwrap();
            let mut blocks = Aligned::zeroed(2 * BLOCK);
            blocks.fill(7);
            file.write_through(BLOCK as u64, &blocks).unwrap();
            file.write(5, b"hello").unwrap();
            file.sync().unwrap();
            disk.rename("file", "other").unwrap();
            disk.sync_names().unwrap();
            let file = disk.open("other").unwrap();
            assert_eq!(file.length().unwrap(), 3 * BLOCK as u64);
            let mut all = Aligned::zeroed(3 * BLOCK);
            file.read(0, &mut all).unwrap();
            assert_eq!((&all[5..10], all[BLOCK], all[3 * BLOCK - 1]), (&b"hello"[..], 7, 7));
            assert_eq!(file.read(BLOCK as u64, &mut all).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            assert_eq!(disk.names().unwrap(), ["other"], "the lock is nobody's business");
            disk.remove("other").unwrap();
        }
    }
}
