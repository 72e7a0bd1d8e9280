//! `jh up`: every program on this machine, kept running until Ctrl-C. Knows which children there are and in which order
//! they stop; knows nothing of orders or views.

mod children;
mod dir;
mod ports;
mod probe;
mod stop;
mod words;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::supervise::{Event, Program, supervise};
use children::{Layout, Outside};
use dir::Dir;
use stop::{Running, Signals};

/// What `jh up` was asked for.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Where everything is kept [default: the user's state directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Port of the front end; 0 takes any free one
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port: u16,
    /// How many copies of every order
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
    replicas: u8,
    /// Whom the postcode adapter asks
    #[arg(long, value_name = "WHOM", value_enum, default_value_t = Outside::Pack)]
    outside: Outside,
    /// Delete what is in the directory first: all orders of this installation
    #[arg(long)]
    fresh: bool,
}

/// A start takes a second or two; whoever waits for longer wants to know where to look.
const REMIND_AFTER: Duration = Duration::from_secs(15);

/// Why `jh up` did not come up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no home directory is known; say where with --dir DIR")]
    NoHome,
    #[error("{what} {path}: {source}", path = path.display())]
    Local { what: &'static str, path: PathBuf, source: io::Error },
    #[error("another `jh up`{} is using {path}; stop it, or choose another directory with --dir",
        holder.map(|pid| format!(" (process {pid})")).unwrap_or_default(), path = path.display())]
    InUse { path: PathBuf, holder: Option<u32> },
    #[error("{path} is not a directory of `jh up`, so --fresh does not delete in it; choose another with --dir", path = path.display())]
    NotOurs { path: PathBuf },
    #[error("port {port} is in use by another program; choose another with --port, or --port 0 for any free one")]
    PortInUse { port: u16 },
    #[error("port {port} cannot be used: {source}")]
    Port { port: u16, source: io::Error },
    #[error("no free port between {} and {}", ports::FIRST, ports::LAST)]
    NoFreePort,
    #[error("cannot set up the runtime: {0}")]
    Runtime(io::Error),
    #[error("cannot find this program's own file: {0}")]
    OwnFile(io::Error),
}

/// What the arguments mean on this machine.
#[derive(Debug)]
struct Config {
    dir: PathBuf,
    port: u16,
    replicas: u8,
    outside: Outside,
    fresh: bool,
}

impl Config {
    fn new(args: Args) -> Result<Config, Failure> {
        let Args { dir, port, replicas, outside, fresh } = args;
        let dir = dir.or_else(client::state_dir).ok_or(Failure::NoHome)?;
        // Children are told absolute paths.
        let dir = std::path::absolute(&dir).map_err(|source| Failure::Local { what: "find", path: dir, source })?;
        Ok(Config { dir, port, replicas, outside, fresh })
    }
}

/// Runs everything until told to stop. Exit code 0 after an orderly stop, 2 when something must be corrected first.
pub(crate) fn run(args: Args) -> ExitCode {
    match try_run(args) {
        Ok(()) => client::Exit::Ok.into(),
        Err(failure) => {
            words::talk(&format!("jh up: {failure}"));
            client::Exit::Usage.into()
        }
    }
}

fn try_run(args: Args) -> Result<(), Failure> {
    let Config { dir, port, replicas, outside, fresh } = Config::new(args)?;
    let dir = Dir::open(&dir, fresh)?;
    let exe = std::env::current_exe().map_err(Failure::OwnFile)?;
    let ports = ports::choose(dir.path(), port, &children::ports_needed(replicas))?;
    let layout = Layout { dir: dir.path().to_owned(), exe, replicas, outside, ports };
    // This thread starts every child: when it ends, the kernel ends them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    tokio::task::LocalSet::new().block_on(&runtime, keep_running(&layout))
}

async fn keep_running(layout: &Layout) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(Failure::Runtime)?;
    let (sender, mut events) = mpsc::channel(256);
    let mut running = Running::default();
    for (stage, program) in layout.programs() {
        running.add(stage, |orders| start(program, orders, sender.clone()));
    }
    drop(sender);
    words::talk(&format!("starting; logs are in {}", layout.dir.display()));
    let mut is_ready = std::pin::pin!(probe::until_ready(layout.front()));
    let mut said_ready = false;
    loop {
        tokio::select! {
            () = &mut is_ready, if !said_ready => {
                words::ready(layout);
                said_ready = true;
            }
            () = tokio::time::sleep(REMIND_AFTER), if !said_ready => words::not_ready_yet(layout),
            Some(event) = events.recv() => words::event(&event, &layout.dir),
            () = signals.next() => break,
        }
    }
    words::talk("stopping; once more kills");
    running.stop(&mut signals).await;
    Ok(())
}

fn start(
    program: Program,
    orders: tokio::sync::watch::Receiver<crate::supervise::Order>,
    events: mpsc::Sender<Event>,
) -> tokio::task::JoinHandle<()> {
    tokio::task::spawn_local(supervise(program, orders, events))
}
