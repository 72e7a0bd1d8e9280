//! The adapter as a program: its arguments, its runtime, its signals and what it does beside answering.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::config::{Config, Source};
use crate::http::{Adapter, Setup, app};
use crate::limits;
use crate::record::{Journal, Writer};
use crate::serve::serve;
use crate::warm::warm;

/// Answer where postcodes are
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8082")]
    listen: SocketAddr,
    /// Whom to ask: pack (nobody), real (all services on the internet), some of them by name (postcodes.io,…), the URL of
    /// a simulator, or a file of services, which may change meanwhile
    #[arg(long, value_name = "WHOM", default_value = "pack")]
    outside: Source,
    /// File that keeps answers from one run to the next
    #[arg(long, value_name = "FILE")]
    cache: Option<PathBuf>,
    /// How many adapters there are: together they keep to what each service allows
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    adapters: u32,
    /// Other adapters to take answers over from at the start, such as <http://postcode-1:8082>
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    warm_from: Vec<String>,
}

/// Runs the adapter until SIGTERM or SIGINT.
///
/// # Errors
/// If the address cannot be listened at, or the services are not described rightly.
pub fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let writer = runtime.block_on(listen_and_serve(args))?;
    // Loads that nobody waits for end here; the last journal with them, and then the writer knows that all is told.
    drop(runtime);
    if let Some(writer) = writer {
        writer.finish();
    }
    Ok(())
}

async fn listen_and_serve(args: Args) -> anyhow::Result<Option<Writer>> {
    let Args { listen, outside, cache, adapters, warm_from } = args;
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listen at {listen}; choose another address with --listen"))?;
    let config = Config::load(&outside).map_err(anyhow::Error::msg).context("read --outside")?.shared_by(adapters);
    let (journal, writer, records) = match cache.map(|path| Journal::open(&path)) {
        Some(Ok((journal, writer, records))) => (Some(journal), Some(writer), records),
        Some(Err(error)) => {
            warn!(%error, "open the cache's file; answers are kept in memory alone");
            (None, None, Vec::new())
        }
        None => (None, None, Vec::new()),
    };
    let adapter = Arc::new(Adapter::new(Setup { journal, ..Setup::default() }));
    adapter.configure(&config).context("read this machine's certificate authorities; install ca-certificates")?;
    adapter.restore(records);
    let follower = Arc::clone(&adapter);
    let beside = tokio::spawn(async move {
        tokio::join!(warm(&follower, &warm_from), follow(&follower, outside, adapters, config));
    });
    info!(address = %listener.local_addr().context("read the address")?, "the postcode adapter is ready");
    let stopping = Arc::clone(&adapter);
    let stop = async move {
        either(&mut terminate, &mut interrupt).await;
        info!("stopping");
        stopping.stop();
    };
    serve(listener, app(adapter), stop).await;
    beside.abort();
    Ok(writer)
}

/// Does what the file of services says, whenever it says something else.
pub(crate) async fn follow(adapter: &Adapter, source: Source, adapters: u32, mut config: Config) {
    if !matches!(source, Source::File(_)) {
        return;
    }
    let mut complained = String::new();
    loop {
        tokio::time::sleep(limits::CONFIG_LOOK).await;
        match Config::load(&source).map(|found| found.shared_by(adapters)) {
            Ok(found) if found != config => match adapter.configure(&found) {
                Ok(()) => {
                    info!(services = ?found, "other services are asked from here on");
                    config = found;
                }
                Err(error) => warn!(%error, "read this machine's certificate authorities"),
            },
            Ok(_) => complained.clear(),
            // A file that is being written is wrong for a moment. The services stay what they were.
            Err(error) if error != complained => {
                warn!(error, "read the services; those from before are asked");
                complained = error;
            }
            Err(_) => {}
        }
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
