//! What is typed on the command line and what it means. Nothing else of this crate reads flags.
use anyhow::{Context, bail};
use group::Pod;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Watch the replicas and name another primary when one fails
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["members", "operator"]))]
pub struct Args {
    /// Name of this controller; the one whose name ends in -0 goes first, others wait 20–60 ms more
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The replicas that belong to the group, and where they listen for each other
    #[arg(long, value_name = "NAME=ADDR,…", value_delimiter = ',', requires = "view_dir")]
    members: Vec<String>,
    /// Directory in which the view is kept; all programs of one group name the same
    #[arg(long, value_name = "DIR")]
    view_dir: Option<PathBuf>,
    /// Fewer replicas in sync than this take no orders
    #[arg(long, value_name = "N", default_value_t = 2)]
    min_in_sync: usize,
    /// Look after every JustHungry resource of the Kubernetes cluster that this runs in, instead of one group
    #[arg(long, conflicts_with_all = ["view_dir", "min_in_sync"])]
    operator: bool,
    /// Address for status, metrics, and the word of front ends
    #[arg(long, value_name = "ADDR")]
    admin: SocketAddr,
}

/// What the arguments mean, checked.
#[derive(Debug)]
pub(crate) enum Config {
    /// One group, on one machine.
    Group(GroupConfig),
    /// Every group of a cluster.
    Operator { name: String, admin: SocketAddr },
}

/// One group: who belongs to it and where its view is kept.
#[derive(Debug)]
pub(crate) struct GroupConfig {
    pub(crate) name: String,
    pub(crate) members: BTreeMap<Pod, String>,
    pub(crate) view_dir: PathBuf,
    pub(crate) min_in_sync: usize,
    pub(crate) admin: SocketAddr,
}

impl Config {
    pub(crate) fn new(args: Args) -> anyhow::Result<Config> {
        let Args { name, members: typed, view_dir, min_in_sync, operator, admin } = args;
        if operator {
            return Ok(Config::Operator { name, admin });
        }
        let view_dir = view_dir.context("--view-dir is missing; name the directory of the view")?;
        let mut members = BTreeMap::new();
        for member in &typed {
            let (pod, address) = member
                .split_once('=')
                .filter(|(pod, address)| !pod.is_empty() && has_port(address))
                .with_context(|| format!("--members: {member:?} is not NAME=HOST:PORT"))?;
            if members.insert(Pod::new(pod), address.to_owned()).is_some() {
                bail!("--members: {pod} is there twice");
            }
        }
        if !(1..=members.len()).contains(&min_in_sync) {
            bail!("--min-in-sync: {min_in_sync} is not between 1 and the number of members, {}", members.len());
        }
        Ok(Config::Group(GroupConfig { name, members, view_dir, min_in_sync, admin }))
    }
}

impl GroupConfig {
    /// Whether this controller decides without waiting for another (P1).
    pub(crate) fn is_first(&self) -> bool {
        self.name.ends_with("-0")
    }
}

fn has_port(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parse(flags: &str) -> anyhow::Result<Config> {
        let line = format!("controller --name controller-1 --admin 127.0.0.1:0 {flags}");
        Config::new(Line::try_parse_from(line.split_whitespace())?.args)
    }

    fn config(flags: &str) -> anyhow::Result<GroupConfig> {
        match parse(&format!("--view-dir /v {flags}"))? {
            Config::Group(group) => Ok(group),
            other => bail!("{other:?}"),
        }
    }

    #[test]
    fn a_controller_is_of_one_group_or_an_operator() {
        assert!(matches!(parse("--operator"), Ok(Config::Operator { .. })));
        for flags in ["", "--operator --members a=h:1", "--operator --view-dir /v", "--members a=h:1"] {
            assert!(parse(flags).is_err(), "{flags}");
        }
    }

    #[test]
    fn flags_become_meaning() {
        let config = config("--members replica-0=127.0.0.1:1,replica-1=host:2").unwrap();
        assert_eq!(config.members[&Pod::new("replica-1")], "host:2");
        assert_eq!((config.min_in_sync, config.is_first()), (2, false));
    }

    #[test]
    fn wrong_flags_say_what_is_wrong() {
        for (flags, words) in [
            ("--members replica-0", "is not NAME=HOST:PORT"),
            ("--members =127.0.0.1:1", "is not NAME=HOST:PORT"),
            ("--members a=host", "is not NAME=HOST:PORT"),
            ("--members a=h:1,a=h:2", "a is there twice"),
            ("--members a=h:1", "not between 1 and the number of members, 1"),
            ("--members a=h:1 --min-in-sync 0", "not between 1"),
        ] {
            let error = format!("{:#}", config(flags).unwrap_err());
            assert!(error.contains(words), "{flags}: {error}");
        }
    }
}
