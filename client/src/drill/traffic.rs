//! A steady stream of orders for harnesses that break things in ways of their own: start it, break something, hold what
//! followed against the figures of a drill. Knows the same API as every client, and no way of breaking anything.

use std::path::Path;
use std::time::Duration;

use api::v1::cluster::Cluster;
use api::v1::event::{OrderEvent, RESET};
use api::v1::paths;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

use super::check::{Checked, check};
use super::history;
use super::linearity;
use super::load::{Deals, Load, Rate};
use super::record::{Clock, Outcome, Record};
use super::report::{Report, Round, Seen};
use super::ticket::{RESTAURANT, Tickets};
use crate::api_client::{Api, Call, new_key};
use crate::config::{Config, Format, Global};
use crate::failure::Failure;
use crate::retry::ATTEMPT_SILENCE;
use crate::sse::Reader;
use crate::words;

/// How long a client repeats a request, in seconds: the promise is made to those that do.
const PATIENCE_S: f64 = 10.0;
/// So many clients order at most at once.
const CLIENTS: usize = 256;
/// A subscriber that hears nothing for so long while orders flow connects again.
const STREAM_SILENCE: Duration = Duration::from_secs(3);
const RECONNECT_AFTER: Duration = Duration::from_millis(50);

/// Why something could not be done, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(String);

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble(failure.to_string())
    }
}

/// What a subscriber is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// An order changed.
    Changed(OrderEvent),
    /// Events were missed, or the history is another one.
    Reset(String),
}

/// Orders that are placed at a steady rate until [`Traffic::stop`].
#[derive(Debug, Clone)]
pub struct Traffic {
    clock: Clock,
    tickets: Tickets,
    load: Load,
    api: Api,
    /// From before the first order.
    cursor: String,
}

impl Traffic {
    /// Begins, with so many orders each second. Must be called on a `LocalSet`. Errors: `endpoint` is not like
    /// `http://host:port`, or nobody there says where the history of orders ends now.
    pub async fn start(endpoint: &str, orders_per_s: f64) -> Result<Traffic, Trouble> {
        let global = Global {
            output: Format::Json,
            endpoint: endpoint.to_owned(),
            timeout: PATIENCE_S,
            state_dir: Some(std::env::temp_dir()),
        };
        let api = Api::new(&Config::new(global)?)?.with_silence(ATTEMPT_SILENCE);
        // Before the first order: whoever subscribes from here misses none.
        let listed = api.send(&Call::get(format!("{}?restaurant={RESTAURANT}", paths::ORDERS))).await?;
        let cursor = listed.cursor.ok_or_else(|| Trouble("the list of orders came without a cursor".to_owned()))?;
        let clock = Clock::start();
        let tickets = Tickets::new(api.endpoint(), getrandom::u32().unwrap_or(0));
        let load =
            Load::start(clock, tickets.clone(), api.endpoint(), Rate::PerSecond(orders_per_s), CLIENTS, Deals::Looks);
        Ok(Traffic { clock, tickets, load, api, cursor })
    }

    /// µs since the start.
    pub fn now_us(&self) -> u64 {
        self.clock.now_us()
    }

    /// Wall time at `us`, in ms since 1970.
    pub fn wall_ms(&self, us: u64) -> u64 {
        self.clock.wall_ms(us)
    }

    /// The group as it is told now, if anyone answers within this time.
    pub async fn cluster(&self, within: Duration) -> Option<Cluster> {
        let told = self.api.try_get(paths::CLUSTER, within).await;
        told.and_then(|json| words::read(&json)).ok()
    }

    /// What a GET answers, repeated as a client does.
    pub async fn get(&self, path: &str) -> Result<Value, Trouble> {
        Ok(self.api.send(&Call::get(path)).await?.json)
    }

    /// What a POST answers, repeated with one key as a client does.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Trouble> {
        Ok(self.api.send(&Call::post(path, body.to_string()).with_key(&new_key())).await?.json)
    }

    /// Acknowledged orders from the `from`th ended call on, each with the times its call began and ended, in µs; and how
    /// many calls have ended.
    pub fn acknowledged(&self, from: usize) -> (Vec<(String, u64, u64)>, usize) {
        let records = self.load.records();
        let placed = records[from..].iter().filter_map(|record| match record.outcome {
            Outcome::Placed(id) => Some((String::from_utf8_lossy(&id).into_owned(), record.begun_us, record.done_us)),
            Outcome::Refused(_) | Outcome::Unknown | Outcome::NotExecuted => None,
        });
        (placed.collect(), records.len())
    }

    /// The figures of one fault.
    pub fn round(&self, seen: Seen) -> Round {
        Round::new(seen, &self.load.records())
    }

    /// Tells every change of every order since before the first of this traffic, resuming where it was whenever the
    /// connection breaks, until dropped. Errors: the stream is refused, or says what nobody understands.
    pub async fn follow(&self, mut tell: impl FnMut(Told)) -> Result<(), Trouble> {
        let mut cursor = Some(self.cursor.clone());
        loop {
            match self.follow_once(&mut cursor, &mut tell).await {
                Ok(()) | Err(Failure::Unavailable { .. }) => tokio::time::sleep(RECONNECT_AFTER).await,
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    async fn follow_once(&self, cursor: &mut Option<String>, tell: &mut impl FnMut(Told)) -> Result<(), Failure> {
        let opened = timeout(STREAM_SILENCE, self.api.stream(paths::EVENTS, cursor.as_deref())).await;
        let Ok(opened) = opened else { return Ok(()) };
        let mut reader = Reader::default();
        let mut bytes = opened?.bytes_stream();
        while let Ok(Some(Ok(chunk))) = timeout(STREAM_SILENCE, bytes.next()).await {
            for event in reader.push(&chunk).map_err(|error| Failure::Garbled { what: error.to_string() })? {
                if event.name == RESET {
                    tell(Told::Reset(event.data.clone()));
                } else if !event.data.is_empty() {
                    let garbled = |error: serde_json::Error| Failure::Garbled { what: error.to_string() };
                    tell(Told::Changed(serde_json::from_str(&event.data).map_err(garbled)?));
                }
                *cursor = event.id.or(cursor.take());
            }
        }
        Ok(())
    }

    /// Begins no more orders; returns when every order that was begun has ended.
    pub async fn stop(&self) {
        self.load.stop().await;
    }

    /// Reads everything back and reports on all rounds. `others` is what others than this traffic did to its orders and
    /// saw of them, in µs of [`Traffic::now_us`]: all of it is judged together. Errors: the service cannot be read, so
    /// nothing is known.
    pub async fn report(
        &self,
        name: &str,
        rounds: Vec<Round>,
        end_us: u64,
        others: Vec<linearity::Call>,
    ) -> Result<Report, Trouble> {
        let records: Vec<Record> = self.load.records().to_vec();
        let authority = self.api.endpoint().to_owned();
        let checked = Checked { tickets: self.tickets.clone(), authority, clock: self.clock };
        let (findings, looks) = check(&checked, &records).await?;
        let linearity = linearity::judge(self.load.calls().into_iter().chain(looks).chain(others));
        let name = name.to_owned();
        let report = Report::new(name, rounds, &records, &self.load.glances(), end_us, findings, linearity);
        Ok(report.with_why(self.load.whys()))
    }

    /// Writes what every client saw, one JSON object a line.
    pub fn write_history(&self, path: &Path) -> Result<(), Trouble> {
        Ok(history::write(path, &self.clock, &self.tickets, &self.load)?)
    }
}
