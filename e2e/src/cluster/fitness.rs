//! Whether this machine can have a cluster at all: the rights and the parts of the kernel that one needs, tried on something that is
//! gone at once. Whatever can be installed is not asked for here.

use std::fs;

use anyhow::{Context, Result};

use super::node::cgroup_trees;
use super::packages;
use crate::sh::{sh, words};

/// Tried in a network namespace of their own: what nodes and Services are made of.
const NETWORK: [&str; 6] = [
    "ip link set lo up",
    "ip link add br0 type bridge",
    "ip link add one type veth peer name other",
    "iptables -w -t nat -A PREROUTING -p tcp -m comment --comment try -m statistic --mode random --probability 0.5 -j ACCEPT",
    "iptables -w -t nat -A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE",
    "iptables -w -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
];

/// Why this machine can have no cluster; none if it can. Errors: what could be installed was not.
pub(super) fn unfit() -> Result<Option<String>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Some("making a cluster needs root; run this as root, or set KUBECONFIG".to_owned()));
    }
    if !sh("dpkg").arg("--version").succeeds() {
        return Ok(Some("a cluster is made on Debian and its kin only (no dpkg here); or set KUBECONFIG".to_owned()));
    }
    if let Err(error) = words("unshare --net --mount --pid --fork true").run() {
        return Ok(Some(format!("no namespaces for networks, mounts and processes can be made here: {error:#}")));
    }
    if let Err(error) = try_cgroups() {
        return Ok(Some(format!("no control groups can be made here: {error:#}")));
    }
    packages::install()?;
    if let Err(error) = sh("unshare").args(["--net", "sh", "-ec", &NETWORK.join("\n")]).run() {
        return Ok(Some(format!("this kernel lacks a part of what a cluster's network needs: {error:#}")));
    }
    Ok(None)
}

fn try_cgroups() -> Result<()> {
    let trees = cgroup_trees();
    anyhow::ensure!(!trees.is_empty(), "there are none in /sys/fs/cgroup");
    for tree in trees {
        let dir = tree.join(format!("jhe-try-{}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("make {}", dir.display()))?;
        fs::remove_dir(&dir).with_context(|| format!("remove {}", dir.display()))?;
    }
    Ok(())
}
