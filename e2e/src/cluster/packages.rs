//! The parts that Debian has: the container runtime, its network plugins, and tools. Knows apt.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::sh::sh;

const PACKAGES: [&str; 8] =
    ["containerd", "runc", "containernetworking-plugins", "iptables", "iproute2", "conntrack", "openssl", "catatonit"];

/// Installs what is missing. Errors: this is no Debian, or it has no packages for us.
pub(super) fn install() -> Result<()> {
    ensure_installed(&PACKAGES)
}

/// Installs those of these packages that are missing.
pub(super) fn ensure_installed(packages: &[&str]) -> Result<()> {
    if !sh("dpkg").arg("--version").succeeds() {
        bail!("a cluster is made on Debian and its kin only (no dpkg here); on another system set KUBECONFIG");
    }
    let is_missing = |package: &&str| {
        !sh("dpkg-query")
            .args(["-W", "-f", "${Status}", package])
            .read()
            .is_ok_and(|status| status.contains("install ok installed"))
    };
    let missing: Vec<&str> = packages.iter().copied().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("e2e: installing {}", missing.join(" "));
    let apt = || sh("apt-get").env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
    // Lists may be old, and another installation may be under way: it is waited for.
    let wait = format!("DPkg::Lock::Timeout={}", Duration::from_secs(300).as_secs());
    apt().arg("update").run().context("refresh the list of packages")?;
    apt()
        .args(["-o", &wait, "install", "-y", "--no-install-recommends"])
        .args(missing)
        .run()
        .context("install packages")
}
