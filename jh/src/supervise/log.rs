//! A log file with a bound: when full it is set aside as NAME.log.1 and begun anew. Remembers the last lines.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file may grow to this; with the one set aside a child has at most twice as much on disk.
const BYTES_MAX: u64 = 8 << 20;
/// What is shown of a child that keeps dying.
const LINES_KEPT: usize = 12;
/// A longer line is cut when remembered, so that memory has a bound too.
const LINE_BYTES_MAX: usize = 400;

/// The log of one child.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: Option<File>,
    length: u64,
    lines: VecDeque<String>,
    partial: Vec<u8>,
}

impl Log {
    /// Appends to what is there. A file that cannot be opened loses lines, never the child.
    pub(super) fn open(path: &Path) -> Log {
        let file = OpenOptions::new().append(true).create(true).open(path).ok();
        let length = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |metadata| metadata.len());
        Log { path: path.to_owned(), file, length, lines: VecDeque::new(), partial: Vec::new() }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        if self.length + bytes.len() as u64 > BYTES_MAX {
            self.begin_anew();
        }
        if let Some(file) = &mut self.file
            && file.write_all(bytes).is_ok()
        {
            self.length += bytes.len() as u64;
        }
        self.remember(bytes);
    }

    /// The last whole lines, and the unfinished one.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let partial = String::from_utf8_lossy(&self.partial).into_owned();
        self.lines.iter().cloned().chain(Some(partial).filter(|line| !line.is_empty())).collect()
    }

    /// Another process begins to speak.
    pub(super) fn forget(&mut self) {
        self.lines.clear();
        self.partial.clear();
    }

    fn begin_anew(&mut self) {
        let aside = self.path.with_extension("log.1");
        self.file = None;
        // Where renaming fails the file is emptied all the same: the bound matters more than old lines.
        let _ = fs::rename(&self.path, aside);
        self.file = OpenOptions::new().write(true).create(true).truncate(true).open(&self.path).ok();
        self.length = 0;
    }

    fn remember(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES_MAX.saturating_sub(self.partial.len());
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            self.partial.extend_from_slice(&text[..text.len().min(room)]);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.partial);
                self.lines.push_back(String::from_utf8_lossy(&line).into_owned());
                if self.lines.len() > LINES_KEPT {
                    self.lines.pop_front();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_never_takes_more_than_twice_its_bound() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(&dir.path().join("x.log"));
        let chunk = vec![b'a'; 1 << 20];
        for _ in 0..40 {
            log.write(&chunk);
        }
        let total: u64 = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert!(total <= 2 * BYTES_MAX && total > BYTES_MAX, "{total}");
    }

    #[test]
    fn the_last_lines_are_remembered_however_they_were_cut() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(&dir.path().join("x.log"));
        for number in 0..100 {
            log.write(b"line ");
            log.write(format!("{number}\n").as_bytes());
        }
        log.write(b"unfinished");
        let lines = log.last_lines();
        assert_eq!(lines.len(), LINES_KEPT + 1);
        assert_eq!(lines[LINES_KEPT - 1..], ["line 99", "unfinished"]);
    }
}
