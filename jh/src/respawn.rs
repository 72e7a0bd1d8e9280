//! `--supervise`: a small parent, the first process of a container, that starts this same command as its worker and starts it again at
//! once when it dies. Knows processes and signals, not what the worker is for.
//!
//! A container whose first process dies is started again by kubelet, which waits ten seconds and more when that happens often. A replica
//! that was demoted, or killed, must be back in milliseconds.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};
use tokio::signal::unix::{Signal as Told, SignalKind, signal};

use crate::NAME;
use crate::supervise::backoff::Backoff;

/// A worker that keeps dying is started no more often than this: what it waits for may be there at any moment.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// The flag that makes a parent, and that its worker is started without.
const FLAG: &str = "--supervise";
/// The very program that runs, even where its file was replaced.
const EXE: &str = "/proc/self/exe";

/// Keeps a worker running until it has ended after this process was told to stop. One that ends without that, however well, is started
/// again: a primary whose lead was handed over by command ends and comes back as a backup.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async { Parent::new()?.keep().await })
}

struct Parent {
    terminate: Told,
    interrupt: Told,
    child: Told,
    /// It was told to stop; a worker that ends now is not started again.
    stopping: bool,
}

impl Parent {
    /// Signals are listened to before there is a worker: none is missed.
    fn new() -> anyhow::Result<Parent> {
        let listen = |kind, name| signal(kind).with_context(|| format!("listen for {name}"));
        Ok(Parent {
            terminate: listen(SignalKind::terminate(), "SIGTERM")?,
            interrupt: listen(SignalKind::interrupt(), "SIGINT")?,
            child: listen(SignalKind::child(), "SIGCHLD")?,
            stopping: false,
        })
    }

    async fn keep(mut self) -> anyhow::Result<ExitCode> {
        let mut backoff = Backoff::new(PAUSE_MAX);
        loop {
            let began = Instant::now();
            let status = self.until_ended(start()?).await;
            if self.stopping {
                return Ok(code(status));
            }
            backoff.died(began.elapsed());
            let (how, pause) = (describe(status), backoff.pause());
            if backoff.is_news() || !backoff.keeps_dying() {
                tracing::warn!(how, lived = ?began.elapsed(), ?pause, "the worker ended; it is started again");
            }
            if self.is_stopped_within(pause).await {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }

    /// Waits for the worker's end; signals to stop are passed on to it.
    async fn until_ended(&mut self, worker: Pid) -> WaitStatus {
        loop {
            let passed_on = tokio::select! {
                _ = self.child.recv() => match reap(worker) {
                    Some(status) => return status,
                    None => continue,
                },
                _ = self.terminate.recv() => Signal::TERM,
                _ = self.interrupt.recv() => Signal::INT,
            };
            self.stopping = true;
            // It may have ended this moment: then its end is told next.
            let _ = kill_process(worker, passed_on);
        }
    }

    /// Whether a signal to stop comes within the pause.
    async fn is_stopped_within(&mut self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }
}

/// Starts this same command as a worker that dies with this process.
fn start() -> anyhow::Result<Pid> {
    let mine = std::env::args_os().skip(1).filter(|arg| arg != FLAG);
    let parent = ["--die-with-parent".into(), OsString::from(std::process::id().to_string())];
    // Nobody waits for this handle: `reap` sees the worker's end together with everyone else's.
    let worker = Command::new(EXE).arg0(NAME).args(mine).args(parent).spawn().context("start the worker")?;
    let pid = i32::try_from(worker.id()).ok().and_then(Pid::from_raw);
    pid.context("read the worker's process id")
}

/// Takes the end of every child that has ended: the first process of a container inherits the orphans of all others. The worker's, if it is
/// among them.
fn reap(worker: Pid) -> Option<WaitStatus> {
    let mut ended = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == worker {
            ended = Some(status);
        }
    }
    ended
}

/// The exit code as shells tell it.
fn code(status: WaitStatus) -> ExitCode {
    let number = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    number.and_then(|number| u8::try_from(number).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn describe(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
