//! Runs programs of this machine and says what went wrong. Knows processes and signals, not what they are for.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// Somebody asked us to end.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// What runs for us now, so that it ends when we are asked to.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// So much of what a failed program said is repeated.
const SAID_MAX: usize = 2000;
/// Something awaited is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What was asked to end has this long to do it.
const END_WITHIN: Duration = Duration::from_secs(60);

/// Ends what runs, and makes everything that would run or wait from now on fail.
pub(crate) fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
    let asked = running();
    asked.iter().for_each(|pid| signal(*pid, Signal::TERM));
    // What does not end by itself would keep us from cleaning up.
    std::thread::spawn(move || {
        sleep(END_WITHIN);
        asked.intersection(&running()).for_each(|pid| signal(*pid, Signal::KILL));
    });
}

fn running() -> BTreeSet<u32> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A limit on everything that is run.
#[derive(Debug)]
pub(crate) struct Limit {
    is_over: Arc<AtomicBool>,
    /// Dropped with the limit, which ends the waiting.
    _open: Sender<()>,
}

impl Limit {
    /// Whether it has not been reached.
    pub(crate) fn is_so(&self) -> bool {
        !self.is_over.load(Ordering::SeqCst)
    }
}

/// Interrupts everything after this time, unless the limit is dropped before.
pub(crate) fn within(time: Duration) -> Limit {
    let (open, closed) = channel();
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    std::thread::spawn(move || {
        if closed.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
            over.store(true, Ordering::SeqCst);
            interrupt();
        }
    });
    Limit { is_over, _open: open }
}

/// Whether somebody asked us to end.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// From here on an interruption is history: what follows cleans up.
pub(crate) fn forget_interruption() {
    INTERRUPTED.store(false, Ordering::SeqCst);
}

/// Sends a signal; a process that is gone is no error.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _gone = kill_process(pid, signal);
    }
}

/// A program about to be run.
#[derive(Debug)]
pub(crate) struct Sh {
    command: Command,
    words: String,
    input: Option<String>,
}

/// A program by its name.
pub(crate) fn sh(program: impl AsRef<OsStr>) -> Sh {
    let words = program.as_ref().to_string_lossy().into_owned();
    Sh { command: Command::new(program), words, input: None }
}

/// Runs a command line whose words have no spaces in them.
pub(crate) fn line(text: &str) -> Result<()> {
    words(text).run()
}

/// A command line whose words have no spaces in them.
pub(crate) fn words(text: &str) -> Sh {
    let mut words = text.split_whitespace();
    sh(words.next().unwrap_or_default()).args(words)
}

impl Sh {
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Sh {
        for arg in args {
            self.words.push(' ');
            self.words.push_str(&arg.as_ref().to_string_lossy());
            self.command.arg(arg);
        }
        self
    }

    pub(crate) fn arg(self, arg: impl AsRef<OsStr>) -> Sh {
        self.args([arg])
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Sh {
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Sh {
        self.command.current_dir(dir);
        self
    }

    /// What it reads from standard input; nothing otherwise.
    pub(crate) fn input(mut self, text: String) -> Sh {
        self.input = Some(text);
        self
    }

    /// Runs it. Errors: it failed, with the end of what it said.
    pub(crate) fn run(self) -> Result<()> {
        self.read().map(drop)
    }

    /// Runs it; what it wrote to standard output.
    pub(crate) fn read(self) -> Result<String> {
        let words = self.words.clone();
        let output = self.output()?;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let tail = said.char_indices().rev().nth(SAID_MAX).map_or(0, |(at, _)| at);
        ensure!(output.status.success(), "`{}` failed ({}): {}", shortened(&words), output.status, said[tail..].trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it succeeds.
    pub(crate) fn succeeds(self) -> bool {
        self.output().is_ok_and(|output| output.status.success())
    }

    /// Runs it to its end, whatever that is.
    pub(crate) fn output(mut self) -> Result<Output> {
        self.command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (input, words) = (self.input.take(), self.words.clone());
        let mut child = self.spawn()?;
        let pid = child.id();
        if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
            // A program that does not read all of it says so by its exit code.
            let _closed = stdin.write_all(text.as_bytes());
        }
        let output = child.wait_with_output().with_context(|| format!("wait for `{}`", shortened(&words)));
        ended(pid);
        output
    }

    /// Runs it with our own terminal; its exit code.
    pub(crate) fn attached(self) -> Result<i32> {
        let mut child = self.spawn()?;
        let status = child.wait();
        ended(child.id());
        Ok(status?.code().unwrap_or(1))
    }

    /// Starts it and leaves it to the caller.
    pub(crate) fn spawn(mut self) -> Result<Child> {
        ensure!(!is_interrupted(), "interrupted");
        let child = self.command.spawn().with_context(|| format!("start `{}`", shortened(&self.words)))?;
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).insert(child.id());
        Ok(child)
    }

    /// The command as std knows it.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }
}

fn ended(pid: u32) {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid);
}

fn shortened(words: &str) -> String {
    match words.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words.to_owned(),
    }
}

/// Looks until it is so. Errors: it was not within the time, or somebody asked us to end.
pub(crate) fn until(what: &str, within: Duration, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !is_so() {
        ensure!(!is_interrupted(), "interrupted while waiting for {what}");
        if begun.elapsed() > within {
            bail!("{what}: not within {} s", within.as_secs());
        }
        sleep(LOOK_EVERY);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_program_is_told_with_what_it_said() {
        let error = sh("sh").args(["-c", "echo because >&2; exit 3"]).run().unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("because"), "{error}");
        assert_eq!(sh("cat").input("x".to_owned()).read().unwrap(), "x");
        assert!(sh("no-such-program").run().is_err());
    }
}
