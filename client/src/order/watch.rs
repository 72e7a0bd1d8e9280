//! `jh order watch`: follows one order's events until its last, across fail-overs, without a gap and without a double.

use std::time::Instant;

use api::v1::event::{OrderEvent, RESET};
use api::v1::order::{Order, Stage};
use api::v1::time::Timestamp;
use futures_util::StreamExt;
use serde_json::Value;

use crate::api_client::{Api, Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::talk;
use crate::retry::{Retry, chance};
use crate::sse::{Event, Reader};
use crate::words;

pub(crate) async fn run(context: &Context, id: &str) -> Result<(), Failure> {
    let mut watch = Watch { context, id, cursor: None, version: 0 };
    if watch.catch_up().await? {
        return Ok(());
    }
    let mut lost: Option<Instant> = None;
    let mut retry = Retry::new(context.api.patience());
    loop {
        let before = watch.cursor.clone();
        match watch.follow(&context.api, &mut lost).await {
            Ok(Ended::Final) => return Ok(()),
            Ok(Ended::Reset) => {
                talk("the stream was reset; reading the order anew");
                if watch.catch_up().await? {
                    return Ok(());
                }
            }
            Ok(Ended::Broken) | Err(Failure::Unavailable { .. }) => {}
            Err(failure) => return Err(failure),
        }
        if watch.cursor != before {
            retry = Retry::new(context.api.patience());
            lost = None;
        }
        let since = lost.get_or_insert_with(Instant::now).elapsed();
        match retry.pause(since, None, chance()) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(Failure::Unavailable { what: format!("no stream from {}", context.api.endpoint()) }),
        }
    }
}

/// How one connection ended.
enum Ended {
    Final,
    Reset,
    Broken,
}

struct Watch<'a> {
    context: &'a Context,
    id: &'a str,
    cursor: Option<String>,
    /// The newest version printed; an event at or below it has been told already.
    version: u64,
}

impl Watch<'_> {
    /// Reads the order as it is and prints it; true if it has ended.
    async fn catch_up(&mut self) -> Result<bool, Failure> {
        let answer = self.context.api.send(&Call::get(format!("/v1/orders/{}", escape(self.id)))).await?;
        self.cursor = answer.cursor;
        let Order { version, stage, changed_at, .. } = words::read(&answer.json)?;
        self.tell(&answer.json, version, stage, changed_at, "as it is")
    }

    async fn follow(&mut self, api: &Api, lost: &mut Option<Instant>) -> Result<Ended, Failure> {
        let path = format!("/v1/orders/{}/events", escape(self.id));
        let response = api.stream(&path, self.cursor.as_deref()).await?;
        if let Some(since) = lost.take() {
            talk(&format!("reconnected after {:.2} s", since.elapsed().as_secs_f64()));
        }
        let mut reader = Reader::default();
        let mut bytes = response.bytes_stream();
        while let Some(Ok(chunk)) = bytes.next().await {
            for event in reader.push(&chunk).map_err(|error| Failure::Garbled { what: error.to_string() })? {
                if event.name == RESET {
                    return Ok(Ended::Reset);
                }
                if self.take(event)? {
                    return Ok(Ended::Final);
                }
            }
        }
        Ok(Ended::Broken)
    }

    fn take(&mut self, event: Event) -> Result<bool, Failure> {
        let is_final = match event.data.as_str() {
            // An id alone keeps the connection alive and moves the cursor on.
            "" => false,
            data => {
                let garbled = |error: serde_json::Error| Failure::Garbled { what: error.to_string() };
                let json: Value = serde_json::from_str(data).map_err(garbled)?;
                let OrderEvent { version, stage, at, event, .. } = words::read(&json)?;
                self.tell(&json, version, stage, at, &event)?
            }
        };
        self.cursor = event.id.or(self.cursor.take());
        Ok(is_final)
    }

    /// Prints a change that was not told before; true if it is the last.
    fn tell(&mut self, json: &Value, version: u64, stage: Stage, at: Timestamp, what: &str) -> Result<bool, Failure> {
        if version > self.version {
            self.version = version;
            let text = format!("{at}  {}  ({what}, version {version})", words::stage(stage));
            self.context.out.event(json, &text)?;
        }
        Ok(words::is_final(stage))
    }
}
