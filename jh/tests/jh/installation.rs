//! A running `jh up` in a directory of its own, and commands run against it. Ends with the test, whatever happens.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Whatever is waited for comes within this, or the test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn jh() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jh"));
    command.env_remove("JH_ENDPOINT").stdin(Stdio::null());
    command
}

/// A whole system has eight processes that sync disks and measure silence: two at once would measure each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// `jh up`, and what it says.
pub(crate) struct Installation {
    alone: Option<MutexGuard<'static, ()>>,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) up: Child,
    said: Receiver<String>,
    /// `http://host:port`, once it is ready.
    pub(crate) endpoint: String,
}

impl Installation {
    /// Starts it; it need not come up.
    pub(crate) fn start_in(dir: tempfile::TempDir) -> Installation {
        Self::start_with(dir, &[])
    }

    fn start_with(dir: tempfile::TempDir, flags: &[&str]) -> Installation {
        let mut command = jh();
        command.args(["up", "--port", "0", "--dir"]).arg(dir.path()).args(flags);
        let mut up = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, said) = channel();
        let out = up.stdout.take().unwrap();
        let err = up.stderr.take().unwrap();
        let also = sender.clone();
        std::thread::spawn(move || forward(BufReader::new(out), &sender));
        std::thread::spawn(move || forward(BufReader::new(err), &also));
        Installation { alone: None, dir, up, said, endpoint: String::new() }
    }

    /// Starts it and waits until it says where it is.
    pub(crate) fn ready_in(dir: tempfile::TempDir) -> Installation {
        Self::ready_with(dir, &[])
    }

    /// The same, with more flags.
    pub(crate) fn ready_with(dir: tempfile::TempDir, flags: &[&str]) -> Installation {
        // A test that failed has poisoned it, and its system has ended.
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut installation = Installation::start_with(dir, flags);
        installation.alone = Some(alone);
        installation.until_ready();
        installation
    }

    fn until_ready(&mut self) {
        let line = self.hear("is ready: ");
        line.split("is ready: ").nth(1).unwrap().trim().clone_into(&mut self.endpoint);
    }

    /// Waits for a line with `words` in it.
    pub(crate) fn hear(&self, words: &str) -> String {
        let begun = Instant::now();
        let mut all = Vec::new();
        while let Ok(line) = self.said.recv_timeout(DEADLINE.saturating_sub(begun.elapsed())) {
            if line.contains(words) {
                return line;
            }
            all.push(line);
        }
        panic!("`jh up` did not say {words:?} but:\n{}\n{}", all.join("\n"), self.logs());
    }

    fn logs(&self) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(self.dir.path()).unwrap().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "log") {
                let log = std::fs::read_to_string(entry.path()).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(15).collect();
                text += &format!("--- {}\n", entry.path().display());
                last.iter().rev().for_each(|line| text += &format!("{line}\n"));
            }
        }
        text
    }

    /// A command for people, to its end.
    pub(crate) fn run(&self, line: &[&str]) -> Output {
        let mut command = jh();
        command.args(["--endpoint", &self.endpoint, "--state-dir"]).arg(self.dir.path().join("client")).args(line);
        command.output().unwrap()
    }

    /// The same, which must succeed; its standard output.
    pub(crate) fn must(&self, line: &[&str]) -> String {
        let output = self.run(line);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{line:?}: {:?}\n{out}\n{err}\n{}", output.status, self.logs());
        out.into_owned()
    }

    pub(crate) fn pid(&self, name: &str) -> Option<Pid> {
        read_pid(self.dir.path(), name)
    }

    /// The pids of all children there are.
    pub(crate) fn children(&self) -> Vec<Pid> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap().flatten();
        let names = entries.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".pid").map(str::to_owned));
        names.filter_map(|name| self.pid(&name)).collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.up.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Waits until `jh up` has ended; its exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        until("`jh up` ends", || self.up.try_wait().unwrap()).code()
    }

    /// Kills every process after `before`, and starts all again after `meanwhile`, in the same directory and with the same ports.
    pub(crate) fn die_and_start(mut self, before: impl FnOnce(), meanwhile: impl FnOnce()) -> Installation {
        let children = self.children();
        before();
        self.up.kill().unwrap();
        self.up.wait().unwrap();
        until("all children end", || (!children.iter().any(|pid| is_alive(*pid))).then_some(()));
        meanwhile();
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        let mut again = Installation::start_with(dir, &[]);
        again.alone = self.alone.take();
        again.until_ready();
        again
    }

    /// Stops it in order, and gives back its directory.
    pub(crate) fn stop(mut self) -> tempfile::TempDir {
        let children = self.children();
        self.signal(Signal::INT);
        assert_eq!(self.wait(), Some(0));
        assert!(!children.iter().any(|pid| is_alive(*pid)), "children are left");
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        // Its children end with it, which has a test of its own.
        let _ = self.up.kill();
        let _ = self.up.wait();
    }
}

fn forward(lines: impl BufRead, to: &std::sync::mpsc::Sender<String>) {
    for line in lines.lines().map_while(Result::ok) {
        if to.send(line).is_err() {
            return;
        }
    }
}

pub(crate) fn read_pid(dir: &Path, name: &str) -> Option<Pid> {
    Pid::from_raw(std::fs::read_to_string(dir.join(format!("{name}.pid"))).ok()?.trim().parse().ok()?)
}

/// A process that has ended and is only waited for by its parent counts as dead.
pub(crate) fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    let is_zombie = stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'));
    test_kill_process(pid).is_ok() && !is_zombie
}

/// The value, once there is one.
pub(crate) fn until<T>(what: &str, mut value: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = value() {
            return value;
        }
        assert!(begun.elapsed() < DEADLINE, "{what}: not in {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
