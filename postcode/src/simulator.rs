//! Plays the outside on loopback: every service in its exact shapes, drawn from the pack, and every way in which services
//! fail. For tests, and for `jh up --outside simulated`. Knows the services' formats from the other side; no adapter.
//!
//! `http://ADDRESS/postcodes.io/…` is what `https://api.postcodes.io/…` is on the internet, and so on by name. What goes
//! wrong is told it in a program, or by `PUT /_faults/postcodes.io` with the fault's name as the body (`none` ends it);
//! `GET /_faults` lists what is wrong and what there is, `GET /_calls` how often each was asked, and `DELETE /_tokens`
//! calls back the tokens of the service that gives some.

mod door;
mod fault;
mod serve;
mod shapes;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tracing::info;

use crate::pack::Pack;
use crate::services;

pub use fault::Fault;

/// Play the outside postcode services
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen at; loopback alone, for nothing is protected
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8083")]
    listen: SocketAddr,
    /// Let other machines in as well: for clusters that are there for tests
    #[arg(long)]
    unprotected: bool,
}

/// Plays until SIGTERM or SIGINT.
///
/// # Errors
/// If the address is not of this machine alone, or cannot be listened at.
pub fn run(args: Args) -> anyhow::Result<()> {
    let Args { listen, unprotected } = args;
    anyhow::ensure!(
        unprotected || listen.ip().is_loopback(),
        "{listen} is not on loopback; the simulator is for this machine alone, unless --unprotected says that others may come"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("listen at {listen}; choose another address with --listen"))?;
        let simulator = Simulator::on(listener).context("read the address")?;
        info!(url = simulator.url(), "the outside is played");
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

/// A running simulator. It ends when this is dropped.
pub struct Simulator {
    stage: Arc<Stage>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// What is played.
struct Stage {
    pack: Arc<Pack>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: HashMap<String, Fault>,
    calls: HashMap<String, u64>,
    /// How many tokens were given.
    tokens: u64,
    /// How many of them, from the first on, are good no longer.
    called_back: u64,
    /// How long tokens are good; three days where a test does not say otherwise.
    token_lasts: Option<Duration>,
}

impl Simulator {
    /// One on a free port of loopback.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start() -> std::io::Result<Simulator> {
        Self::on(TcpListener::bind("127.0.0.1:0").await?)
    }

    /// One on this listener.
    ///
    /// # Errors
    /// If the listener has no address.
    pub fn on(listener: TcpListener) -> std::io::Result<Simulator> {
        let address = listener.local_addr()?;
        let stage = Arc::new(Stage { pack: Pack::embedded(), state: Mutex::default() });
        let task = tokio::spawn(serve::serve(listener, Arc::clone(&stage)));
        Ok(Simulator { stage, address, task })
    }

    /// Its URL, below which each service has its name.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From here on this service fails so, or works if the fault is none.
    pub fn break_down(&self, service: &str, fault: Fault) {
        self.stage.state().faults.insert(service.to_owned(), fault);
    }

    /// From here on all services fail so.
    pub fn break_all_down(&self, fault: Fault) {
        services::all().iter().for_each(|service| self.break_down(service.name(), fault));
    }

    /// From here on no token is good that was given so far.
    pub fn call_tokens_back(&self) {
        self.stage.state().call_tokens_back();
    }

    /// From here on tokens are good for so long.
    pub fn give_tokens_for(&self, time: Duration) {
        self.stage.state().token_lasts = Some(time);
    }

    /// How often a service was asked.
    #[must_use]
    pub fn calls(&self, service: &str) -> u64 {
        self.stage.state().calls.get(service).copied().unwrap_or_default()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn call_tokens_back(&mut self) {
        self.called_back = self.tokens;
    }
}

impl Stage {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "fuzz_tests.rs"]
mod fuzz_tests;
#[cfg(test)]
#[path = "simulator_tests.rs"]
mod tests;
