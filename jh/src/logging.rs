//! Sets up the log of a server: one line an event, on standard error. The servers only emit.

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// kube's client tells of every request that fails, several a second while the API server is away. Those who ask tell it once, and once
/// that it is over.
const QUIET: &str = "kube_client::client::builder=off";

/// `filter` is in the form of RUST_LOG: `info`, or `info,member=debug`.
pub(crate) fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}")).with_context(|| format!("read --log {filter:?}"))?;
    let is_terminal = rustix::termios::isatty(rustix::stdio::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        // A line that cannot be written (a full disk) must not end a server that still works.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| anyhow::anyhow!("start logging: {error}"))
}
