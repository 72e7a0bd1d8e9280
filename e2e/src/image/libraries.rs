//! Which shared libraries a program needs to run somewhere else. Knows `ldd` and how glibc resolves names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::sh::sh;

/// glibc loads these by name when it resolves one; nothing in the program refers to them.
const NAME_SERVICE: [&str; 3] = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"];

/// The libraries that a program loads, by the paths it looks for; none if it is static.
pub(super) fn of(program: &Path) -> Result<BTreeSet<PathBuf>> {
    // ldd fails for static programs.
    let output = sh("ldd").arg(program).output()?;
    let mut found = loaded(&String::from_utf8_lossy(&output.stdout));
    let beside = found.iter().find(|path| path.file_name().is_some_and(|name| name == "libc.so.6")).cloned();
    if let Some(dir) = beside.as_deref().and_then(Path::parent) {
        found.extend(NAME_SERVICE.iter().map(|name| dir.join(name)).filter(|path| path.exists()));
    }
    Ok(found)
}

/// The paths in what ldd says: `libc.so.6 => /lib/libc.so.6 (0x…)`, or the path alone for the loader.
fn loaded(said: &str) -> BTreeSet<PathBuf> {
    let paths = said.lines().filter_map(|line| line.trim().rsplit_once(" (0x")).map(|(path, _)| path);
    let paths = paths.filter_map(|path| path.rsplit(' ').next()).filter(|path| path.starts_with('/'));
    paths.map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_what_ldd_says() {
        let said = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x00007f)\n\t/lib64/ld-linux.so.2 (0x00007f)\n";
        let expected = ["/lib/x/libc.so.6", "/lib64/ld-linux.so.2"].map(PathBuf::from);
        assert_eq!(loaded(said), BTreeSet::from(expected));
        assert!(loaded("\tnot a dynamic executable\n").is_empty());
    }
}
