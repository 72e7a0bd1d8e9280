//! Keeps one child process running: starts it again at once when it dies, writes down its pid, keeps its log. Knows
//! processes, not what they are for.

pub(crate) mod backoff;
mod log;

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use backoff::Backoff;
use log::Log;

/// How long a dead child's output is waited for; it is there at once unless a grandchild holds the pipe.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// A child that keeps dying is started no more often; somebody should look.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What to keep running.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Its name: the pid is written to DIR/NAME.pid, the output to DIR/NAME.log.
    pub(crate) name: String,
    pub(crate) exe: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) dir: PathBuf,
    /// How long it may take to stop when asked, before it is killed.
    pub(crate) stop_within: Duration,
}

/// What a supervisor is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Run,
    /// Ask the child to stop (SIGTERM), kill it if it takes too long.
    Stop,
    /// Kill it.
    Kill,
}

/// What happened to a child.
#[derive(Debug)]
pub(crate) enum Event {
    /// It died and is being started again.
    Died { name: String, how: String, lived: Duration, last_line: Option<String> },
    /// It keeps dying soon after its start; what it said last.
    KeepsDying { name: String, how: String, last_lines: Vec<String> },
    /// It cannot even be started.
    CannotStart { name: String, error: std::io::Error },
}

/// Runs `program` until `orders` says otherwise. Returns when the child has ended for good.
pub(crate) async fn supervise(program: Program, mut orders: watch::Receiver<Order>, events: mpsc::Sender<Event>) {
    let log = Rc::new(RefCell::new(Log::open(&program.dir.join(format!("{}.log", program.name)))));
    let pid_file = program.dir.join(format!("{}.pid", program.name));
    let mut backoff = Backoff::new(PAUSE_MAX);
    while *orders.borrow() == Order::Run {
        let begun = Instant::now();
        let event = match start(&program, &log) {
            Ok((mut child, copying)) => {
                write_pid(&pid_file, child.id());
                let Some(how) = until_dead(&mut child, &mut orders, program.stop_within).await else { break };
                let lived = begun.elapsed();
                backoff.died(lived);
                // Its last words may still be in the pipe; the pipe ends with it, unless a grandchild holds it open.
                let _ = tokio::time::timeout(LAST_WORDS, copying).await;
                let (name, last_lines) = (program.name.clone(), log.borrow().last_lines());
                match backoff.keeps_dying() {
                    true => Event::KeepsDying { name, how, last_lines },
                    false => Event::Died { name, how, lived, last_line: last_lines.into_iter().next_back() },
                }
            }
            Err(error) => {
                backoff.died(Duration::ZERO);
                Event::CannotStart { name: program.name.clone(), error }
            }
        };
        if backoff.is_news() || !backoff.keeps_dying() {
            // Nobody listening any more means that everything is being stopped.
            let _ = events.try_send(event);
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.pause()) => {}
            _ = orders.wait_for(|order| *order != Order::Run) => {}
        }
    }
    let _ = std::fs::remove_file(&pid_file);
}

/// How the child died; None when it was ordered to end, and has.
async fn until_dead(child: &mut Child, orders: &mut watch::Receiver<Order>, stop_within: Duration) -> Option<String> {
    tokio::select! {
        status = child.wait() => return Some(describe(status)),
        _ = orders.wait_for(|order| *order != Order::Run) => {}
    }
    stop(child, orders, stop_within).await;
    None
}

fn start(program: &Program, log: &Rc<RefCell<Log>>) -> std::io::Result<(Child, JoinHandle<()>)> {
    // The kernel's own pipe for both streams, so that their lines stay in the order they were written.
    let (reader, writer) = std::io::pipe()?;
    let reader = pipe::Receiver::from_owned_fd(reader.into())?;
    let mut command = Command::new(&program.exe);
    command.arg0(crate::NAME).args(&program.args).stdin(Stdio::null());
    command.stdout(writer.try_clone()?).stderr(writer);
    // A group of its own: Ctrl-C at the terminal reaches the supervisor alone, which stops its children in order.
    let child = command.process_group(0).kill_on_drop(true).spawn()?;
    log.borrow_mut().forget();
    Ok((child, tokio::task::spawn_local(copy(reader, Rc::clone(log)))))
}

async fn copy(mut reader: pipe::Receiver, log: Rc<RefCell<Log>>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = reader.read(&mut buffer).await {
        log.borrow_mut().write(&buffer[..length]);
    }
}

/// Returns when the child has ended, as it was ordered to.
async fn stop(child: &mut Child, orders: &mut watch::Receiver<Order>, within: Duration) {
    let order = *orders.borrow();
    // A supervisor whose owner has gone (the order still says Run) has nobody to run for: kill.
    if order == Order::Stop {
        signal(child, Signal::TERM);
        // A frozen child (SIGSTOP) could not even begin to stop.
        signal(child, Signal::CONT);
        tokio::select! {
            _ = child.wait() => return,
            () = tokio::time::sleep(within) => {}
            _ = orders.wait_for(|order| *order == Order::Kill) => {}
        }
    }
    // It is gone already where this fails.
    let _ = child.kill().await;
}

fn signal(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    // A child that has ended in between needs no signal.
    let _ = pid.map(|pid| kill_process(pid, signal));
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status {
        Ok(status) => match status.signal() {
            Some(number) => format!("killed by signal {number}"),
            None => format!("ended with exit code {}", status.code().unwrap_or_default()),
        },
        Err(error) => format!("was lost ({error})"),
    }
}

/// Whoever reads the file finds a whole number: it is written beside and renamed. That it could not be written only
/// keeps `drill` from finding the child, which says so itself.
fn write_pid(path: &Path, pid: Option<u32>) {
    let Some(pid) = pid else { return };
    let beside = path.with_extension("pid.tmp");
    let _ = std::fs::write(&beside, format!("{pid}\n")).and_then(|()| std::fs::rename(&beside, path));
}

#[cfg(test)]
mod tests;
