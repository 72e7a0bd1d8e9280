//! The caller's own record of every order the service acknowledged: what `verify` holds the service to. Append only.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::durable;
use crate::failure::Failure;

/// One acknowledged order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Acknowledged {
    pub(crate) key: String,
    /// `host:port` of the service that acknowledged it.
    pub(crate) endpoint: String,
    /// The order as the service answered it.
    pub(crate) order: Value,
}

/// The journal of one state directory.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    path: PathBuf,
}

impl Journal {
    pub(crate) fn new(state: &Path) -> Journal {
        Journal { path: state.join("journal.jsonl") }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns once the line would survive a crash.
    pub(crate) fn append(&self, acknowledged: &Acknowledged) -> Result<(), Failure> {
        durable::append_line(&self.path, &serde_json::to_string(acknowledged).expect("a JSON value is always JSON"))
    }

    /// Every acknowledged order once, oldest first, and the number of lines that could not be read (a crash may cut
    /// one off; its order is still pending and will be written again).
    pub(crate) fn read(&self) -> Result<(Vec<Acknowledged>, usize), Failure> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
            bytes => bytes.map_err(Failure::local("read", &self.path))?,
        };
        let mut orders: Vec<Acknowledged> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut unreadable = 0;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Acknowledged>(line) {
                // An order that was resumed may be written twice: acknowledged twice, placed once.
                Ok(order) if seen.insert((order.key.clone(), order.order["id"].to_string())) => orders.push(order),
                Ok(_) => {}
                Err(_) => unreadable += 1,
            }
        }
        Ok((orders, unreadable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_order_written_twice_counts_once_and_a_torn_line_is_counted_apart() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        let entry = |id: &str| Acknowledged { key: "k".into(), endpoint: "x:1".into(), order: json!({"id": id}) };
        journal.append(&entry("A")).unwrap();
        journal.append(&entry("A")).unwrap();
        fs::OpenOptions::new()
            .append(true)
            .open(journal.path())
            .and_then(|mut f| std::io::Write::write_all(&mut f, b"{\"k"))
            .unwrap();
        journal.append(&entry("B")).unwrap();
        assert_eq!(journal.read().unwrap(), (vec![entry("A"), entry("B")], 1));
    }
}
