//! How much each part of the cluster counts for the processors of this machine: as much as each other, and more than whatever else
//! runs here. A real node shares its processors with no control plane, no client and no compiler. Knows cgroups of both versions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::node::cgroup_trees;

/// Ten times as much as usual, as version 1 and version 2 have it.
const WEIGHT: [(&str, &str); 2] = [("cpu.shares", "10240"), ("cpu.weight", "1000")];
/// The control plane, and the client outside the pods.
pub(super) const CONTROL: &str = "jhe-control";
pub(super) const CLIENT: &str = "jhe-client";

/// Gives a cgroup its weight, where it can have one.
pub(super) fn weigh(group: &Path) -> Result<()> {
    for (file, weight) in WEIGHT.map(|(file, weight)| (group.join(file), weight)) {
        if file.exists() {
            fs::write(&file, weight).with_context(|| format!("write {}", file.display()))?;
        }
    }
    Ok(())
}

/// Puts a process into a group of its own kind, which is made if there is none.
pub(super) fn join(name: &str, pid: u32) -> Result<()> {
    for tree in trees() {
        let group = tree.join(name);
        fs::create_dir_all(&group).with_context(|| format!("make {}", group.display()))?;
        weigh(&group)?;
        let procs = group.join("cgroup.procs");
        fs::write(&procs, pid.to_string()).with_context(|| format!("write {}", procs.display()))?;
    }
    Ok(())
}

/// Removes the groups that processes were put into.
pub(super) fn remove() {
    for group in trees().iter().flat_map(|tree| [CONTROL, CLIENT].map(|name| tree.join(name))) {
        let _none = fs::remove_dir(group);
    }
}

/// Where processors are shared out: in version 1 that has a tree of its own.
fn trees() -> Vec<PathBuf> {
    let shares = |tree: &PathBuf| tree.join("cpu.shares").exists() || tree.join("cgroup.controllers").exists();
    cgroup_trees().into_iter().filter(shares).collect()
}
