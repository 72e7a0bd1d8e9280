//! What is typed on the command line and what it means. Nothing else of this crate reads flags.
use anyhow::{Context, bail};
use group::Pod;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Watch the replicas and name another primary when one fails
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of this controller; the one whose name ends in -0 goes first, others wait 20–60 ms more
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The replicas that belong to the group, and where they listen for each other
    #[arg(long, value_name = "NAME=ADDR,…", value_delimiter = ',', required = true)]
    members: Vec<String>,
    /// Directory in which the view is kept; all programs of one group name the same
    #[arg(long, value_name = "DIR")]
    view_dir: PathBuf,
    /// Fewer replicas in sync than this take no orders
    #[arg(long, value_name = "N", default_value_t = 2)]
    min_in_sync: usize,
    /// Address for status, metrics, and the word of front ends
    #[arg(long, value_name = "ADDR")]
    admin: SocketAddr,
}

/// What the arguments mean, checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) members: BTreeMap<Pod, String>,
    pub(crate) view_dir: PathBuf,
    pub(crate) min_in_sync: usize,
    pub(crate) admin: SocketAddr,
}

impl Config {
    pub(crate) fn new(args: Args) -> anyhow::Result<Config> {
        let Args { name, members: typed, view_dir, min_in_sync, admin } = args;
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
        Ok(Config { name, members, view_dir, min_in_sync, admin })
    }

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

    fn config(flags: &str) -> anyhow::Result<Config> {
        let line = format!("controller --name controller-1 --view-dir /v --admin 127.0.0.1:0 {flags}");
        Config::new(Line::try_parse_from(line.split_whitespace())?.args)
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
