//! Files that survive a crash: written beside, synced, renamed, directory synced. Knows nothing of what is in them.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::failure::Failure;

/// Puts `bytes` at `path` so that after a crash there is either the old file, or the new one, whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let dir = path.parent().expect("every durable file lies in a directory");
    make_dir(dir)?;
    // The process id keeps two commands that write at once from sharing one temporary file.
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&beside).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    let renamed = written.and_then(|()| fs::rename(&beside, path)).and_then(|()| sync_dir(dir));
    renamed.inspect_err(|_| drop(fs::remove_file(&beside))).map_err(Failure::local("write", path))
}

/// Appends one line and syncs it. A line that a crash cut off is ended first, so that it spoils no other.
pub(crate) fn append_line(path: &Path, line: &str) -> Result<(), Failure> {
    let dir = path.parent().expect("every durable file lies in a directory");
    make_dir(dir)?;
    let is_new = !path.exists();
    let appended = OpenOptions::new().read(true).append(true).create(true).open(path).and_then(|mut file| {
        let mut text = if ends_inside_a_line(&mut file)? { "\n".to_owned() } else { String::new() };
        text.push_str(line);
        text.push('\n');
        // One write, so that lines of two commands do not mix.
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    appended.and_then(|()| if is_new { sync_dir(dir) } else { Ok(()) }).map_err(Failure::local("append to", path))
}

/// Removes the file. That it is already gone is fine: another command finished the same order.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    let dir = path.parent().expect("every durable file lies in a directory");
    match fs::remove_file(path).and_then(|()| sync_dir(dir)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(Failure::local("remove", path)),
    }
}

fn make_dir(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(Failure::local("make directory", dir))
}

fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

fn ends_inside_a_line(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last[0] != b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cut_off_by_a_crash_spoils_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/journal");
        append_line(&path, "one").unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"tw").unwrap();
        append_line(&path, "three").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntw\nthree\n");
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let message = replace(&dir.path().join("file/x"), b"").unwrap_err().to_string();
        assert!(message.contains("make directory") && message.contains("file"), "{message}");
    }

    #[test]
    fn replacing_leaves_nothing_else_behind() {
        let dir = tempfile::tempdir().unwrap();
        replace(&dir.path().join("a.json"), b"1").unwrap();
        replace(&dir.path().join("a.json"), b"2").unwrap();
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["a.json"]);
        assert_eq!(fs::read(dir.path().join("a.json")).unwrap(), b"2");
        remove(&dir.path().join("a.json")).unwrap();
        remove(&dir.path().join("a.json")).unwrap();
    }
}
