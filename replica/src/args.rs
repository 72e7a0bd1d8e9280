//! What was typed, and what it means.
use anyhow::{Context, bail};
use group::Pod;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Keep a copy of the order book, and lead when chosen
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of this replica
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Directory of its disk; one process at a time
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Address where peers, front ends and controllers reach it
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Address of /healthz, /readyz, /metrics and /v1/status
    #[arg(long, value_name = "ADDR")]
    admin: SocketAddr,
    /// All replicas
    #[arg(long, value_name = "NAME=ADDR", value_delimiter = ',', required = true, value_parser = peer)]
    peers: Vec<(Pod, String)>,
    /// Directory where the view is kept
    #[arg(long, value_name = "DIR")]
    view_dir: PathBuf,
    /// When leading an empty book, put the sample restaurants in
    #[arg(long)]
    sample_data: bool,
}

/// What was meant.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) name: Pod,
    pub(crate) dir: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) peers: BTreeMap<Pod, String>,
    pub(crate) view_dir: PathBuf,
    pub(crate) sample_data: bool,
}

impl Args {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A name stands twice, or the replica's own is missing. Each says what to do.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let Args { name, dir, listen, admin, peers, view_dir, sample_data } = self;
        let name = Pod::new(&name);
        let mut all = BTreeMap::new();
        for (peer, address) in peers {
            if all.insert(peer.clone(), address).is_some() {
                bail!("--peers has {peer} twice; give each replica once");
            }
        }
        all.get(&name)
            .with_context(|| format!("--peers lacks {name} itself; give all replicas, like {name}={listen}"))?;
        Ok(Config { name, dir, listen, admin, peers: all, view_dir, sample_data })
    }
}

fn peer(text: &str) -> Result<(Pod, String), String> {
    match text.split_once('=') {
        Some((name, address)) if !name.is_empty() && address.contains(':') => Ok((Pod::new(name), address.to_owned())),
        _ => Err("write NAME=HOST:PORT, like replica-0=127.0.0.1:20000".to_owned()),
    }
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

    fn parse(peers: &str) -> Result<Config, String> {
        let line = ["replica", "--name", "r0", "--dir", "/d", "--listen", "127.0.0.1:1", "--admin", "127.0.0.1:2"];
        let rest = ["--peers", peers, "--view-dir", "/v"];
        let line = Line::try_parse_from(line.into_iter().chain(rest)).map_err(|error| error.to_string())?;
        line.args.config().map_err(|error| error.to_string())
    }

    #[test]
    fn wrong_peers_are_told_with_what_to_write() {
        assert_eq!(parse("r0=127.0.0.1:1,r1=other:2").unwrap().peers.len(), 2);
        assert!(parse("r0").unwrap_err().contains("NAME=HOST:PORT"));
        assert!(parse("r1=a:1").unwrap_err().contains("lacks r0 itself"));
        assert!(parse("r0=a:1,r0=b:1").unwrap_err().contains("twice"));
    }
}
