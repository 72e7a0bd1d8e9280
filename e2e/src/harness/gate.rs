//! How a client outside the pods reaches the front end: through the Service where we are on the cluster's network, through
//! `kubectl port-forward` elsewhere.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::ground::Ground;
use super::install::{NAME, NAMESPACE};
use crate::sh::until;

const WITHIN: Duration = Duration::from_secs(60);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The sample's, from which all orders are.
const MENU: &str = "/v1/restaurants/cathedral-pizza/menu";
/// The port on this machine that kubectl listens on.
const FORWARDED: u16 = 18080;

/// An open way to the front end.
#[derive(Debug)]
pub(crate) struct Gate {
    /// `http://host:port`
    pub(crate) endpoint: String,
    forward: Option<Child>,
}

impl Gate {
    pub(crate) fn open(ground: &Ground) -> Result<Gate> {
        let gate = Gate::find(ground)?;
        let authority = gate.endpoint.trim_start_matches("http://").to_owned();
        until("somebody to take orders", WITHIN, || is_open(&authority))?;
        Ok(gate)
    }

    fn find(ground: &Ground) -> Result<Gate> {
        if ground.is_own() {
            let address = ground.field(&format!("service/{NAME}"), "{.spec.clusterIP}");
            let address = address.context("find the front end's Service")?;
            return Ok(Gate { endpoint: format!("http://{address}:80"), forward: None });
        }
        let service = format!("service/{NAME}");
        let ports = format!("{FORWARDED}:80");
        let forward = ground.kubectl(["-n", NAMESPACE, "port-forward", &service, &ports]);
        let mut command = forward.into_command();
        let child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("start kubectl port-forward")?;
        Ok(Gate { endpoint: format!("http://127.0.0.1:{FORWARDED}"), forward: Some(child) })
    }
}

/// Whether the menu is served that all orders are from.
fn is_open(authority: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(authority)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        write!(stream, "GET {MENU} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(forward) = &mut self.forward {
            let _gone = forward.kill();
            let _gone = forward.wait();
        }
    }
}
