//! A server under `--supervise`, as in a container: what the small parent does when its worker, or it itself, dies.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::installation::{DEADLINE, is_alive, jh, until};

struct Supervised {
    parent: Child,
    said: Receiver<String>,
}

impl Supervised {
    fn start(args: &[&str]) -> Supervised {
        let mut parent = jh().args(args).arg("--supervise").stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(parent.stderr.take().unwrap()).lines();
        let (sender, said) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Supervised { parent, said }
    }
    fn postcode() -> Supervised {
        Supervised::start(&["postcode", "--listen", "127.0.0.1:0"])
    }
    fn hear(&self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let line = self.said.recv_timeout(DEADLINE.saturating_sub(begun.elapsed()));
            let line = line.unwrap_or_else(|_| panic!("{words:?} is said in time"));
            if line.contains(words) {
                return line;
            }
        }
    }
    /// The worker, once it serves.
    fn worker(&self) -> Pid {
        self.hear("is ready");
        let id = self.parent.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        children.split_whitespace().next().and_then(|pid| Pid::from_raw(pid.parse().unwrap())).unwrap()
    }
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.parent), signal).unwrap();
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let _ = self.parent.kill();
        let _ = self.parent.wait();
    }
}

#[test]
fn a_killed_worker_is_started_again_at_once() {
    let supervised = Supervised::postcode();
    let first = supervised.worker();
    kill_process(first, Signal::KILL).unwrap();
    let said = supervised.hear("the worker ended");
    assert!(said.contains("killed by signal 9") && said.contains("pause=0ns"), "{said}");
    let second = supervised.worker();
    assert!(first != second && !is_alive(first));
}

#[test]
fn a_worker_that_ends_well_without_having_been_asked_through_its_parent_is_started_again() {
    let supervised = Supervised::postcode();
    let first = supervised.worker();
    kill_process(first, Signal::TERM).unwrap();
    let said = supervised.hear("the worker ended");
    assert!(said.contains("exit code 0"), "{said}");
    assert!(supervised.worker() != first);
}

#[test]
fn told_to_stop_it_passes_that_on_and_ends_as_its_worker_ends() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut supervised = Supervised::postcode();
        let worker = supervised.worker();
        supervised.signal(signal);
        supervised.hear("stopping");
        let status = until("the parent ends", || supervised.parent.try_wait().unwrap());
        assert_eq!((status.code(), is_alive(worker)), (Some(0), false));
    }
}

#[test]
fn the_worker_dies_with_its_parent() {
    let supervised = Supervised::postcode();
    let worker = supervised.worker();
    supervised.signal(Signal::KILL);
    until("the worker ends", || (!is_alive(worker)).then_some(()));
}

#[test]
fn a_worker_that_cannot_start_is_tried_again_more_slowly_and_can_be_stopped_meanwhile() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let mut supervised = Supervised::start(&["postcode", "--listen", &address]);
    supervised.hear("pause=100ms");
    supervised.signal(Signal::TERM);
    until("the parent ends", || supervised.parent.try_wait().unwrap());
}

#[test]
fn a_wrong_flag_ends_the_parent_itself() {
    let output = jh().args(["replica", "--supervise", "--name", "x"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_replica_waits_for_a_data_directory_that_another_process_still_holds() {
    let dir = tempfile::tempdir().unwrap();
    let (data, view) = (dir.path().join("data"), dir.path().join("view"));
    std::fs::create_dir(&data).unwrap();
    let lock = std::fs::File::create(data.join("lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (data, view) = (path(&data), path(&view));
    let fixed = ["replica", "--name", "r0", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--peers", "r0=a:1"];
    let mut supervised = Supervised::start(&[&fixed[..], &["--dir", &data, "--view-dir", &view]].concat());
    supervised.hear("another process holds the data directory");
    drop(lock);
    supervised.hear("the replica is there");
    supervised.signal(Signal::TERM);
    let status = until("the parent ends", || supervised.parent.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}
