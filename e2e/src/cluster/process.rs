//! The cluster's long-running programs: started with a pid file and a log, ended by exactly these pids, by namespace and by
//! the nodes' cgroups. Knows no Kubernetes.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::network::{in_namespace, processes};
use super::node::processes_in_cgroups;
use super::place::{NODES, Place, WORLD, namespace};
use crate::sh::{is_interrupted, signal, until};

const END_WITHIN: Duration = Duration::from_secs(3);

/// Starts a program on the network of a namespace, in a process group of its own: Ctrl-C is for us alone. Its pid.
pub(super) fn start(place: &Place, name: &str, namespace: &str, program: &Path, args: &[String]) -> Result<u32> {
    anyhow::ensure!(!is_interrupted(), "interrupted");
    let log = File::options().create(true).append(true).open(place.logs().join(format!("{name}.log")))?;
    let mut command = in_namespace(namespace, program).args(args).into_command();
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    let child = command.spawn().with_context(|| format!("start {name}"))?;
    fs::write(pid_file(place, name), child.id().to_string()).with_context(|| format!("write the pid of {name}"))?;
    Ok(child.id())
}

fn pid_file(place: &Place, name: &str) -> std::path::PathBuf {
    place.logs().join(format!("{name}.pid"))
}

/// The pid of a program that was started and not ended.
pub(super) fn pid(place: &Place, name: &str) -> Option<u32> {
    fs::read_to_string(pid_file(place, name)).ok()?.trim().parse().ok()
}

/// Ends one program: asked first, then forced.
pub(super) fn end(place: &Place, name: &str) -> Result<()> {
    let Some(pid) = pid(place, name) else { return Ok(()) };
    signal(pid, Signal::TERM);
    if until(name, END_WITHIN, || !is_alive(pid)).is_err() {
        signal(pid, Signal::KILL);
        until(name, END_WITHIN, || !is_alive(pid))?;
    }
    let _gone = fs::remove_file(pid_file(place, name));
    Ok(())
}

/// Ends one program without asking.
pub(super) fn kill(place: &Place, name: &str) -> Result<()> {
    let Some(pid) = pid(place, name) else { return Ok(()) };
    signal(pid, Signal::KILL);
    until(name, END_WITHIN, || !is_alive(pid))?;
    let _gone = fs::remove_file(pid_file(place, name));
    Ok(())
}

/// Whether a process runs; one that has ended and was not waited for does not.
pub(super) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Ends everything in the cluster: what was started, and what that started.
pub(super) fn end_all(place: &Place) -> Result<()> {
    let pids = fs::read_dir(place.logs()).into_iter().flatten().filter_map(|entry| {
        let name = entry.ok()?.file_name().to_string_lossy().strip_suffix(".pid")?.to_owned();
        // A pid file that outlived a restart of the machine names somebody else's process.
        pid(place, &name).filter(|pid| is_ours(*pid))
    });
    pids.for_each(|pid| signal(pid, Signal::TERM));
    let all = || {
        let of_nodes = NODES.iter().flat_map(|name| {
            let mut pids = processes(&namespace(name));
            pids.extend(processes_in_cgroups(name));
            pids
        });
        of_nodes
            .chain(processes(WORLD))
            .filter(|pid| is_alive(*pid) && *pid != std::process::id())
            .collect::<Vec<u32>>()
    };
    // What was frozen cannot end.
    all().into_iter().for_each(|pid| signal(pid, Signal::CONT));
    let _stubborn = until("the cluster's programs to end", Duration::from_millis(500), || all().is_empty());
    until("the cluster's programs to end", END_WITHIN, || {
        let left = all();
        left.iter().for_each(|pid| signal(*pid, Signal::KILL));
        left.is_empty()
    })
}

/// Whether a process is on one of our networks.
fn is_ours(pid: u32) -> bool {
    let own = fs::read_link(format!("/proc/{pid}/ns/net"));
    let host = fs::read_link("/proc/self/ns/net");
    matches!((own, host), (Ok(own), Ok(host)) if own != host)
}
