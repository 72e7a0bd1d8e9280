//! What is said to controllers: that a primary is doubtful (at once, without waiting for an answer), and an operator's commands.
use crate::failure::Error;
use crate::limits;
use crate::places::Page;
use api::control::{self, Suspect};
use api::v1::error::ErrorCode;
use group::Sign;
use member::client::{Belief, Suspicion};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;

/// The ways to the controllers.
#[derive(Clone)]
pub struct Controllers {
    http: reqwest::Client,
    bases: Vec<String>,
}

impl Controllers {
    /// The controllers at these URLs, like `http://127.0.0.1:20001`.
    pub fn new(bases: &[String]) -> Controllers {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()
            .expect("a client without TLS and proxies needs nothing that could be missing");
        Controllers { http, bases: bases.iter().map(|base| base.trim_end_matches('/').to_owned()).collect() }
    }

    /// Tells every controller, at once and without waiting, that the connection to the primary is gone. A hint (P1).
    pub fn suspect(&self, by: &str, suspicion: &Suspicion, belief: &Belief) {
        let Some(view) = belief.view.as_ref().filter(|view| view.primary == suspicion.pod) else { return };
        let sign = if suspicion.refused { Sign::Refused } else { Sign::Silent };
        let suspect = Suspect { by: by.to_owned(), pod: suspicion.pod.clone(), boot: view.primary_boot, sign };
        for base in &self.bases {
            let post =
                self.http.post(format!("{base}{}", control::SUSPECT)).timeout(limits::SUSPECT_TIME).json(&suspect);
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
        for base in &self.bases {
            let post = self.http.post(format!("{base}{path}")).timeout(limits::CONTROLLER_TIME).json(body);
            match post.send().await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let json = HeaderValue::from_static("application/json");
                    let kind = response.headers().get(CONTENT_TYPE).cloned().unwrap_or(json);
                    if let Ok(body) = response.bytes().await {
                        return Ok(Page { status, kind, body });
                    }
                }
                Err(error) => tracing::debug!(%error, base, "pass a command on"),
            }
        }
        Err(Error::new(ErrorCode::Unavailable, "no controller is in reach; see that one runs, then repeat"))
    }
}
