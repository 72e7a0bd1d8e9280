//! The adapter as a program: its arguments, its runtime and its signals.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

use crate::clock::Clock;
use crate::http::{Adapter, app};
use crate::serve::serve;

/// Answer where postcodes are
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8082")]
    listen: SocketAddr,
}

/// Runs the adapter until SIGTERM or SIGINT.
///
/// # Errors
/// If the address cannot be listened at.
pub fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(listen_and_serve(args))
}

async fn listen_and_serve(Args { listen }: Args) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listen at {listen}; choose another address with --listen"))?;
    let adapter = Arc::new(Adapter::new(Vec::new(), Clock::system()));
    info!(address = %listener.local_addr().context("read the address")?, "the postcode adapter is ready");
    let stopping = Arc::clone(&adapter);
    let stop = async move {
        either(&mut terminate, &mut interrupt).await;
        info!("stopping");
        stopping.stop();
    };
    serve(listener, app(adapter), stop).await;
    Ok(())
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
