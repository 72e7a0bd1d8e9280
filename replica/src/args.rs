//! What was typed, and what it means.
use anyhow::{Context, bail};
use clap::ArgGroup;
use group::Pod;
use member::store::LogWriter;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Keep a copy of the order book, and lead when chosen
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("view").required(true).args(["view_dir", "view_configmap"]))]
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
    /// All replicas, on one machine
    #[arg(long, value_name = "NAME=ADDR", value_delimiter = ',', value_parser = peer, conflicts_with = "view_configmap")]
    peers: Vec<(Pod, String)>,
    /// Directory where the view is kept, on one machine
    #[arg(long, value_name = "DIR", requires = "peers")]
    view_dir: Option<PathBuf>,
    /// ConfigMap where the view is kept, in Kubernetes
    #[arg(long, value_name = "NAME", requires = "peers_service")]
    view_configmap: Option<String>,
    /// Headless Service of all replicas, in Kubernetes
    #[arg(long, value_name = "NAME", requires = "view_configmap")]
    peers_service: Option<String>,
    /// Namespace of both; the pod's own if not given
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE", hide_env = true)]
    namespace: Option<String>,
    /// Who writes the log: thread, inline, or io-uring (the thread where the kernel does not allow it)
    #[arg(long, value_name = "HOW", default_value = "thread", env = "JH_LOG_WRITER")]
    log_writer: LogWriter,
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
    pub(crate) place: Place,
    pub(crate) log_writer: LogWriter,
    pub(crate) sample_data: bool,
}

/// Where the view and the other replicas are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On one machine: in a directory, and at these addresses.
    Machine { view_dir: PathBuf, peers: BTreeMap<Pod, String> },
    /// In Kubernetes: in a ConfigMap, and behind a headless Service.
    Kubernetes { namespace: Option<String>, config_map: String, service: String },
}

impl Args {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A name stands twice, or the replica's own is missing. Each says what to do.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let Args { name, dir, listen, admin, peers, view_dir, view_configmap, .. } = self;
        let Args { peers_service, namespace, log_writer, sample_data, .. } = self;
        let name = Pod::new(&name);
        let place = match (view_dir, view_configmap.zip(peers_service)) {
            (_, Some((config_map, service))) => Place::Kubernetes { namespace, config_map, service },
            (Some(view_dir), None) => Place::Machine { view_dir, peers: all(peers, &name, listen)? },
            (None, None) => bail!("give --view-dir and --peers, or --view-configmap and --peers-service"),
        };
        Ok(Config { name, dir, listen, admin, place, log_writer, sample_data })
    }
}

fn all(typed: Vec<(Pod, String)>, name: &Pod, listen: SocketAddr) -> anyhow::Result<BTreeMap<Pod, String>> {
    let mut all = BTreeMap::new();
    for (peer, address) in typed {
        if all.insert(peer.clone(), address).is_some() {
            bail!("--peers has {peer} twice; give each replica once");
        }
    }
    all.get(name).with_context(|| format!("--peers lacks {name} itself; give all replicas, like {name}={listen}"))?;
    Ok(all)
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

    fn parse(place: &[&str]) -> Result<Place, String> {
        let line = ["replica", "--name", "r0", "--dir", "/d", "--listen", "127.0.0.1:1", "--admin", "127.0.0.1:2"];
        let line = Line::try_parse_from(line.iter().chain(place)).map_err(|error| error.to_string())?;
        line.args.config().map(|config| config.place).map_err(|error| error.to_string())
    }

    fn with_peers(peers: &str) -> Result<Place, String> {
        parse(&["--view-dir", "/v", "--peers", peers])
    }

    #[test]
    fn wrong_peers_are_told_with_what_to_write() {
        let place = with_peers("r0=127.0.0.1:1,r1=other:2").unwrap();
        assert!(matches!(place, Place::Machine { peers, .. } if peers.len() == 2));
        assert!(with_peers("r0").unwrap_err().contains("NAME=HOST:PORT"));
        assert!(with_peers("r1=a:1").unwrap_err().contains("lacks r0 itself"));
        assert!(with_peers("r0=a:1,r0=b:1").unwrap_err().contains("twice"));
    }

    #[test]
    fn one_machine_and_kubernetes_exclude_each_other() {
        let (config_map, service) = ("x-view".to_owned(), "x-replica".to_owned());
        let kubernetes = ["--view-configmap", "x-view", "--peers-service", "x-replica", "--namespace", "ns"];
        let wanted = Place::Kubernetes { namespace: Some("ns".into()), config_map, service };
        assert_eq!(parse(&kubernetes).unwrap(), wanted);
        let machine = ["--view-dir", "/v", "--peers", "r0=a:1"];
        let both = [&kubernetes[..], &machine].concat();
        assert!(parse(&both).unwrap_err().contains("cannot be used with"));
        assert!(parse(&[]).unwrap_err().contains("--view-dir <DIR>|--view-configmap <NAME>"));
        assert!(parse(&kubernetes[..2]).unwrap_err().contains("--peers-service"));
        assert!(parse(&kubernetes[2..4]).unwrap_err().contains("--view-configmap"));
        assert!(parse(&machine[..2]).unwrap_err().contains("--peers"));
        assert!(parse(&[&kubernetes[..4], &machine[2..]].concat()).is_err());
    }
}
