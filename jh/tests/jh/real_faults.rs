//! Faults of the operating system, for real, at a running system: writes that fail, a full disk, no memory, no descriptors. Each time the
//! process says what is wrong and ends or sheds, others take over, and nothing acknowledged is lost. Where a tool is missing or not
//! permitted the test says that it was skipped.

use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use serde_json::Value;

use crate::installation::{Installation, jh, until};

/// Runs while something else happens: orders flow for so many seconds.
pub(crate) struct Orders(Child);

fn orders(system: &Installation, seconds: &str) -> Orders {
    orders_at(system, "50", seconds)
}

/// The same, so many a second.
pub(crate) fn orders_at(system: &Installation, rate: &str, seconds: &str) -> Orders {
    let mut drill = jh();
    drill.args(["--endpoint", &system.endpoint, "-o", "json", "drill", "--fault", "none", "--rate", rate]);
    drill.args(["--seconds", seconds, "--dir"]).arg(system.dir.path());
    Orders(drill.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

impl Orders {
    /// What the clients saw.
    pub(crate) fn report(self) -> Value {
        let output = self.0.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("the drill reports nothing: {words}"))
    }
}

pub(crate) fn must_be_kept(report: &Value, what: &str) {
    let found = &report["findings"];
    for wrong in ["lost", "changed", "doubled"] {
        assert_eq!(found[wrong], Value::Array(vec![]), "{what}: {wrong}");
    }
    assert!(report["placed"].as_u64().unwrap() > 50, "{what}: {report:#}");
}

fn ready() -> Installation {
    let system = Installation::ready_in(tempfile::tempdir().unwrap());
    until_whole(&system);
    system
}

pub(crate) fn cluster(system: &Installation) -> Value {
    serde_json::from_str(&system.must(&["cluster", "status", "-o", "json"])).unwrap()
}

pub(crate) fn until_whole(system: &Installation) {
    let is_whole = || cluster(system)["in_sync"].as_array().unwrap().len() == 3;
    until("all replicas are in sync", || is_whole().then_some(()));
}

fn primary(system: &Installation) -> (String, Pid) {
    let cluster = cluster(system);
    let name = cluster["primary"].as_str().unwrap().to_owned();
    let pid = system.pid(&name).unwrap();
    (name, pid)
}

/// Waits until another process has that name, and its log has these words.
pub(crate) fn must_end_saying(system: &Installation, name: &str, pid: Pid, words: &str) {
    until(&format!("{name} ends and is started again"), || system.pid(name).filter(|now| *now != pid));
    let log = std::fs::read_to_string(system.dir.path().join(format!("{name}.log"))).unwrap();
    assert!(log.contains(words), "{name} does not say {words:?}");
}

fn has(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there {
        eprintln!("SKIPPED: there is no {tool} on this machine");
    }
    there
}

fn prlimit(pid: Pid, limit: &str) {
    let pid = pid.as_raw_nonzero().to_string();
    assert!(Command::new("prlimit").args(["--pid", &pid, limit]).status().unwrap().success());
}

/// What came of an attempt to make a primary's next write fail.
enum Attempt {
    /// The process ended, saying so.
    Failed,
    /// It ended for another reason: it stood still while it was attached to, and another one leads.
    Replaced,
    /// strace may not attach to a process here.
    Refused,
}

/// The next write of the primary to its disk fails with this error, by `strace`'s injection.
fn attempt(system: &Installation, error: &str, words: &str) -> Attempt {
    let (name, pid) = primary(system);
    let log = system.dir.path().join(format!("{name}.log"));
    let said = || std::fs::read_to_string(&log).unwrap().matches(words).count();
    let before = said();
    let number = pid.as_raw_nonzero().to_string();
    let inject = format!("inject=pwrite64:error={error}:when=1");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-p", &number, "-e", "trace=pwrite64", "-e", &inject, "-o", "/dev/null"]);
    let mut strace = strace.stderr(Stdio::null()).spawn().unwrap();
    let replaced = || system.pid(&name).is_some_and(|now| now != pid);
    // It ends with the process that it watches, and fails only if it may not watch it.
    let refused = until("the write fails or strace may not attach", || match strace.try_wait().unwrap() {
        Some(status) => Some(!status.success()),
        None => replaced().then_some(false),
    });
    let _ = strace.kill();
    let _ = strace.wait();
    if refused {
        return Attempt::Refused;
    }
    until(&format!("{name} is started again"), || replaced().then_some(()));
    if said() > before { Attempt::Failed } else { Attempt::Replaced }
}

fn a_write_fails(error: &str, words: &str) {
    if !has("strace") {
        return;
    }
    let system = ready();
    let orders = orders(&system, "6");
    for _ in 0..5 {
        match attempt(&system, error, words) {
            Attempt::Failed => {
                let report = orders.report();
                must_be_kept(&report, error);
                assert_eq!(report["errors"], 0, "{report:#}");
                return;
            }
            Attempt::Replaced => eprintln!("the primary was replaced before its write failed; once more"),
            Attempt::Refused => {
                eprintln!("SKIPPED: strace may not attach to a process here");
                return;
            }
        }
    }
    panic!("no primary says {words:?}");
}

#[test]
fn a_write_that_fails_ends_the_primary_and_loses_nothing() {
    a_write_fails("EIO", "the disk failed: ");
}

#[test]
fn a_disk_that_is_full_while_orders_flow_ends_the_primary_and_loses_nothing() {
    a_write_fails("ENOSPC", "free space and start again; nothing acknowledged is lost");
}

#[test]
fn a_primary_without_memory_ends_and_loses_nothing() {
    if !has("prlimit") {
        return;
    }
    let system = ready();
    let (name, pid) = primary(&system);
    let orders = orders(&system, "8");
    prlimit(pid, "--as=1048576:1048576");
    must_end_saying(&system, &name, pid, "memory allocation of");
    let report = orders.report();
    must_be_kept(&report, "no memory");
    assert_eq!(report["errors"], 0, "{report:#}");
}

/// A control group with this much memory, removed when it is dropped.
struct Small(std::path::PathBuf);

impl Small {
    /// By the second version of control groups where it rules memory, else by the first.
    fn with(bytes: &str) -> Result<Small, String> {
        let root = std::path::Path::new("/sys/fs/cgroup");
        let rules = std::fs::read_to_string(root.join("cgroup.controllers")).unwrap_or_default();
        let second = rules.split_whitespace().any(|rule| rule == "memory");
        let (root, limit) =
            if second { (root.to_owned(), "memory.max") } else { (root.join("memory"), "memory.limit_in_bytes") };
        let group = Small(root.join(format!("jh-test-{}", std::process::id())));
        if second {
            let _ = std::fs::write(root.join("cgroup.subtree_control"), "+memory");
        }
        let made = std::fs::create_dir(&group.0).and_then(|()| std::fs::write(group.0.join(limit), bytes));
        // Where there is swap, the limit is one of both.
        for swap in ["memory.swap.max", "memory.memsw.limit_in_bytes"] {
            let _ = std::fs::write(group.0.join(swap), if second { "0" } else { bytes });
        }
        made.map(|()| group).map_err(|error| format!("no control group can be made here: {error}"))
    }
    fn take_in(&self, pid: Pid) -> std::io::Result<()> {
        std::fs::write(self.0.join("cgroup.procs"), pid.as_raw_nonzero().to_string())
    }
}
impl Drop for Small {
    fn drop(&mut self) {
        // A process that was killed leaves it a moment later.
        let begun = Instant::now();
        let is_left = || std::fs::remove_dir(&self.0).is_err_and(|error| error.kind() != ErrorKind::NotFound);
        while is_left() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_primary_that_reaches_the_memory_limit_of_its_container_is_killed_and_nothing_is_lost() {
    let group = match Small::with("65536") {
        Ok(group) => group,
        Err(why) => return eprintln!("SKIPPED: {why}"),
    };
    let system = ready();
    let (name, pid) = primary(&system);
    let orders = orders_at(&system, "200", "8");
    if let Err(error) = group.take_in(pid) {
        return eprintln!("SKIPPED: a process may not be put into a control group here: {error}");
    }
    system.hear(&format!("{name} killed by signal 9"));
    until("it is started again", || system.pid(&name).filter(|now| *now != pid));
    let report = orders.report();
    must_be_kept(&report, "the memory limit");
    assert_eq!(report["errors"], 0, "{report:#}");
}

#[test]
fn a_front_end_without_descriptors_sheds_and_serves_again() {
    if !has("prlimit") {
        return;
    }
    let system = ready();
    let pid = system.pid("frontend").unwrap();
    let open = std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).unwrap().count();
    prlimit(pid, &format!("--nofile={}", open + 40));
    let orders = orders(&system, "6");
    let address = system.endpoint.trim_start_matches("http://").to_owned();
    let strangers: Vec<_> = (0..100).map_while(|_| std::net::TcpStream::connect(&address).ok()).collect();
    let log = || std::fs::read_to_string(system.dir.path().join("frontend.log")).unwrap();
    until("it says what is short", || log().contains("Too many open files").then_some(()));
    drop(strangers);
    must_be_kept(&orders.report(), "no descriptors");
    system.must(&["near", "DH1", "3LE"]);
    assert_eq!(system.pid("frontend"), Some(pid), "it is still the same process");
}
