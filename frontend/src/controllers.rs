//! What is said to controllers: that a primary is doubtful (at once, without waiting for an answer), and an operator's commands.
use crate::failure::Error;
use crate::limits;
use crate::places::Page;
use api::control::{self, Suspect};
use api::v1::error::ErrorCode;
use group::Sign;
use member::client::{Belief, Suspicion};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use tokio::net::lookup_host;
use tokio::sync::watch;

/// The ways to the controllers.
#[derive(Clone)]
pub struct Controllers {
    http: reqwest::Client,
    /// One URL a controller, as far as is known.
    bases: watch::Receiver<Vec<Url>>,
}

impl Controllers {
    /// The controllers at these URLs, like `http://127.0.0.1:20001`. Behind a name there may be several: all of its addresses are
    /// looked up now and then, never while a word is to be said. Needs a tokio runtime if there is a name.
    ///
    /// # Panics
    /// One is not a URL with a host.
    pub fn new(bases: &[String]) -> Controllers {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()
            .expect("a client without TLS and proxies needs nothing that could be missing");
        let typed: Vec<Url> = bases.iter().map(|base| base.parse().expect("checked where it was typed")).collect();
        let (known, bases) = watch::channel(typed.clone());
        if typed.iter().any(|base| base.domain().is_some()) {
            tokio::spawn(look_up(typed, known));
        }
        Controllers { http, bases }
    }

    /// Tells every controller, at once and without waiting, that the connection to the primary is gone. A hint (P1).
    pub fn suspect(&self, by: &str, suspicion: &Suspicion, belief: &Belief) {
        let Some(view) = belief.view.as_ref().filter(|view| view.primary == suspicion.pod) else { return };
        let sign = if suspicion.refused { Sign::Refused } else { Sign::Silent };
        let suspect = Suspect { by: by.to_owned(), pod: suspicion.pod.clone(), boot: view.primary_boot, sign };
        for base in &*self.bases.borrow() {
            let post = self.http.post(under(base, control::SUSPECT)).timeout(limits::SUSPECT_TIME).json(&suspect);
            tokio::spawn(async move {
                if let Err(error) = post.send().await {
                    tracing::debug!(%error, "tell a controller");
                }
            });
        }
    }

    /// Passes a command on to the first controller that answers.
    ///
    /// # Errors
    /// None does.
    pub async fn pass_on(&self, path: &str, body: &impl Serialize) -> Result<Page, Error> {
        let bases = self.bases.borrow().clone();
        for base in &bases {
            let post = self.http.post(under(base, path)).timeout(limits::CONTROLLER_TIME).json(body);
            match post.send().await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let json = HeaderValue::from_static("application/json");
                    let kind = response.headers().get(CONTENT_TYPE).cloned().unwrap_or(json);
                    if let Ok(body) = response.bytes().await {
                        return Ok(Page { status, kind, cache: None, body });
                    }
                }
                Err(error) => tracing::debug!(%error, %base, "pass a command on"),
            }
        }
        Err(Error::new(ErrorCode::Unavailable, "no controller is in reach; see that one runs, then repeat"))
    }
}

fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// Keeps `known` to all addresses of all bases. A name that cannot be looked up keeps those it had.
async fn look_up(typed: Vec<Url>, known: watch::Sender<Vec<Url>>) {
    let mut found: Vec<Vec<Url>> = typed.iter().map(|base| vec![base.clone()]).collect();
    while !known.is_closed() {
        for (base, found) in typed.iter().zip(&mut found) {
            let Some(name) = base.domain() else { continue };
            match lookup_host((name, base.port_or_known_default().unwrap_or(80))).await {
                Ok(addresses) => *found = at(base, addresses),
                Err(error) => tracing::debug!(%error, name, "look a controller up"),
            }
        }
        known.send_replace(found.concat());
        tokio::time::sleep(limits::LOOK_UP_EVERY).await;
    }
}

/// The base once for every address.
fn at(base: &Url, addresses: impl Iterator<Item = SocketAddr>) -> Vec<Url> {
    let distinct: BTreeSet<IpAddr> = addresses.map(|address| address.ip()).collect();
    let with = |address| {
        let mut url = base.clone();
        url.set_ip_host(address).expect("an http URL has a host that can be set");
        url
    };
    distinct.into_iter().map(with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_a_name_are_told_under_the_path_that_was_typed() {
        let base: Url = "http://controller.ns.svc:7402/installations/ns/x".parse().unwrap();
        let addresses = ["10.0.0.1:7402", "10.0.0.2:7402", "10.0.0.1:7402", "[fd00::1]:7402"];
        let urls = at(&base, addresses.iter().map(|address| address.parse().unwrap()));
        let urls: Vec<String> = urls.iter().map(|url| under(url, "/v1/suspect").to_string()).collect();
        let wanted = ["10.0.0.1", "10.0.0.2", "[fd00::1]"];
        assert_eq!(urls, wanted.map(|host| format!("http://{host}:7402/installations/ns/x/v1/suspect")));
        let plain: Url = "http://127.0.0.1:20001".parse().unwrap();
        assert_eq!(under(&plain, "/v1/suspect").as_str(), "http://127.0.0.1:20001/v1/suspect");
    }

    #[tokio::test]
    async fn a_name_is_looked_up_and_an_address_is_not() {
        let bases = ["http://localhost:1/of/x".to_owned(), "http://127.0.0.9:2".to_owned()];
        let mut known = Controllers::new(&bases).bases;
        let local = |url: &Url| url.domain().is_none() && url.port() == Some(1) && url.path() == "/of/x";
        let looked_up = known.wait_for(|bases| bases.iter().any(local));
        let bases = tokio::time::timeout(std::time::Duration::from_secs(20), looked_up).await;
        let bases = bases.expect("the name is looked up in time").unwrap();
        assert!(bases.iter().any(|url| url.as_str() == "http://127.0.0.9:2/"), "{bases:?}");
    }
}
