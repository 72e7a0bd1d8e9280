//! Which port each program listens on: remembered in DIR/ports.json, and kept as long as it is free. Knows names only.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use super::Failure;

/// Below the kernel's range for outgoing connections, so that a child that is started again finds its port free.
pub(super) const FIRST: u16 = 20_000;
/// The last port that is tried.
pub(super) const LAST: u16 = 31_999;
/// The front end's name among the ports.
const FRONT: &str = "frontend";

/// A port for every name, on the loopback address.
#[derive(Debug)]
pub(super) struct Ports {
    by_name: BTreeMap<String, u16>,
}

impl Ports {
    pub(super) fn of(&self, name: &str) -> SocketAddr {
        loopback(*self.by_name.get(name).expect("a port was chosen for every name there is"))
    }

    pub(super) fn front(&self) -> SocketAddr {
        self.of(FRONT)
    }
}

/// A free port for each of `names` and for the front end (`front`, 0 for any). Remembers them in `dir`.
pub(super) fn choose(dir: &Path, front: u16, names: &[String]) -> Result<Ports, Failure> {
    let path = dir.join("ports.json");
    // What cannot be read is chosen anew.
    let remembered: BTreeMap<String, u16> =
        std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let mut chosen = Chosen { taken: Vec::new(), next: random_start() };
    let mut by_name = BTreeMap::new();
    let front = match front {
        0 => chosen.port(remembered.get(FRONT).copied())?,
        port => chosen.exactly(port)?,
    };
    by_name.insert(FRONT.to_owned(), front);
    for name in names {
        by_name.insert(name.clone(), chosen.port(remembered.get(name).copied())?);
    }
    let text = serde_json::to_vec_pretty(&by_name).expect("names and numbers are always JSON");
    std::fs::write(&path, text).map_err(|source| Failure::Local { what: "write", path, source })?;
    Ok(Ports { by_name })
}

/// Holds what it has found until all is found, so that no port is given twice.
struct Chosen {
    taken: Vec<TcpListener>,
    next: u16,
}

impl Chosen {
    fn exactly(&mut self, port: u16) -> Result<u16, Failure> {
        match TcpListener::bind(loopback(port)) {
            Ok(listener) => {
                self.taken.push(listener);
                Ok(port)
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(Failure::PortInUse { port }),
            Err(source) => Err(Failure::Port { port, source }),
        }
    }

    fn port(&mut self, remembered: Option<u16>) -> Result<u16, Failure> {
        if let Some(port) = remembered.filter(|port| (FIRST..=LAST).contains(port))
            && self.exactly(port).is_ok()
        {
            return Ok(port);
        }
        for _ in FIRST..=LAST {
            let port = self.next;
            self.next = if port == LAST { FIRST } else { port + 1 };
            if self.exactly(port).is_ok() {
                return Ok(port);
            }
        }
        Err(Failure::NoFreePort)
    }
}

/// Two `up`s that start at once should not try the same ports.
fn random_start() -> u16 {
    let random = getrandom::u32().unwrap_or(0);
    FIRST + u16::try_from(random % u32::from(LAST - FIRST)).expect("the range of ports fits a port")
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["a", "b", "c"].map(str::to_owned).to_vec()
    }

    #[test]
    fn ports_are_kept_while_they_are_free() {
        let dir = tempfile::tempdir().unwrap();
        let first = choose(dir.path(), 0, &names()).unwrap().by_name;
        let again = choose(dir.path(), 0, &names()).unwrap().by_name;
        assert_eq!(first, again);
        let _held = TcpListener::bind(loopback(first["b"])).unwrap();
        let third = choose(dir.path(), 0, &names()).unwrap().by_name;
        assert_ne!(third["b"], first["b"]);
        assert_eq!(third["a"], first["a"]);
        assert!(third.values().all(|port| (FIRST..=LAST).contains(port)));
    }

    #[test]
    fn a_port_in_use_is_said_plainly() {
        let dir = tempfile::tempdir().unwrap();
        let held = TcpListener::bind(loopback(0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let message = choose(dir.path(), port, &names()).unwrap_err().to_string();
        assert!(message.contains(&port.to_string()) && message.contains("--port"), "{message}");
    }
}
