//! What was typed, and what it means.
use anyhow::bail;
use group::Pod;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Take orders over HTTP and pass them on to the primary
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// All replicas
    #[arg(long, value_name = "NAME=ADDR", value_delimiter = ',', required = true, value_parser = replica)]
    replicas: Vec<(Pod, String)>,
    /// Directory where the view is kept
    #[arg(long, value_name = "DIR")]
    view_dir: Option<PathBuf>,
    /// The postcode adapter
    #[arg(long, value_name = "URL", value_parser = url)]
    postcode: String,
    /// The controllers
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = url)]
    controllers: Vec<String>,
}

/// What was meant.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) replicas: BTreeMap<Pod, String>,
    pub(crate) view_dir: Option<PathBuf>,
    pub(crate) postcode: String,
    pub(crate) controllers: Vec<String>,
}

impl Args {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A replica stands twice.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let Args { listen, replicas, view_dir, postcode, controllers } = self;
        let mut all = BTreeMap::new();
        for (name, address) in replicas {
            if all.insert(name.clone(), address).is_some() {
                bail!("--replicas has {name} twice; give each replica once");
            }
        }
        Ok(Config { listen, replicas: all, view_dir, postcode, controllers })
    }
}

fn replica(text: &str) -> Result<(Pod, String), String> {
    match text.split_once('=') {
        Some((name, address)) if !name.is_empty() && address.contains(':') => Ok((Pod::new(name), address.to_owned())),
        _ => Err("write NAME=HOST:PORT, like replica-0=127.0.0.1:20000".to_owned()),
    }
}

fn url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").unwrap_or_default().trim_end_matches('/');
    if host.is_empty() || host.contains('/') {
        return Err("write http://HOST:PORT, like http://127.0.0.1:8082".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_addresses_are_told_with_what_to_write() {
        assert!(replica("replica-0=127.0.0.1:20000").is_ok());
        assert!(["", "replica-0", "=a:1", "replica-0=a"].iter().all(|text| replica(text).is_err()));
        assert!(url("http://127.0.0.1:8082").is_ok() && url("http://postcode:80/").is_ok());
        assert!(["", "127.0.0.1:1", "https://a", "http://", "http://a/b"].iter().all(|text| url(text).is_err()));
    }
}
