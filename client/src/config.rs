//! What was typed ([`Global`]) and what it means ([`Config`]). The only file of this crate that reads the environment.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::failure::Failure;

/// Flags of every command for people.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Talking to the service")]
pub struct Global {
    /// How answers are printed on standard output
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Table, global = true)]
    pub output: Format,
    /// Address of the front end
    #[arg(long, env = "JH_ENDPOINT", default_value = "http://127.0.0.1:8080", value_name = "URL", global = true)]
    pub endpoint: String,
    /// How long to keep repeating a request that meets an unavailable service, in seconds
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS", global = true)]
    pub timeout: f64,
    /// Where the cart, unfinished orders and the journal are kept [default: the user's state directory]
    #[arg(long, value_name = "DIR", global = true)]
    pub state_dir: Option<PathBuf>,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: the service's own JSON.
    Json,
}

/// What the flags mean here and now.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) format: Format,
    pub(crate) endpoint: Endpoint,
    pub(crate) patience: Duration,
    pub(crate) state: PathBuf,
}

/// The front end's address: `http://host:port`, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `host:port`, as a socket wants it and as the Host header says it.
    pub(crate) authority: String,
}

impl Endpoint {
    fn parse(text: &str) -> Result<Endpoint, Failure> {
        let wrong = |why: &str| {
            Failure::Usage(format!("--endpoint (or JH_ENDPOINT) {text:?}: {why}; write it like http://127.0.0.1:8080"))
        };
        let rest = text.strip_prefix("http://").ok_or_else(|| wrong("it must begin with http://"))?;
        let authority = rest.trim_end_matches('/');
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(wrong("it must name a host and a port, without a path"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        match port {
            _ if host.is_empty() => Err(wrong("the host is missing")),
            None => Ok(Endpoint { authority: format!("{authority}:80") }),
            Some(port) if port.parse::<u16>().is_ok_and(|port| port > 0) => {
                Ok(Endpoint { authority: authority.to_owned() })
            }
            Some(_) => Err(wrong("the port is not a number from 1 to 65535")),
        }
    }

    /// The absolute address of `path`, which begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }
}

impl Config {
    pub(crate) fn new(global: Global) -> Result<Config, Failure> {
        let Global { output, endpoint, timeout, state_dir: dir } = global;
        if !(timeout.is_finite() && (0.0..=3600.0).contains(&timeout)) {
            return Err(Failure::Usage(format!("--timeout {timeout}: give seconds between 0 and 3600")));
        }
        let state = match dir.or_else(|| state_dir().map(|base| base.join("client"))) {
            Some(state) => state,
            None => {
                return Err(Failure::Usage("no home directory is known; say where with --state-dir DIR".to_owned()));
            }
        };
        let patience = Duration::from_secs_f64(timeout);
        Ok(Config { format: output, endpoint: Endpoint::parse(&endpoint)?, patience, state })
    }
}

/// The user's own directory for state of Just Hungry: `$XDG_STATE_HOME/just-hungry`, else `~/.local/state/just-hungry`.
/// None where neither variable is set.
pub fn state_dir() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(base.join("just-hungry"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_a_port() {
        assert_eq!(Endpoint::parse("http://127.0.0.1:8080").unwrap().url("/v1"), "http://127.0.0.1:8080/v1");
        assert_eq!(Endpoint::parse("http://orders.example/").unwrap().authority, "orders.example:80");
        assert_eq!(Endpoint::parse("http://[::1]:81").unwrap().authority, "[::1]:81");
        assert_eq!(Endpoint::parse("http://[::1]").unwrap().authority, "[::1]:80");
    }

    #[test]
    fn a_wrong_endpoint_is_told_how_to_be_right() {
        for wrong in
            ["", "127.0.0.1:8080", "https://x", "http://", "http://x:0", "http://x:99999", "http://x/v1", "http://:80"]
        {
            let message = Endpoint::parse(wrong).unwrap_err().to_string();
            assert!(message.contains("http://127.0.0.1:8080"), "{wrong}: {message}");
        }
    }
}
