//! What all server programs have in common.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::Pid;

use crate::installation::{is_alive, jh, until};

#[test]
fn a_server_ends_with_its_parent_even_when_that_is_killed() {
    // A shell between us and the server is the parent that is killed.
    let script = "\"$0\" postcode --listen 127.0.0.1:0 --die-with-parent $$ 2>&1 & echo $!; wait";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_jh")]).stdout(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let pid: i32 = lines.next().unwrap().unwrap().parse().unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    assert!(lines.any(|line| line.unwrap().contains("is ready")));
    assert!(is_alive(pid));
    shell.kill().unwrap();
    shell.wait().unwrap();
    until("the server ends", || (!is_alive(pid)).then_some(()));
}

#[test]
fn a_server_whose_parent_is_gone_does_not_start() {
    let output = jh().args(["postcode", "--listen", "127.0.0.1:0", "--die-with-parent", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("parent"));
}

#[test]
fn a_port_in_use_and_a_wrong_filter_are_said_plainly() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let output = jh().args(["postcode", "--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&address));
    let output = jh().args(["postcode", "--listen", &address, "--log", "=loud="]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("--log"));
}
