//! Finds out where a postcode is: remembered, or asked of the adapter within a deadline. With the adapter away, says what can be
//! known without it. Knows HTTP to one service; decides nothing about orders.
use crate::app::now_ms;
use crate::limits;
use api::v1::error::{ErrorCode, Problem};
use api::v1::paths;
use api::v1::postcodes::{Freshness as ToldFreshness, Located, Precision as ToldPrecision};
use bytes::{Bytes, BytesMut};
use moka::future::Cache;
use order::command::Given;
use order::place::{Freshness, Place, Point, Precision, Standing};
use order::postcode::Postcode;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// The way to the adapter, and what it said lately.
pub struct Places {
    http: reqwest::Client,
    base: String,
    known: Cache<Postcode, Place>,
    rests_until: Mutex<Option<Instant>>,
}

/// What the adapter answered, whole.
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub kind: HeaderValue,
    /// Whether it was kept, in the words of RFC 9211.
    pub cache: Option<HeaderValue>,
    /// The body.
    pub body: Bytes,
}

impl Places {
    /// Places by way of the adapter at this URL, like `http://127.0.0.1:8082`.
    pub fn new(base: &str) -> Places {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without TLS and proxies needs nothing that could be missing");
        let known = Cache::builder().max_capacity(limits::PLACES).time_to_live(limits::PLACE_KEPT).build();
        Places { http, base: base.trim_end_matches('/').to_owned(), known, rests_until: Mutex::new(None) }
    }

    /// What can be found out about a text that should be a postcode in this time. Never fails: it is for the book to judge.
    pub async fn given(&self, text: &str, within: Duration) -> Given {
        match Postcode::parse(text) {
            Ok(postcode) => Given::Place(self.find(postcode, within).await),
            Err(_) => Given::NotAPostcode(head(text, order::limits::POSTCODE_INPUT_BYTES_MAX).into()),
        }
    }

    /// Where a postcode is, as far as can be found out in this time. Whoever asks for the same one meanwhile waits for the same answer.
    pub async fn find(&self, postcode: Postcode, within: Duration) -> Place {
        let asked = async {
            let page = self.get(&path(&postcode.to_string(), ""), None, within).await?;
            read(postcode, &page)
        };
        // Somebody else may have asked with more patience than there is here.
        let found = timeout(within, self.known.optionally_get_with(postcode, asked)).await;
        found.ok().flatten().unwrap_or_else(|| Place::unverified(postcode, now_ms()))
    }

    /// Asks about nothing in particular, so that the first order finds the adapter's name looked up and a connection open.
    pub async fn meet(&self) {
        let _ = self.get(paths::READYZ, None, limits::PLACE_TIME).await;
    }

    /// The adapter's own answer about a text; none if it could not be asked.
    pub async fn ask(&self, text: &str, below: &str, query: Option<&str>) -> Option<Page> {
        self.get(&path(text, below), query, limits::PLACE_TIME).await
    }

    /// The adapter's list of postcodes; none if it could not be asked.
    pub async fn list(&self, query: Option<&str>) -> Option<Page> {
        self.get(paths::POSTCODES, query, limits::PLACE_TIME).await
    }

    async fn get(&self, path: &str, query: Option<&str>, within: Duration) -> Option<Page> {
        if self.is_resting() {
            return None;
        }
        let question = query.map(|query| format!("?{query}")).unwrap_or_default();
        let began = Instant::now();
        let answered = self.fetch(format!("{}{path}{question}", self.base), within).await;
        if let Err(why) = &answered {
            // At most once in each rest.
            tracing::info!(why, waited = ?began.elapsed(), "the postcode adapter did not answer; it is left alone for a moment");
            *self.rest() = Some(Instant::now() + limits::PLACE_REST);
        }
        answered.ok()
    }

    async fn fetch(&self, url: String, within: Duration) -> Result<Page, String> {
        // The adapter is told how long it has, so that what it has by then comes in time.
        let request = self.http.get(url).timeout(within).header("jh-deadline-ms", within.as_millis().to_string());
        let mut response = request.send().await.map_err(nameless)?;
        let status = response.status().as_u16();
        if status >= 500 {
            return Err(format!("it answered {status}"));
        }
        let json = HeaderValue::from_static("application/json");
        let kind = response.headers().get(CONTENT_TYPE).cloned().unwrap_or(json);
        let cache = response.headers().get("cache-status").cloned();
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(nameless)? {
            body.extend_from_slice(&piece);
            if body.len() > limits::PLACE_BYTES {
                return Err("its answer is too large".to_owned());
            }
        }
        Ok(Page { status, kind, cache, body: body.freeze() })
    }

    fn is_resting(&self) -> bool {
        self.rest().is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.rests_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Where the adapter tells about a postcode, or what is below it.
fn path(text: &str, below: &str) -> String {
    format!("{}{below}", paths::POSTCODE.replace("{postcode}", &escape(text)))
}

/// Why it failed, without the address that was asked: the postcode is in it, and this goes into logs.
fn nameless(error: reqwest::Error) -> String {
    error.without_url().to_string()
}

/// As many whole characters as fit into so many bytes.
fn head(text: &str, bytes_max: usize) -> &str {
    let end = (0..=bytes_max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// One segment of a path.
fn escape(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What the adapter's answer says of a postcode; none if it says nothing that holds for a while.
fn read(postcode: Postcode, page: &Page) -> Option<Place> {
    if page.status == 200 {
        let located: Located = serde_json::from_slice(&page.body).ok()?;
        return Some(place(postcode, &located)).filter(|place| place.standing == Standing::Verified);
    }
    let problem: Problem = serde_json::from_slice(&page.body).ok()?;
    let standing = match problem.known()? {
        ErrorCode::PostcodeUnknown => Standing::Unknown,
        ErrorCode::PostcodeTerminated => Standing::Terminated,
        _ => return None,
    };
    let suggested = problem.issues.iter().flat_map(|issue| &issue.facts).chain(&problem.facts);
    let texts =
        suggested.filter(|(name, _)| *name == "suggestions").filter_map(|(_, value)| value.as_array()).flatten();
    let codes = texts.filter_map(|text| Postcode::parse(text.as_str()?).ok());
    let suggestions = codes.take(order::limits::SUGGESTIONS_MAX).collect();
    Some(Place { standing, suggestions, ..Place::unverified(postcode, now_ms()) })
}

fn place(postcode: Postcode, located: &Located) -> Place {
    let provenance = &located.provenance;
    let e6 = |degrees: f64| (degrees * 1e6).round() as i32;
    Place {
        postcode,
        point: located.latitude.zip(located.longitude).and_then(|(lat, lon)| Point::new(e6(lat), e6(lon))),
        standing: if provenance.verified { Standing::Verified } else { Standing::Unverified },
        source: head(&provenance.source, order::limits::SOURCE_BYTES_MAX).into(),
        fetched_at_ms: provenance.fetched_at.ms(),
        freshness: match provenance.freshness {
            ToldFreshness::Fresh => Freshness::Fresh,
            ToldFreshness::Stale => Freshness::Stale,
            ToldFreshness::Embedded => Freshness::Embedded,
        },
        precision: match provenance.precision {
            ToldPrecision::Premise => Precision::Premise,
            ToldPrecision::Building => Precision::Building,
            ToldPrecision::PostcodeCentroid => Precision::Postcode,
            ToldPrecision::Outcode => Precision::Outcode,
        },
        suggestions: Vec::new(),
    }
}
