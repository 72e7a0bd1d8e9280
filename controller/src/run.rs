//! The controller as a program: its parts put together on one runtime, and its signals.
use crate::admin::{Admin, app};
use crate::args::{Args, Config, GroupConfig};
use crate::clock::Clock;
use crate::control::Control;
use crate::limits::{JITTER_MAX_MS, JITTER_MIN_MS, REQUESTS};
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::operator;
use crate::serve::serve;
use anyhow::Context;
use group::GroupId;
use group::choose::Wish;
use member::client::Watch;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use view::{FileStore, ViewStore};

/// Runs a controller until SIGTERM or SIGINT.
///
/// # Errors
/// If the arguments contradict each other, the view's directory cannot be used, or the address cannot be listened at.
pub fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::new(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        match config {
            Config::Group(group) => watch_over(group, stop).await,
            Config::Operator { name, admin } => operator::run(name, admin, stop).await,
        }
    })
}

/// Runs the loop and the admin port until `stop`.
async fn watch_over(config: GroupConfig, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let draw: fn() -> u64 = if config.is_first() { || 0 } else { draw_jitter_ms };
    let GroupConfig { name, members, view_dir, min_in_sync, admin } = config;
    let store = FileStore::open(&view_dir).context("open the view's directory; choose another with --view-dir")?;
    let listener = TcpListener::bind(admin)
        .await
        .with_context(|| format!("listen at {admin}; choose another address with --admin"))?;
    let group = GroupId(random()?);
    let wish = Wish { members: members.keys().cloned().collect(), min_in_sync, group, jitter_ms: draw() };
    // Who is a member does not change here.
    let (_, pods) = watch::channel(wish.members.clone());
    let watched = Watch::start(&name, member::directory(members));
    let (metrics, ready) = (Metrics::new(), Arc::new(AtomicBool::new(false)));
    let observer = Observer::new(Clock::start(), watched, store.watch());
    let control = Control::new(name, observer, Arc::new(store), wish, Box::new(draw), metrics.clone(), ready.clone());
    tracing::info!(name = control.name, %admin, first = (draw() == 0), "the controller watches");
    let (requests, inbox) = mpsc::channel(REQUESTS);
    let admin = Admin { requests, members: pods, ready, metrics };
    let (stopping, stopped) = watch::channel(false);
    let (for_loop, for_port) = (stopped.clone(), stopped);
    let stop = async move {
        stop.await;
        tracing::info!("stopping");
        stopping.send_replace(true);
    };
    tokio::join!(stop, control.run(inbox, set(for_loop)), serve(listener, app(admin), set(for_port)));
    Ok(())
}

async fn set(mut flag: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end as well.
    let _ = flag.wait_for(|set| *set).await;
}

/// How long a controller that is not the first lets it go first (P1).
pub(crate) fn draw_jitter_ms() -> u64 {
    let spread = JITTER_MAX_MS - JITTER_MIN_MS + 1;
    // Without randomness the upper end is as good: it only must differ from the other controller's most of the time.
    random().map_or(JITTER_MAX_MS, |lot| JITTER_MIN_MS + (lot % u128::from(spread)) as u64)
}

pub(crate) fn random() -> anyhow::Result<u128> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("draw a random number: {error}"))?;
    Ok(u128::from_le_bytes(bytes))
}
