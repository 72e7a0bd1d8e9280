//! The files `view.<version>` of one directory and the order of steps that makes a write atomic (V6). Blocking; knows no threads.
use crate::limits::{BYTES_MAX, KEPT, LEFTOVER_AGE, TRIES};
use crate::{Outcome, StoreError, json};
use group::{View, Writer};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A directory of views.
#[derive(Debug)]
pub(super) struct Numbered {
    dir: PathBuf,
    /// How a file or a directory gets to the disk: the one step of a write that leaves nothing to look at.
    sync: fn(&File) -> io::Result<()>,
}

impl Numbered {
    pub(super) fn open(dir: &Path) -> Result<Numbered, StoreError> {
        fs::create_dir_all(dir).map_err(io_error("make the directory", dir))?;
        let files = Numbered { dir: dir.to_path_buf(), sync: File::sync_all };
        files.versions()?;
        files.sweep();
        Ok(files)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The view of the highest version.
    pub(super) fn current(&self) -> Result<Option<View>, StoreError> {
        for _ in 0..TRIES {
            let Some(highest) = self.highest()? else { return Ok(None) };
            if let Some(view) = self.read(highest)? {
                return Ok(Some(view));
            }
        }
        let vanished = io::Error::other("its files vanish while they are read");
        Err(io_error("read the view in", &self.dir)(vanished))
    }

    /// Compare-and-swap. Whoever makes the name of the next version wins; `link` lets exactly one.
    pub(super) fn swap(&self, base: u64, next: &View, writer: &Writer) -> Outcome {
        let current = match self.read(base) {
            Ok(Some(view)) => view,
            Ok(None) => return Outcome::Lost,
            Err(error) => return Outcome::Unknown(error),
        };
        if let Err(refusal) = current.admits(next, writer) {
            return Outcome::Refused(refusal.into());
        }
        self.put(next, |versions| {
            // A base that is gone was overtaken by `KEPT` versions, and the name just made had been used before.
            let overtaken = versions.last().is_some_and(|highest| *highest >= base + KEPT);
            Ok(versions.binary_search(&base).is_ok() && !overtaken)
        })
    }

    /// The first view, where there is none. It counts although others have already followed it, and not if it lies below another
    /// history: a sleeper's, whose number was deleted meanwhile.
    pub(super) fn create(&self, first: &View) -> Outcome {
        match self.highest() {
            Ok(None) => self.put(first, |_| self.is_of(first)),
            Ok(Some(_)) => Outcome::Lost,
            Err(error) => Outcome::Unknown(error),
        }
    }

    /// A view over a lost one. The older ones go, so that a write still under way on one of them finds its base gone.
    pub(super) fn rebuild(&self, stored: Option<u64>, next: &View) -> Outcome {
        match self.highest() {
            Ok(highest) if highest == stored && highest.is_none_or(|version| version < next.version) => {}
            Ok(_) => return Outcome::Lost,
            Err(error) => return Outcome::Unknown(error),
        }
        let outcome = self.put(next, |_| self.is_of(next));
        if outcome.is_written() {
            self.delete_below(next.version);
        }
        outcome
    }

    /// Whether what is current is this view or has followed it: the group is named at its birth, and a rebuild raises the loss number.
    fn is_of(&self, written: &View) -> Result<bool, StoreError> {
        let name = |view: &View| (view.group, view.epoch.loss);
        Ok(self.current()?.is_some_and(|view| name(&view) == name(written)))
    }

    /// Makes `next` durable under its number and then asks `won` whether that counts, given all versions that there are.
    fn put(&self, next: &View, won: impl Fn(&[u64]) -> Result<bool, StoreError>) -> Outcome {
        match self.link(next) {
            Ok(true) => {}
            Ok(false) => return Outcome::Lost,
            Err(error) => return Outcome::Unknown(error),
        }
        let judged = self.versions().and_then(|versions| Ok((won(&versions)?, versions)));
        match judged {
            Ok((true, versions)) => {
                self.prune(&versions);
                Outcome::Written
            }
            Ok((false, _)) => Outcome::Lost,
            Err(error) => Outcome::Unknown(error),
        }
    }

    /// Whether the name was free. On `true` file and name are on the disk.
    fn link(&self, next: &View) -> Result<bool, StoreError> {
        let draft = self.draft(next)?;
        let name = self.path(next.version);
        let linked = fs::hard_link(&draft, &name);
        let _ = fs::remove_file(&draft);
        match linked {
            Ok(()) => self.sync_dir().map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(io_error("link", &name)(error)),
        }
    }

    /// The text in a file that only this call knows, synced: no reader ever sees half a view.
    fn draft(&self, next: &View) -> Result<PathBuf, StoreError> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).map_err(|error| io_error("draw a name in", &self.dir)(io::Error::other(error)))?;
        let path = self.dir.join(format!(".draft-{:016x}", u64::from_le_bytes(random)));
        let write = || -> io::Result<()> {
            let mut file = File::create_new(&path)?;
            file.write_all(json::write(next).as_bytes())?;
            (self.sync)(&file)
        };
        match write() {
            Ok(()) => Ok(path),
            Err(error) => {
                let _ = fs::remove_file(&path);
                Err(io_error("write", &path)(error))
            }
        }
    }

    /// The view of this version; `None` if there is no such file.
    fn read(&self, version: u64) -> Result<Option<View>, StoreError> {
        let path = self.path(version);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(BYTES_MAX).read_to_end(&mut bytes));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path)(error)),
        }
        let damaged = |why| StoreError::Damaged { place: path.display().to_string(), version, why };
        let view = json::read(&bytes).map_err(damaged)?;
        if view.version != version {
            return Err(damaged(format!("it says version {}", view.version)));
        }
        Ok(Some(view))
    }

    fn highest(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.versions()?.last().copied())
    }

    /// All versions, ascending. A directory that is gone holds none.
    fn versions(&self) -> Result<Vec<u64>, StoreError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("list", &self.dir)(error)),
        };
        let mut versions = Vec::new();
        for entry in entries {
            let name = entry.map_err(io_error("list", &self.dir))?.file_name();
            versions.extend(name.to_str().and_then(version_of));
        }
        versions.sort_unstable();
        Ok(versions)
    }

    /// Deletes what is older than the newest `KEPT`, ascending: while a version exists, so do all above it.
    fn prune(&self, versions: &[u64]) {
        if let Some(highest) = versions.last() {
            self.delete(versions.iter().filter(|version| **version + KEPT <= *highest));
        }
    }

    fn delete_below(&self, version: u64) {
        if let Ok(versions) = self.versions() {
            self.delete(versions.iter().filter(|older| **older < version));
        }
    }

    fn delete<'a>(&self, versions: impl Iterator<Item = &'a u64>) {
        for version in versions {
            let gone = fs::remove_file(self.path(*version));
            // Going on would break the order of deletion. Someone else may have been faster, though.
            if gone.is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
                return;
            }
        }
    }

    /// Removes drafts of writers that died. Failure costs a few kilobytes and nothing else.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for entry in entries.flatten() {
            let modified = entry.metadata().and_then(|meta| meta.modified()).unwrap_or_else(|_| SystemTime::now());
            let old = modified.elapsed().is_ok_and(|age| age > LEFTOVER_AGE);
            if old && entry.file_name().to_str().is_some_and(|name| name.starts_with(".draft-")) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn sync_dir(&self) -> Result<(), StoreError> {
        File::open(&self.dir).and_then(|dir| (self.sync)(&dir)).map_err(io_error("sync the directory", &self.dir))
    }

    fn path(&self, version: u64) -> PathBuf {
        self.dir.join(format!("view.{version}"))
    }
}

/// The version that a file's name tells, if it is one that a store would make.
pub(super) fn version_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("view.")?;
    let version: u64 = digits.parse().ok()?;
    (version.to_string() == digits).then_some(version)
}

fn io_error<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io { action, path: path.to_path_buf(), source }
}

#[cfg(test)]
#[path = "numbered_tests.rs"]
mod tests;
