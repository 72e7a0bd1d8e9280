//! `jh up`: what keeps it from coming up, and how it ends.

use rustix::process::Signal;

use crate::installation::{DEADLINE, Installation, is_alive, jh, until};

#[test]
fn a_second_up_on_one_directory_is_refused_and_the_first_goes_on() {
    let first = Installation::start_in(tempfile::tempdir().unwrap());
    until("the first has started its children", || first.pid("postcode"));
    let second = jh().args(["up", "--port", "0", "--dir"]).arg(first.dir.path()).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(words.contains(&first.up.id().to_string()) && words.contains("--dir"), "{words}");
    assert!(is_alive(first.pid("postcode").unwrap()));
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let dir = tempfile::tempdir().unwrap();
    let output = jh().args(["up", "--port", &port, "--dir"]).arg(dir.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains(&port) && words.contains("--port"), "{words}");
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let output = jh().args(["up", "--port", "0", "--dir"]).arg(dir.path().join("file/x")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("file/x"));
}

#[test]
fn when_up_is_killed_all_its_children_end() {
    let mut installation = Installation::start_in(tempfile::tempdir().unwrap());
    until("its children run", || (installation.children().len() == 7).then_some(()));
    let children = installation.children();
    installation.up.kill().unwrap();
    installation.up.wait().unwrap();
    until("its children end", || children.iter().all(|pid| !is_alive(*pid)).then_some(()));
}

#[test]
fn a_signal_stops_everything_in_order() {
    let mut installation = Installation::start_in(tempfile::tempdir().unwrap());
    until("its children run", || (installation.children().len() == 7).then_some(()));
    let children = installation.children();
    installation.signal(Signal::TERM);
    assert_eq!(installation.wait(), Some(0), "within {DEADLINE:?}");
    assert!(!children.iter().any(|pid| is_alive(*pid)));
    assert_eq!(installation.children().len(), 0, "pid files are gone");
}
