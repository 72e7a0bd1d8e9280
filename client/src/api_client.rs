//! One call of the public API, repeated until it has a definite answer or patience ends. Knows HTTP and the retry
//! rules; knows nothing of what the calls mean.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::{Config, Endpoint};
use crate::failure::Failure;
use crate::output::talk;
use crate::problem;
use crate::retry::{ATTEMPT_GRACE, Retry, chance};
use crate::words;

/// The largest answer that is read: a page of orders is far below it.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A way to the front end.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    endpoint: Endpoint,
    patience: Duration,
    /// An attempt is given up after so long.
    silence: Duration,
}

/// What to ask.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    body: Option<String>,
    key: Option<String>,
    if_match: Option<u64>,
}

/// A success (2xx).
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) json: Value,
    /// The service had executed this key before.
    pub(crate) is_replay: bool,
    /// From where to subscribe without a gap.
    pub(crate) cursor: Option<String>,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Call {
        Call { method: Method::GET, path: path.into(), body: None, key: None, if_match: None }
    }

    pub(crate) fn post(path: impl Into<String>, body: String) -> Call {
        Call { method: Method::POST, path: path.into(), body: Some(body), key: None, if_match: None }
    }

    /// With a key, repeating is safe and the service says when it is one.
    pub(crate) fn with_key(mut self, key: &str) -> Call {
        self.key = Some(key.to_owned());
        self
    }

    /// Only if the thing still has this version.
    pub(crate) fn if_version(mut self, version: Option<u64>) -> Call {
        self.if_match = version;
        self
    }
}

/// One attempt that gave no definite answer.
struct Miss {
    what: String,
    /// The request may have been executed.
    was_sent: bool,
    retry_after: Option<Duration>,
}

impl Api {
    pub(crate) fn new(config: &Config) -> Result<Api, Failure> {
        // A proxy named in the environment would be asked for our loopback addresses.
        let http = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(2)).build();
        let http = http.map_err(|error| Failure::Usage(format!("cannot set up HTTP: {error}")))?;
        let silence = config.patience + ATTEMPT_GRACE;
        Ok(Api { http, endpoint: config.endpoint.clone(), patience: config.patience, silence })
    }

    /// Repeats an attempt on another connection that hears nothing for so long.
    pub(crate) fn with_silence(self, silence: Duration) -> Api {
        Api { silence, ..self }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint.authority
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The answer as the type `T`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<(Answer, T), Failure> {
        let answer = self.send(&Call::get(path)).await?;
        let shape = words::read(&answer.json)?;
        Ok((answer, shape))
    }

    /// Asks until there is a definite answer. Errors: `Refused` for a definite no; `Unavailable` when certainly nothing
    /// was executed; `Unknown` when a change may have been.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let mut retry = Retry::new(self.patience);
        let mut was_sent = false;
        let mut said = false;
        loop {
            let miss = match self.attempt(call, begun).await? {
                Ok(answer) => return Ok(answer),
                Err(miss) => miss,
            };
            was_sent |= miss.was_sent;
            let Some(pause) = retry.pause(begun.elapsed(), miss.retry_after, chance()) else {
                return Err(self.give_up(call, was_sent, miss.what));
            };
            if !said && begun.elapsed() > Duration::from_secs(1) {
                talk(&format!("{}; trying again", miss.what));
                said = true;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// One attempt to read, that takes at most `within`.
    pub(crate) async fn try_get(&self, path: &str, within: Duration) -> Result<Value, Failure> {
        let unavailable = |what| Failure::Unavailable { what };
        let request = self.http.get(self.endpoint.url(path)).timeout(within);
        let response = request.send().await.map_err(|error| unavailable(self.explain(&error)))?;
        let miss = |miss: Miss| unavailable(miss.what);
        Ok(self.read(response).await?.map_err(miss)?.json)
    }

    /// Opens a stream of server-sent events. Errors as of one attempt, without repeating.
    pub(crate) async fn stream(&self, path: &str, after: Option<&str>) -> Result<reqwest::Response, Failure> {
        let mut request = self.http.get(self.endpoint.url(path)).header("Accept", "text/event-stream");
        if let Some(cursor) = after {
            request = request.header("Last-Event-ID", cursor);
        }
        let response = request.send().await.map_err(|error| Failure::Unavailable { what: self.explain(&error) })?;
        match response.status().as_u16() {
            200 => Ok(response),
            // 204 tells a subscriber that nothing more will come.
            204 => Err(Failure::Unavailable { what: "the stream has ended".to_owned() }),
            status @ (429 | 500..) => Err(Failure::Unavailable { what: format!("answered {status}") }),
            status => {
                let body = response.bytes().await.unwrap_or_default();
                Err(Failure::Refused(Box::new(problem::read(status, &body))))
            }
        }
    }

    fn give_up(&self, call: &Call, was_sent: bool, what: String) -> Failure {
        // A quote has a body and no key: it changes nothing.
        let changes = call.key.is_some();
        match was_sent && changes {
            true => Failure::Unknown { what, key: call.key.clone() },
            false => Failure::Unavailable { what },
        }
    }

    async fn attempt(&self, call: &Call, begun: Instant) -> Result<Result<Answer, Miss>, Failure> {
        let url = self.endpoint.url(&call.path);
        let mut request = self.http.request(call.method.clone(), url);
        if let Some(body) = &call.body {
            request = request.header("Content-Type", "application/json").body(body.clone());
        }
        if let Some(key) = &call.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(version) = call.if_match {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        let left = (self.patience + ATTEMPT_GRACE).saturating_sub(begun.elapsed());
        let response = match request.timeout(left.min(self.silence)).send().await {
            Ok(response) => response,
            Err(error) => return Ok(Err(self.miss(&error))),
        };
        self.read(response).await
    }

    async fn read(&self, response: reqwest::Response) -> Result<Result<Answer, Miss>, Failure> {
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let is_replay = header("Idempotent-Replayed").is_some_and(|value| value == "true");
        let cursor = header("JH-Cursor");
        let retry_after = header("Retry-After").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        if response.content_length().is_some_and(|length| length > ANSWER_BYTES_MAX as u64) {
            return Err(Failure::Garbled { what: "the answer is too large".to_owned() });
        }
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(error) => return Ok(Err(self.miss(&error))),
        };
        match status {
            200..300 => {
                let json =
                    serde_json::from_slice(&body).map_err(|error| Failure::Garbled { what: error.to_string() })?;
                Ok(Ok(Answer { json, is_replay, cursor }))
            }
            429 | 500.. => {
                let problem = problem::read(status, &body);
                let was_sent = !(status == 429 || problem.code == "not_executed");
                Ok(Err(Miss { what: format!("answered {}", problem::text(&problem)), was_sent, retry_after }))
            }
            _ => Err(Failure::Refused(Box::new(problem::read(status, &body)))),
        }
    }

    fn miss(&self, error: &reqwest::Error) -> Miss {
        Miss { what: self.explain(error), was_sent: !error.is_connect(), retry_after: None }
    }

    fn explain(&self, error: &reqwest::Error) -> String {
        let at = &self.endpoint.authority;
        match error {
            _ if error.is_connect() => format!("cannot connect to {at}"),
            _ if error.is_timeout() => format!("no answer from {at} in time"),
            _ => format!("connection to {at} broke"),
        }
    }
}

/// `text` as one segment of a path or one value of a query.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(byte as char),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// A new idempotency key.
pub(crate) fn new_key() -> String {
    uuid::Uuid::now_v7().to_string()
}
