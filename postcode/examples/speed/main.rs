//! Measures the adapter and holds every figure against what it is to reach: `cargo run --release -p postcode --example
//! speed`, some three minutes. Ends with 1 if one is missed. Uses loopback and the simulator, never the internet.

mod embedded;
mod http;
mod misses;
mod report;
mod server;

use clap::Parser;
use report::Report;

/// With arguments it is the adapter itself, in a process of its own.
#[derive(Parser)]
struct Adapter {
    #[command(flatten)]
    args: postcode::Args,
}

fn main() -> anyhow::Result<()> {
    if std::env::args().len() > 1 {
        return postcode::run(Adapter::parse().args);
    }
    let mut report = Report::begin();
    // First, while nothing else takes memory.
    embedded::memory(&mut report)?;
    embedded::look_ups(&mut report)?;
    embedded::guesses(&mut report)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(misses::together(&mut report))?;
    runtime.block_on(misses::everything_dead(&mut report))?;
    runtime.block_on(misses::errors_for_a_minute(&mut report))?;
    http::cached(&mut report)?;
    report.end()
}
