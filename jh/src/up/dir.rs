//! The directory of one installation: made, locked against a second `up`, emptied on request. Knows which entries are
//! its own and touches no others.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::Failure;

const LOCK: &str = "up.lock";

/// A locked directory. The lock goes with this value, or with the process.
#[derive(Debug)]
pub(super) struct Dir {
    path: PathBuf,
    _lock: File,
}

impl Dir {
    pub(super) fn open(path: &Path, fresh: bool) -> Result<Dir, Failure> {
        let is_strange =
            fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) && !path.join(LOCK).exists();
        if fresh && is_strange && !only_client_state(path) {
            return Err(Failure::NotOurs { path: path.to_owned() });
        }
        fs::create_dir_all(path).map_err(local("make directory", path))?;
        let lock = lock(path)?;
        if fresh {
            empty(path)?;
        }
        let view = path.join("view");
        fs::create_dir_all(&view).map_err(local("make directory", &view))?;
        Ok(Dir { path: path.to_owned(), _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn lock(dir: &Path) -> Result<File, Failure> {
    let path = dir.join(LOCK);
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = opened.map_err(local("write in the directory", &path))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            // Who holds it is only a help; the lock itself is what counts.
            let _ = file.read_to_string(&mut holder);
            return Err(Failure::InUse { path: dir.to_owned(), holder: holder.trim().parse().ok() });
        }
        Err(error) => return Err(local("lock", &path)(error.into())),
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(local("write", &path))?;
    Ok(file)
}

/// Deletes what `up` and its children made, by name.
fn empty(dir: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(dir).map_err(local("read directory", dir))? {
        let path = entry.map_err(local("read directory", dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_ours = name == "ports.json"
            || name == "view"
            || name.starts_with("replica-")
            || [".log", ".log.1", ".pid"].iter().any(|end| name.ends_with(end));
        if is_ours {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(local("delete", &path))?;
        }
    }
    Ok(())
}

/// The default directory also holds the client's journal, which may be there before the first `up`.
fn only_client_state(dir: &Path) -> bool {
    let names = |entries: fs::ReadDir| entries.flatten().all(|entry| entry.file_name() == "client");
    fs::read_dir(dir).is_ok_and(names)
}

fn local(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |source| Failure::Local { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_up_on_one_directory_is_told_who_holds_it() {
        let temp = tempfile::tempdir().unwrap();
        let first = Dir::open(temp.path(), false).unwrap();
        let message = Dir::open(temp.path(), false).unwrap_err().to_string();
        assert!(message.contains(&std::process::id().to_string()) && message.contains("--dir"), "{message}");
        drop(first);
        Dir::open(temp.path(), false).unwrap();
    }

    #[test]
    fn fresh_deletes_its_own_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        drop(Dir::open(temp.path(), false).unwrap());
        fs::create_dir(temp.path().join("replica-0")).unwrap();
        fs::write(temp.path().join("replica-0/wal"), "x").unwrap();
        fs::write(temp.path().join("frontend.log"), "x").unwrap();
        fs::create_dir(temp.path().join("client")).unwrap();
        fs::write(temp.path().join("holiday.jpg"), "x").unwrap();
        drop(Dir::open(temp.path(), true).unwrap());
        let mut left: Vec<_> = fs::read_dir(temp.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["client", "holiday.jpg", "up.lock", "view"]);
    }

    #[test]
    fn fresh_refuses_a_directory_that_is_somebody_elses() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("thesis.tex"), "x").unwrap();
        let message = Dir::open(temp.path(), true).unwrap_err().to_string();
        assert!(message.contains("--dir"), "{message}");
        assert!(temp.path().join("thesis.tex").exists());
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("file"), "x").unwrap();
        let message = Dir::open(&temp.path().join("file/state"), false).unwrap_err().to_string();
        assert!(message.contains("file/state"), "{message}");
    }
}
