//! What was typed, and what it means.
use anyhow::bail;
use clap::ArgGroup;
use group::Pod;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Take orders over HTTP and pass them on to the primary
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("where").required(true).args(["replicas", "replicas_service"]))]
pub struct Args {
    /// Name of this front end, for controllers and logs
    #[arg(long, value_name = "NAME", env = "POD_NAME", hide_env = true)]
    name: Option<String>,
    /// Address to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// All replicas, on one machine
    #[arg(long, value_name = "NAME=ADDR", value_delimiter = ',', value_parser = replica)]
    replicas: Vec<(Pod, String)>,
    /// Directory where the view is kept, on one machine
    #[arg(long, value_name = "DIR", conflicts_with = "replicas_service")]
    view_dir: Option<PathBuf>,
    /// Headless Service of all replicas, in Kubernetes
    #[arg(long, value_name = "NAME", requires = "view_configmap")]
    replicas_service: Option<String>,
    /// ConfigMap where the view is kept, in Kubernetes
    #[arg(long, value_name = "NAME", requires = "replicas_service")]
    view_configmap: Option<String>,
    /// Namespace of both; the pod's own if not given
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE", hide_env = true)]
    namespace: Option<String>,
    /// The postcode adapter
    #[arg(long, value_name = "URL", value_parser = url)]
    postcode: String,
    /// The controllers; all addresses of a name are told
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = url)]
    controllers: Vec<String>,
}

/// What was meant.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) listen: SocketAddr,
    pub(crate) place: Place,
    pub(crate) postcode: String,
    pub(crate) controllers: Vec<String>,
}

/// Where the replicas and the view are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On one machine: at these addresses, and in a directory, or only told by replicas.
    Machine { replicas: BTreeMap<Pod, String>, view_dir: Option<PathBuf> },
    /// In Kubernetes: behind a headless Service, and in a ConfigMap.
    Kubernetes { namespace: Option<String>, config_map: String, service: String },
}

impl Args {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A replica stands twice.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let Args {
            name,
            listen,
            replicas,
            view_dir,
            replicas_service,
            view_configmap,
            namespace,
            postcode,
            controllers,
        } = self;
        let name = name.unwrap_or_else(|| format!("frontend at {listen}"));
        let place = match view_configmap.zip(replicas_service) {
            Some((config_map, service)) => Place::Kubernetes { namespace, config_map, service },
            None => Place::Machine { replicas: all(replicas)?, view_dir },
        };
        Ok(Config { name, listen, place, postcode, controllers })
    }
}

fn all(typed: Vec<(Pod, String)>) -> anyhow::Result<BTreeMap<Pod, String>> {
    let mut all = BTreeMap::new();
    for (name, address) in typed {
        if all.insert(name.clone(), address).is_some() {
            bail!("--replicas has {name} twice; give each replica once");
        }
    }
    Ok(all)
}

fn replica(text: &str) -> Result<(Pod, String), String> {
    match text.split_once('=') {
        Some((name, address)) if !name.is_empty() && address.contains(':') => Ok((Pod::new(name), address.to_owned())),
        _ => Err("write NAME=HOST:PORT, like replica-0=127.0.0.1:20000".to_owned()),
    }
}

fn url(text: &str) -> Result<String, String> {
    let told = || "write http://HOST:PORT, like http://127.0.0.1:8082".to_owned();
    let parsed = reqwest::Url::parse(text).map_err(|_| told())?;
    let plain = parsed.scheme() == "http" && parsed.has_host() && parsed.query().is_none();
    if plain { Ok(text.trim_end_matches('/').to_owned()) } else { Err(told()) }
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
        let line = ["frontend", "--postcode", "http://a:1", "--controllers", "http://b:1/of/x,http://c:1"];
        let line = Line::try_parse_from(line.iter().chain(place)).map_err(|error| error.to_string())?;
        line.args.config().map(|config| config.place).map_err(|error| error.to_string())
    }

    #[test]
    fn wrong_addresses_are_told_with_what_to_write() {
        assert!(replica("replica-0=127.0.0.1:20000").is_ok());
        assert!(["", "replica-0", "=a:1", "replica-0=a"].iter().all(|text| replica(text).is_err()));
        assert!(
            ["http://127.0.0.1:8082", "http://postcode:80/", "http://a.b.svc:1/of/x"]
                .map(url)
                .iter()
                .all(Result::is_ok)
        );
        assert!(["", "127.0.0.1:1", "https://a", "http://", "http://a/?b"].map(url).iter().all(Result::is_err));
    }

    #[test]
    fn one_machine_and_kubernetes_exclude_each_other() {
        let (config_map, service) = ("x-view".to_owned(), "x-replica".to_owned());
        let kubernetes = ["--view-configmap", "x-view", "--replicas-service", "x-replica", "--namespace", "ns"];
        let wanted = Place::Kubernetes { namespace: Some("ns".into()), config_map, service };
        assert_eq!(parse(&kubernetes).unwrap(), wanted);
        let machine = ["--replicas", "r0=a:1", "--view-dir", "/v"];
        assert!(matches!(parse(&machine).unwrap(), Place::Machine { view_dir: Some(_), .. }));
        assert!(parse(&[&kubernetes[..], &machine[..2]].concat()).unwrap_err().contains("cannot be used with"));
        assert!(parse(&[&kubernetes[..], &machine[2..]].concat()).is_err());
        assert!(parse(&[]).unwrap_err().contains("--replicas"));
        assert!(parse(&kubernetes[..2]).unwrap_err().contains("--replicas-service"));
        assert!(parse(&kubernetes[2..4]).unwrap_err().contains("--view-configmap"));
    }
}
