//! A drill against a small service that can lie, and against processes that can be killed: it must be able to fail.

use std::path::Path;
use std::process::{Child, Command as Process};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use client::Exit;

use crate::fake::{Fake, Lie};

fn drill(fake: &Fake, dir: &Path, more: &[&str]) -> Exit {
    let (url, dir) = (fake.url(), dir.to_str().unwrap());
    let fixed = ["jh", "--endpoint", &url, "--state-dir", dir, "drill", "--dir", dir];
    let line: Vec<&str> = fixed.iter().chain(more).copied().collect();
    crate::run(&line)
}

#[test]
fn an_honest_service_passes_and_every_kind_of_lie_is_found() {
    for lie in [Lie::None, Lie::Lose, Lie::Double, Lie::Change, Lie::Refuse, Lie::Lag, Lie::Forget] {
        let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
        fake.state().lie = lie;
        let exit = drill(&fake, dir.path(), &["--fault", "none", "--seconds", "1", "--rate", "100"]);
        assert_eq!(exit, if lie == Lie::None { Exit::Ok } else { Exit::Wrong }, "{lie:?}");
        assert!(fake.state().requests.len() >= 20);
    }
}

#[test]
fn at_full_speed_every_client_is_busy_and_the_history_tells_every_order() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    let history = dir.path().join("history.jsonl");
    let flags = [
        "--fault",
        "none",
        "--seconds",
        "1",
        "--rate",
        "max",
        "--clients",
        "4",
        "--history",
        history.to_str().unwrap(),
    ];
    assert_eq!(drill(&fake, dir.path(), &flags), Exit::Ok);
    let text = std::fs::read_to_string(history).unwrap();
    assert_eq!(text.lines().count(), fake.state().orders.len(), "nothing is read back at full speed");
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((first["op"].as_str(), first["outcome"].as_str()), (Some("place"), Some("placed")));
}

/// A process under the name of the primary, started again as another epoch whenever it is killed.
struct Primary {
    is_over: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
    pid_file: std::path::PathBuf,
}

impl Primary {
    fn keep(fake: &Arc<Fake>, dir: &Path) -> Primary {
        let is_over = Arc::new(AtomicBool::new(false));
        let pid_file = dir.join("replica-0.pid");
        let mut child = start(&pid_file);
        let (fake, over, file) = (Arc::clone(fake), Arc::clone(&is_over), pid_file.clone());
        let keeper = std::thread::spawn(move || {
            loop {
                child.wait().unwrap();
                if over.load(Ordering::SeqCst) {
                    return;
                }
                fake.state().epoch += 1;
                child = start(&file);
            }
        });
        Primary { is_over, keeper: Some(keeper), pid_file }
    }
}

fn start(pid_file: &Path) -> Child {
    let child = Process::new("sleep").arg("1000").spawn().unwrap();
    std::fs::write(pid_file, child.id().to_string()).unwrap();
    child
}

impl Drop for Primary {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let pid: i32 = std::fs::read_to_string(&self.pid_file).unwrap().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        self.keeper.take().unwrap().join().unwrap();
    }
}

#[test]
fn a_killed_primary_is_seen_dying_and_coming_back_and_is_drawn() {
    let (fake, dir) = (Arc::new(Fake::start()), tempfile::tempdir().unwrap());
    let primary = Primary::keep(&fake, dir.path());
    let picture = dir.path().join("drill.svg");
    let flags = ["--fault", "kill", "--rounds", "2", "--rate", "100", "--svg", picture.to_str().unwrap()];
    assert_eq!(drill(&fake, dir.path(), &flags), Exit::Ok);
    assert_eq!(fake.state().epoch, 2);
    let svg = std::fs::read_to_string(picture).unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && svg.contains("kill: replica-0"), "{svg}");
    drop(primary);
}

#[test]
fn a_drill_without_processes_to_break_says_so() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    assert_eq!(drill(&fake, dir.path(), &["--fault", "kill", "--rate", "50"]), Exit::Usage);
    assert_eq!(drill(&fake, dir.path(), &["--rate", "fast"]), Exit::Usage);
    assert_eq!(drill(&fake, dir.path(), &["--svg", "/nonexistent/x.svg"]), Exit::Usage);
}
