//! The command line: what can be asked of this program, and which cluster it is asked of.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

use crate::checks::{self, Check};
use crate::cluster::Cluster;
use crate::harness::{self, Ground};
use crate::image;
use crate::scenarios::{self, Scenario};
use crate::sh;

/// What `all` may take: a quarter of an hour for the scenarios, the rest for building everything on a slow machine.
const ALL_WITHIN: Duration = Duration::from_secs(50 * 60);

/// End-to-end tests on a real Kubernetes cluster.
#[derive(Debug, Parser)]
#[command(name = "e2e", max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios and checks: on $KUBECONFIG's cluster if it is set, else on the one that `up` made
    Run(RunArgs),
    /// Make a cluster unless KUBECONFIG is set, run everything on it, print the table, and end the cluster
    All {
        /// Keep the table in docs/failover.md
        #[arg(long)]
        write: bool,
        /// Take the jh that was built for release last; do not build it
        #[arg(long)]
        built: bool,
        /// Let pass what took too long because the machine itself stood still for as long, each time it was run
        #[arg(long)]
        forgive_machine: bool,
    },
    /// Whether a cluster can be had here; if not, why, and exit code 1
    Fit,
    /// What can be run
    List,
    /// Make a cluster on this machine (root on Debian)
    Up,
    /// End the cluster that `up` made
    Down,
    /// Build the image and put it on every node of the cluster that `up` made
    Image {
        /// Only write the archive, for `kind load image-archive` or `docker load`
        #[arg(long, value_name = "FILE")]
        archive: Option<PathBuf>,
    },
    /// kubectl as administrator of the cluster that `up` made
    #[command(disable_help_flag = true)]
    Kubectl {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// A program on the cluster's network, with KUBECONFIG set: where a client outside the pods is
    Inside {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
}

#[derive(Debug, Default, clap::Args)]
struct RunArgs {
    /// Names that `e2e list` prints; all of them if there are none
    names: Vec<String>,
    /// How often each scenario is played [default: each has its own number]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Keep the table in docs/failover.md, and the accounts' rights in their golden file
    #[arg(long)]
    write: bool,
    /// Let pass what took too long because the machine itself stood still for as long, each time it was run
    #[arg(long)]
    forgive_machine: bool,
    /// We are on the cluster's network already
    #[arg(long, hide = true)]
    inside: bool,
}

/// Does it. Whether all was as it should be.
pub(crate) fn run(cli: Cli) -> Result<bool> {
    let cluster = Cluster::here();
    match cli.command {
        Command::Run(args) => run_on(&Ground::find(), &args),
        Command::All { write, built, forgive_machine } => {
            all(&cluster, built, &RunArgs { write, forgive_machine, ..RunArgs::default() })
        }
        Command::Fit => Ok(is_fit()?),
        Command::List => {
            let scenarios = scenarios::ALL.iter().map(|scenario| (scenario.name, scenario.tells));
            let checks = checks::ALL.iter().map(|check| (check.name, check.tells));
            checks.chain(scenarios).for_each(|(name, tells)| println!("{name:<34} {tells}"));
            Ok(true)
        }
        Command::Up => {
            cluster.up()?;
            eprintln!("e2e: the cluster is up; try `e2e kubectl get node,pod -A`");
            Ok(true)
        }
        Command::Down => cluster.down().map(|()| true),
        Command::Image { archive } => {
            image::build_programs()?;
            match archive {
                Some(archive) => image::write(&image::of_programs()?, &archive)?,
                None => load_image(&cluster)?,
            }
            Ok(true)
        }
        Command::Kubectl { args } => {
            is_up(&cluster)?;
            Ok(cluster.kubectl(args.iter().map(String::as_str)).attached()? == 0)
        }
        Command::Inside { command } => {
            is_up(&cluster)?;
            let (program, args) = command.split_first().context("name a program")?;
            Ok(cluster.inside(program.into()).args(args).attached()? == 0)
        }
    }
}

/// Whether `all` has something to run on; says why not.
fn is_fit() -> Result<bool> {
    if !Ground::find().is_own() {
        return Ok(true);
    }
    let unfit = Cluster::unfit()?;
    if let Some(why) = &unfit {
        println!("{why}");
    }
    Ok(unfit.is_none())
}

/// As [`everything`], and how long it took. Whatever is not done when time is up is ended like by Ctrl-C.
fn all(cluster: &Cluster, built: bool, args: &RunArgs) -> Result<bool> {
    let begun = Instant::now();
    let in_time = sh::within(ALL_WITHIN);
    let outcome = everything(cluster, built, args);
    let took = begun.elapsed().as_secs();
    eprintln!("e2e: everything took {} min {} s", took / 60, took % 60);
    ensure!(in_time.is_so(), "ended after {} minutes", ALL_WITHIN.as_secs() / 60);
    outcome
}

/// Everything on a cluster of our own, which is gone afterwards, or on the one that KUBECONFIG names, which stays.
fn everything(cluster: &Cluster, built: bool, args: &RunArgs) -> Result<bool> {
    let ground = Ground::find();
    if !ground.is_own() {
        return run_on(&ground, args);
    }
    if cluster.is_up() {
        eprintln!("e2e: ending the cluster that was left here");
        cluster.down()?;
    }
    if !built {
        image::build_programs()?;
    }
    cluster.up()?;
    let outcome = load_image(cluster).and_then(|()| run_on(&ground, args));
    // Also when interrupted: nothing is left behind.
    sh::forget_interruption();
    if !matches!(outcome, Ok(true)) {
        cluster.keep_logs();
    }
    cluster.down()?;
    outcome
}

/// Runs scenarios and checks. On our own cluster this program starts itself again on the cluster's network.
fn run_on(ground: &Ground, args: &RunArgs) -> Result<bool> {
    let RunArgs { names, rounds, write, forgive_machine, inside } = args;
    if let (Ground::Own(cluster), false) = (ground, *inside) {
        is_up(cluster)?;
        let own = std::env::current_exe().context("find this program")?;
        let rounds: Vec<String> = rounds.iter().flat_map(|n| ["--rounds".to_owned(), n.to_string()]).collect();
        let write = write.then_some("--write");
        let forgive = forgive_machine.then_some("--forgive-machine");
        let again = cluster.inside(own).args(["run", "--inside"]).args(rounds).args(write).args(forgive).args(names);
        return Ok(again.attached()? == 0);
    }
    if let Ground::Own(cluster) = ground {
        cluster.be_client()?;
    }
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let is_played =
        |it: &&Scenario| if it.is_apart { names.iter().any(|name| name == it.name) } else { is_wanted(it.name) };
    let known =
        |name: &String| scenarios::ALL.iter().any(|it| it.name == name) || checks::ALL.iter().any(|it| it.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        anyhow::bail!("there is no scenario {unknown}: see `e2e list`");
    }
    let (can, cannot): (Vec<&Scenario>, Vec<&Scenario>) =
        scenarios::ALL.iter().filter(|it| is_played(it)).partition(|it| ground.is_own() || !it.is_deep);
    for scenario in cannot {
        eprintln!(
            "e2e: {}: left out, it reaches below kubectl; on a cluster made by this program it runs",
            scenario.name
        );
    }
    let checks: Vec<&Check> = checks::ALL.iter().filter(|it| is_wanted(it.name)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_all = names.is_empty();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        // A run that was interrupted may have left something broken.
        harness::mend(ground).await?;
        harness::install(ground)?;
        let mut holds = true;
        for check in checks {
            holds &= check.holds(ground, *write).await;
        }
        let paper = harness::run(ground, &can, *rounds).await?;
        if !can.is_empty() {
            println!("{}", paper.text());
        }
        if *write && is_all {
            paper.keep("cargo run --release -p e2e -- all --write")?;
        }
        Ok(holds && paper.is_met(*forgive_machine))
    })
}

fn is_up(cluster: &Cluster) -> Result<()> {
    ensure!(cluster.is_up(), "no cluster is up: `e2e up` makes one");
    Ok(())
}

/// Puts the image on every node.
fn load_image(cluster: &Cluster) -> Result<()> {
    is_up(cluster)?;
    let archive = std::env::temp_dir().join(format!("just-hungry-{}.tar", std::process::id()));
    let loaded =
        image::of_programs().and_then(|image| image::write(&image, &archive)).and_then(|()| cluster.load(&archive));
    let _never_written = std::fs::remove_file(&archive);
    loaded
}
