//! `jh order watch`: follows one order's events until its last, across fail-overs, without a gap and without a double.

use std::time::Instant;

use futures_util::StreamExt;
use serde_json::Value;

use crate::api_client::{Api, Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::talk;
use crate::retry::{Retry, chance};
use crate::shapes::{OrderEvent, is_final, read};
use crate::sse::{Event, Reader};

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
        self.tell(&answer.json)
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
                if event.name == "reset" {
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
            "" => false,
            data => match serde_json::from_str(data) {
                Ok(json) => self.tell(&json)?,
                Err(error) => return Err(Failure::Garbled { what: error.to_string() }),
            },
        };
        self.cursor = event.id.or(self.cursor.take());
        Ok(is_final)
    }

    fn tell(&mut self, json: &Value) -> Result<bool, Failure> {
        let event: OrderEvent = read(json)?;
        if event.version > self.version {
            self.version = event.version;
            let text = format!("{}  {}  (version {})", event.at(), event.stage, event.version);
            self.context.out.event(json, &text)?;
        }
        Ok(is_final(&event.stage))
    }
}
