//! What can be broken from below: networks cut, nodes frozen, disks slowed, processes killed, the API server stopped. Each
//! is undone by one call that may be made at any time.

use std::fs;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::network::{processes, within};
use super::node::{cgroups_of_pod, processes_in_cgroups};
use super::place::{API_ADDRESS, NODES, WORLD, address, namespace, number, pods};
use super::{Cluster, control_plane, process};
use crate::sh::{sh, signal};

/// Every rule of ours carries it, so that all are found again.
const MARK: &str = "e2e-cut";

impl Cluster {
    /// Cuts a node off from everything.
    pub(crate) fn cut_off(&self, node: &str) -> Result<()> {
        within(WORLD, &format!("ip link set veth-{node} nomaster"))
    }

    /// Drops everything between two nodes.
    pub(crate) fn cut_between(&self, one: &str, other: &str) -> Result<()> {
        for (here, there) in [(one, other), (other, one)] {
            let there = number(there).with_context(|| format!("there is no node {there}"))?;
            self.drop_at(here, &format!("INPUT -s {}", address(there)))?;
            self.drop_at(here, &format!("FORWARD -s {}", pods(there)))?;
        }
        Ok(())
    }

    /// Drops everything between a node and the API server, both ways.
    pub(crate) fn cut_from_api_server(&self, node: &str) -> Result<()> {
        for chain in ["OUTPUT", "FORWARD"] {
            self.drop_at(node, &format!("{chain} -p tcp -d {API_ADDRESS} --dport 6443"))?;
        }
        for chain in ["INPUT", "FORWARD"] {
            self.drop_at(node, &format!("{chain} -p tcp -s {API_ADDRESS} --sport 6443"))?;
        }
        Ok(())
    }

    fn drop_at(&self, node: &str, rule: &str) -> Result<()> {
        within(&namespace(node), &format!("iptables -w -I {rule} -j DROP -m comment --comment {MARK}"))
    }

    /// Undoes every cut.
    pub(crate) fn heal(&self) -> Result<()> {
        for node in NODES {
            within(WORLD, &format!("ip link set veth-{node} master br0"))?;
            let space = format!("--net=/run/netns/{}", namespace(node));
            let rules = sh("nsenter").args([&space, "iptables-save", "-t", "filter"]).read()?;
            for rule in rules.lines().filter(|rule| rule.contains(MARK)) {
                if let Some(rule) = rule.strip_prefix("-A ") {
                    within(&namespace(node), &format!("iptables -w -D {rule}"))?;
                }
            }
        }
        Ok(())
    }

    /// Stops a whole node dead, as a paused machine does.
    pub(crate) fn freeze(&self, node: &str) {
        self.signal_node(node, Signal::STOP);
    }

    /// Undoes [`Cluster::freeze`].
    pub(crate) fn thaw(&self, node: &str) {
        self.signal_node(node, Signal::CONT);
    }

    /// Undoes everything that can be undone.
    pub(crate) fn mend(&self) -> Result<()> {
        NODES.iter().for_each(|node| self.thaw(node));
        self.heal()?;
        if process::pid(&self.place, "apiserver").is_none() {
            self.start_api_server()?;
        }
        self.kubectl(["uncordon"].into_iter().chain(NODES)).run()
    }

    fn signal_node(&self, node: &str, which: Signal) {
        let pids = processes_in_cgroups(node).into_iter().chain(processes(&namespace(node)));
        pids.for_each(|pid| signal(pid, which));
    }

    /// A replica's or a controller's worker: the process that the container's supervisor has started.
    pub(crate) fn worker_of_pod(&self, node: &str, uid: &str) -> Result<u32> {
        let is_program = |command: &str| [" replica ", " controller "].iter().any(|program| command.contains(program));
        let is_worker = |command: &str| is_program(command) && !command.contains("--supervise");
        let processes = self.processes_of_pod(node, uid);
        let found = processes.iter().find(|(_, command)| is_worker(command)).map(|(pid, _)| *pid);
        found.with_context(|| format!("the pod's own process is not among {processes:?}"))
    }
    /// The processes in a pod's containers, with their command lines.
    fn processes_of_pod(&self, node: &str, uid: &str) -> Vec<(u32, String)> {
        let of_pod = cgroups_of_pod(node, uid);
        let mut pids: Vec<u32> = of_pod
            .iter()
            .flat_map(|dir| {
                let found = sh("find").arg(dir).args(["-name", "cgroup.procs", "-exec", "cat", "{}", "+"]).read();
                found.unwrap_or_default().split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
            })
            .collect();
        pids.sort_unstable();
        pids.dedup();
        let command = |pid: u32| {
            let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            (pid, String::from_utf8_lossy(&bytes).replace('\0', " "))
        };
        pids.into_iter().map(command).collect()
    }

    /// Lets a pod write only so many times a second to the machine's disk; `None` lets it go.
    pub(crate) fn slow_disk(&self, node: &str, uid: &str, writes_per_s: Option<u32>) -> Result<()> {
        let device = sh("findmnt").args(["-n", "-o", "MAJ:MIN", "--target"]).arg(&self.place.state).read()?;
        let device = device.trim();
        let mut done = 0;
        for dir in cgroups_of_pod(node, uid) {
            // The containers' cgroups lie below the pod's; in version 1 a limit counts for each by itself.
            let below = sh("find").arg(&dir).args(["-type", "d"]).read()?;
            for dir in below.lines().map(std::path::PathBuf::from) {
                let (v1, v2) = (dir.join("blkio.throttle.write_iops_device"), dir.join("io.max"));
                if v1.exists() {
                    fs::write(v1, format!("{device} {}", writes_per_s.unwrap_or(0)))?;
                    done += 1;
                } else if v2.exists() {
                    let limit = writes_per_s.map_or("max".to_owned(), |limit| limit.to_string());
                    fs::write(v2, format!("{device} wiops={limit}"))?;
                    done += 1;
                }
            }
        }
        ensure!(done > 0, "this kernel cannot slow a disk down (no blkio or io controller)");
        Ok(())
    }

    /// Stops the API server, as a crash of it does. One that is asked to end takes its address out of the Service `kubernetes`
    /// before; when it is back the kube-proxies look again only after their own pause, of up to half a minute, and until then no pod
    /// reaches it. That would be a test of kube-proxy.
    ///
    /// Its followers end with it, as elsewhere those do who cannot renew their leadership. A controller manager that outlives the API
    /// server believes no node that it has not heard of meanwhile, and takes all pods out of their Services when it is back.
    pub(crate) fn stop_api_server(&self) -> Result<()> {
        ["apiserver"].iter().chain(&control_plane::FOLLOWERS).try_for_each(|name| process::kill(&self.place, name))
    }

    /// Starts the API server again, then its followers, and waits until it is ready, and reached from every node as pods reach it.
    pub(crate) fn start_api_server(&self) -> Result<()> {
        control_plane::start_api_server(&self.place)?;
        control_plane::start_followers(&self.place)?;
        NODES.iter().try_for_each(|name| control_plane::until_reached_from(&self.place, name))
    }
}
