//! What all handlers share, and the few things they do with it: submit a command, ask a question, find a place.
use crate::answer::{self, Answered};
use crate::controllers::Controllers;
use crate::failure::Error;
use crate::follow::Follower;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::seam::Cluster;
use api::cluster::{self, Found, Query};
use api::v1::error::ErrorCode;
use api::v1::order::Order as Told;
use axum::http::HeaderMap;
use bytes::Bytes;
use member::{Answer, Consistency};
use order::{Command, OrderId};
use serde::Deserialize;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use utoipa::IntoParams;

/// The front end. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What the front end is made of.
pub struct Inner {
    /// The group of replicas.
    pub cluster: Arc<dyn Cluster>,
    /// Where postcodes are.
    pub places: Places,
    /// Events, as they happen.
    pub follower: Follower,
    /// The controllers.
    pub controllers: Controllers,
    /// What has passed.
    pub metrics: Metrics,
    /// Becomes true when those behind were reached for the first time, or tried for long enough.
    pub met: watch::Receiver<bool>,
    /// Becomes true when the process is asked to stop.
    pub stopping: watch::Receiver<bool>,
}

impl Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// How new an answer must be.
#[derive(Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Reading {
    /// `strong` (what is left out): as new as anything acknowledged before. `eventual`: whatever a replica has, also while
    /// the group cannot commit; labelled in `JH-Freshness`.
    #[serde(default)]
    #[param(inline)]
    pub consistency: Wanted,
}

/// How new an answer must be.
#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// As new as anything acknowledged before.
    #[default]
    Strong,
    /// Whatever a replica has.
    Eventual,
}

impl From<Wanted> for Consistency {
    fn from(wanted: Wanted) -> Consistency {
        match wanted {
            Wanted::Strong => Consistency::Strong,
            Wanted::Eventual => Consistency::Eventual,
        }
    }
}

impl App {
    /// A front end of these parts.
    pub fn new(inner: Inner) -> App {
        App(Arc::new(inner))
    }

    /// Has a command executed and says how HTTP has it.
    ///
    /// # Errors
    /// What the book refused, or what kept it from answering.
    pub async fn submit(&self, command: &Command) -> Answered {
        self.take_on()?;
        let command = Bytes::from(cluster::command_to_bytes(command));
        answer::to_command(&self.cluster.submit(command).await?)
    }

    /// Has a question answered and says how HTTP has it.
    ///
    /// # Errors
    /// What the book refused, or what kept it from answering.
    pub async fn ask(&self, wanted: Wanted, query: &Query, asked: &HeaderMap) -> Answered {
        answer::to_query(&self.read(wanted, query).await?, asked)
    }

    /// Has a question answered.
    ///
    /// # Errors
    /// Nobody could.
    pub async fn read(&self, wanted: Wanted, query: &Query) -> Result<Answer, Error> {
        self.take_on()?;
        let query = Bytes::from(cluster::query_to_bytes(query));
        Ok(self.cluster.read(wanted.into(), query).await?)
    }

    /// The courier who has an order's job.
    ///
    /// # Errors
    /// There is no such order, or nobody could be asked.
    pub async fn courier_of(&self, id: OrderId) -> Result<Option<String>, Error> {
        let answer = self.read(Wanted::Strong, &Query::Order(id)).await?;
        match cluster::found_from_bytes(&answer.reply).map_err(answer::unreadable)? {
            Found::Told { json, .. } => {
                Ok(serde_json::from_slice::<Told>(&json.0).ok().and_then(|order| order.courier))
            }
            Found::Refused(json) => Err(answer::refused(&json)),
            Found::Number(_) => Err(Error::new(ErrorCode::Internal, "the replica answered another question")),
        }
    }

    /// Nothing new is begun once the process is to stop: it might have to wait longer than the process lives.
    fn take_on(&self) -> Result<(), Error> {
        if *self.stopping.borrow() && !self.cluster.belief().serving {
            return Err(Error::new(ErrorCode::Stopping, "nothing was executed; another front end will take it"));
        }
        Ok(())
    }
}

/// This machine's clock, ms since 1970. For times that callers give in minutes from now; the log has its own.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
