//! Orders on their way: key and body on disk before the first byte is sent, removed on a definite answer. Knows the
//! directory, not the service.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::failure::Failure;
use crate::output::talk;

/// An order that was sent, or was about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The idempotency key: with it, sending again is safe.
    pub(crate) key: String,
    /// `host:port` of the service it is meant for.
    pub(crate) endpoint: String,
    /// The request body, byte for byte: another body under the same key is refused.
    pub(crate) body: String,
}

/// The directory of pending orders.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    dir: PathBuf,
}

impl Store {
    pub(crate) fn new(state: &Path) -> Store {
        Store { dir: state.join("pending") }
    }

    /// Returns once the order would survive a crash.
    pub(crate) fn write(&self, pending: &Pending) -> Result<(), Failure> {
        let text = serde_json::to_string(pending).expect("three strings are always JSON");
        durable::replace(&self.path(&pending.key), text.as_bytes())
    }

    pub(crate) fn remove(&self, key: &str) -> Result<(), Failure> {
        durable::remove(&self.path(key))
    }

    /// All pending orders, oldest first (keys are UUIDv7, which sort by time). A file that cannot be read is named
    /// and left where it is.
    pub(crate) fn list(&self) -> Result<Vec<Pending>, Failure> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Failure::local("read directory", &self.dir))?,
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let read = |path: &PathBuf| serde_json::from_slice(&fs::read(path).ok()?).ok();
        let (good, bad): (Vec<_>, Vec<_>) = paths.iter().map(|path| (path, read(path))).partition(|(_, p)| p.is_some());
        for (path, _) in bad {
            talk(&format!("{}: no pending order can be read from it; left as it is", path.display()));
        }
        Ok(good.into_iter().filter_map(|(_, pending)| pending).collect())
    }

    fn path(&self, key: &str) -> PathBuf {
        self.dir.join(format!("{key}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_order_is_found_again_with_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        assert_eq!(store.list().unwrap(), []);
        let body = "{ \"note\" :\"ring ☎ twice\"}".to_owned();
        let pending = Pending { key: "0190-a".into(), endpoint: "x:1".into(), body };
        store.write(&pending).unwrap();
        fs::write(dir.path().join("pending/0000.json"), "{").unwrap();
        assert_eq!(store.list().unwrap(), [pending]);
        store.remove("0190-a").unwrap();
        assert_eq!(store.list().unwrap(), []);
    }
}
