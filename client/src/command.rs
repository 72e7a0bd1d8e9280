//! The list of commands for people, and the one place that runs them and turns how they ended into an [`Exit`].

use clap::Subcommand;

use crate::api_client::Api;
use crate::config::{Config, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Out, talk};
use crate::{address, cart, cluster, courier, drill, kitchen, menu, near, order, quote, verify};

/// Commands for people.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Who delivers to a postcode: fee, time, open or why not
    Near(near::Args),
    /// A restaurant's menu: items, options, prices, allergens
    Menu(menu::Args),
    /// Collect items before ordering them
    #[command(subcommand)]
    Cart(cart::Command),
    /// Price an order without placing it
    Quote(Box<quote::Args>),
    /// Place, see, follow and cancel orders
    #[command(subcommand)]
    Order(order::Command),
    /// What a restaurant does with orders
    #[command(subcommand)]
    Kitchen(kitchen::Command),
    /// What a courier does with orders
    #[command(subcommand)]
    Courier(courier::Command),
    /// Look up a postcode
    #[command(subcommand)]
    Address(address::Command),
    /// Who leads, who is in sync, and how fail-overs went
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Place orders at a steady rate, break something for real, and report what customers noticed
    Drill(Box<drill::Args>),
    /// Drill with faults drawn at random for a given time, and keep a ledger of what was found
    Soak(Box<drill::soak::Args>),
    /// Check that every acknowledged order of the journal is there, once, unchanged
    Verify(verify::Args),
}

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) api: Api,
    pub(crate) out: Out,
    pub(crate) state: std::path::PathBuf,
}

/// Runs one command to its end. Data goes to standard output, talk and failures to standard error.
pub fn run(global: Global, command: Command) -> Exit {
    match try_run(global, command) {
        Ok(()) => Exit::Ok,
        Err(failure) => {
            if !matches!(failure, Failure::PipeClosed) {
                talk(&format!("jh: {failure}"));
            }
            Exit::from(&failure)
        }
    }
}

fn try_run(global: Global, command: Command) -> Result<(), Failure> {
    let config = Config::new(global)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Usage(format!("cannot set up the runtime: {error}")))?;
    let context = Context { api: Api::new(&config)?, out: Out::new(config.format), state: config.state };
    // Everything of one command runs on this thread, so spawned tasks need not be Send.
    tokio::task::LocalSet::new().block_on(&runtime, dispatch(&context, command))
}

async fn dispatch(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Near(args) => near::run(context, args).await,
        Command::Menu(args) => menu::run(context, args).await,
        Command::Cart(command) => cart::run(context, command),
        Command::Quote(args) => quote::run(context, *args).await,
        Command::Order(command) => order::run(context, command).await,
        Command::Kitchen(command) => kitchen::run(context, command).await,
        Command::Courier(command) => courier::run(context, command).await,
        Command::Address(command) => address::run(context, command).await,
        Command::Cluster(command) => cluster::run(context, command).await,
        Command::Drill(args) => drill::run(context, *args).await,
        Command::Soak(args) => drill::soak_run(context, *args).await,
        Command::Verify(args) => verify::run(context, args).await,
    }
}
