//! The adapter's routes: what is asked, whom to ask for it, and which problem stands for which failure. Knows no sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api::v1::error::{ErrorCode, Problem};
use api::v1::paths;
use api::v1::postcodes::{ListedPostcode, Located, Providers};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use order::postcode::{Class, Outcode, PostcodeError};
use serde::Deserialize;

use crate::cache::{Answer, Cache};
use crate::chain::Verdict;
use crate::clock::Clock;
use crate::code::{Code, CodeError};
use crate::config::{Config, Parts, Sites};
use crate::country::{BRITAIN, Country};
use crate::fetch::Fetch;
use crate::grid::{GridPoint, Position};
use crate::limits;
use crate::metrics::{Metrics, Now};
use crate::pack::Pack;
use crate::provider::Deadline;
use crate::record::{Journal, Record};
use crate::{explain, suggest, wire};

/// Milliseconds that the caller still has, on a request.
pub const DEADLINE_HEADER: &str = "jh-deadline-ms";

/// Everything the routes need.
pub struct Adapter {
    places: Cache,
    /// Streets and numbers, which are never kept: for single flight alone.
    premises: Cache,
    parts: Parts,
    sites: Mutex<Sites>,
    pack: Arc<Pack>,
    stopping: AtomicBool,
}

/// What an adapter is made with.
pub struct Setup {
    /// Tells it the time.
    pub clock: Clock,
    /// Time for one provider.
    pub attempt: Duration,
    /// Time for one load.
    pub load: Duration,
    /// Where kept answers are written down.
    pub journal: Option<Journal>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { clock: Clock::system(), attempt: limits::ATTEMPT, load: limits::LOAD, journal: None }
    }
}

impl Adapter {
    /// An adapter that knows what the pack knows, until it is configured otherwise.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let Setup { clock, attempt, load, journal } = setup;
        let (pack, metrics) = (Pack::embedded(), Metrics::new());
        let parts = Parts::new(&pack, clock.clone(), metrics, attempt);
        let mut sites = Sites::default();
        let (places, premises) = sites.chains(&Config::default(), &Fetch::plain(), &parts);
        Self {
            places: Cache::new(places, clock.clone(), load, journal),
            premises: Cache::new(premises, clock, load, None),
            parts,
            sites: Mutex::new(sites),
            pack,
            stopping: AtomicBool::new(false),
        }
    }

    /// From here on these services are asked. Requests under way end with those they began with; what is kept stays, and
    /// so does what is known of the health of services that are at the same place as before.
    ///
    /// # Errors
    /// If a service wants TLS and this machine trusts nobody.
    pub fn configure(&self, config: &Config) -> std::io::Result<()> {
        let fetch = if config.wants_tls() { Fetch::internet()? } else { Fetch::plain() };
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let (places, premises) = sites.chains(config, &fetch, &self.parts);
        self.places.replace_chain(places);
        self.premises.replace_chain(premises);
        Ok(())
    }

    /// Takes over what this adapter wrote down in an earlier run.
    pub fn restore(&self, records: Vec<Record>) {
        let chain = self.places.chain();
        for (code, resolution) in records.into_iter().filter_map(|record| record.resolve(&chain)) {
            self.places.restore(code, resolution);
        }
    }

    /// Takes over what another adapter keeps.
    pub fn inherit(&self, records: Vec<Record>) {
        let chain = self.places.chain();
        for (code, resolution) in records.into_iter().filter_map(|record| record.resolve(&chain)) {
            self.places.inherit(code, resolution);
        }
    }

    /// What it knows of places, for callers within the program.
    #[must_use]
    pub fn places(&self) -> &Cache {
        &self.places
    }

    /// From here on `/readyz` tells callers to go elsewhere.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        self.parts.clock.now_ms()
    }

    fn pack_age_s(&self) -> u64 {
        wire::age_s(self.pack.edition_ms(), self.now_ms())
    }
}

/// The whole service, ready to be served or to be called in a test.
pub fn app(adapter: Arc<Adapter>) -> Router {
    Router::new()
        .route(paths::POSTCODES, get(list))
        .route(paths::POSTCODE, get(postcode))
        .route(paths::ADDRESSES, get(addresses))
        .route(paths::POSTCODE_PROVIDERS, get(providers))
        .route(paths::KEPT_POSTCODES, get(kept))
        .route(paths::OUTCODE, get(outcode))
        .route(paths::HEALTHZ, get(|| async { "ok\n" }))
        .route(paths::READYZ, get(readyz))
        .route(paths::METRICS, get(metrics))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .with_state(adapter)
}

type Shared = State<Arc<Adapter>>;
type Text = Result<Path<String>, PathRejection>;
type Wish<T> = Result<Query<T>, QueryRejection>;

/// What may be said beside a postcode.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    /// The country's two letters; Britain if there are none.
    country: Option<String>,
    /// Whether to tell how the answer was found.
    #[serde(default)]
    explain: bool,
}

async fn postcode(
    State(adapter): Shared,
    text: Text,
    beside: Wish<Beside>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (code, beside) = parse_code(&adapter.pack, text, beside)?;
    let answer = adapter.places.resolve(code, deadline(&headers)?).await;
    adapter.parts.metrics.answered(answer.via, &answer.resolution.verdict);
    Ok((cache_status(&answer), told(&adapter, code, &answer, beside.explain)).into_response())
}

/// Streets and numbers where a service knows them; otherwise what is known of the postcode as a whole.
async fn addresses(
    State(adapter): Shared,
    text: Text,
    beside: Wish<Beside>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (code, beside) = parse_code(&adapter.pack, text, beside)?;
    let deadline = deadline(&headers)?;
    let mut answer = adapter.premises.resolve(code, deadline).await;
    if !matches!(answer.resolution.verdict, Verdict::Found(_)) {
        answer = adapter.places.resolve(code, deadline).await;
    }
    adapter.parts.metrics.answered(answer.via, &answer.resolution.verdict);
    Ok((cache_status(&answer), told(&adapter, code, &answer, beside.explain)).into_response())
}

/// What is wanted of the list of all postcodes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    prefix: Option<String>,
    /// Latitude and longitude, as in `54.77,-1.57`.
    near: Option<String>,
    limit: Option<usize>,
}

async fn list(State(adapter): Shared, wanted: Wish<Wanted>) -> Result<Response, Failure> {
    let Query(Wanted { prefix, near, limit }) = wanted.map_err(parameter)?;
    let most = limit.unwrap_or(limits::LISTED).min(limits::LISTED_MAX);
    let listed = |postcode, place: Option<&str>, distance_m| ListedPostcode {
        postcode,
        place: place.map(str::to_owned),
        distance_m,
    };
    match (prefix, near) {
        (Some(prefix), None) => {
            let found = adapter.pack.starting(&prefix, most);
            Ok(Json(wire::listed(found.into_iter().map(|text| listed(text, None, None)))).into_response())
        }
        (None, Some(near)) => {
            let position = parse_position(&near)
                .ok_or_else(|| parameter("give near as latitude,longitude in degrees, as in 54.77,-1.57"))?;
            let point = GridPoint::at(position);
            let found = point.map(|point| adapter.pack.nearest(point, most, limits::NEAR_M)).unwrap_or_default();
            let found = found.into_iter().map(|near| listed(near.postcode, near.entry.district, Some(near.distance_m)));
            Ok(Json(wire::listed(found)).into_response())
        }
        _ => Err(parameter("give either prefix, the beginning of a postcode, or near, latitude,longitude")),
    }
}

async fn providers(State(adapter): Shared) -> Json<Providers> {
    let age_s = adapter.pack_age_s();
    let places = adapter.places.chain().doing();
    let premises = adapter.premises.chain().doing();
    let places = places.iter().map(|doing| wire::doing("places", doing, age_s));
    let premises =
        premises.iter().filter(|doing| !doing.is_embedded).map(|doing| wire::doing("addresses", doing, age_s));
    Json(Providers { providers: places.chain(premises).collect() })
}

/// Where another adapter begins to read.
#[derive(Deserialize)]
struct Beginning {
    #[serde(default)]
    from: usize,
}

async fn kept(State(adapter): Shared, from: Wish<Beginning>) -> Result<Json<Vec<Record>>, Failure> {
    let Query(Beginning { from }) = from.map_err(parameter)?;
    let page = adapter.places.page(from, limits::PAGE_RECORDS);
    Ok(Json(page.iter().filter_map(|(code, resolution)| Record::of(*code, resolution)).collect()))
}

async fn outcode(State(adapter): Shared, text: Text) -> Result<Response, Failure> {
    let outcode = text.map_err(|_not_utf8| PostcodeError::Shape).and_then(|Path(text)| Outcode::parse(&text));
    let outcode = outcode.map_err(|_| Problem::new(ErrorCode::PostcodeInvalid, "give an outcode such as DH1"))?;
    let area = adapter.pack.outcode(outcode.as_str()).ok_or_else(|| wire::unknown(outcode.as_str(), Vec::new()))?;
    let area = wire::outcode_area(outcode, area, adapter.pack.edition_ms(), adapter.now_ms());
    Ok(Json(area).into_response())
}

async fn readyz(State(adapter): Shared) -> (StatusCode, &'static str) {
    if adapter.stopping.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn metrics(State(adapter): Shared) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    let doing = [adapter.places.chain().doing(), adapter.premises.chain().doing()].concat();
    let now = Now { cached_bytes: adapter.places.bytes(), pack_age_s: adapter.pack_age_s(), doing: &doing };
    (kind, adapter.parts.metrics.text(&now))
}

async fn nothing_here() -> Failure {
    Problem::new(ErrorCode::NotFound, format!("ask for {} or {}", paths::POSTCODE, paths::OUTCODE)).into()
}

async fn wrong_method() -> Failure {
    Problem::new(ErrorCode::MethodNotAllowed, "use GET").into()
}

fn parse_code(pack: &Pack, text: Text, beside: Wish<Beside>) -> Result<(Code, Beside), Failure> {
    let Query(beside) = beside.map_err(parameter)?;
    let country = match &beside.country {
        None => BRITAIN,
        Some(text) => Country::parse(text).ok_or_else(|| parameter("give country as its two letters, such as NL"))?,
    };
    let Path(text) = text.map_err(|_not_utf8| wire::invalid(PostcodeError::Shape))?;
    let code = Code::parse(country, &text).map_err(|error| match error {
        CodeError::British(_) => match suggest::meant(pack, &text) {
            none if none.is_empty() => match suggest::close(pack, &text) {
                none if none.is_empty() => wire::invalid(error),
                close => wire::invalid(error).fact("suggestions", close),
            },
            suggestions => wire::mistyped(suggestions),
        },
        CodeError::Shape(_) | CodeError::Length => wire::invalid(error),
    })?;
    match code.british().map(|postcode| (postcode, postcode.class())) {
        Some((postcode, Class::NonGeographic | Class::Giro | Class::Forces | Class::Overseas)) => {
            Err(wire::placeless(postcode).into())
        }
        Some((_, Class::Ordinary | Class::NorthernIreland | Class::CrownDependency)) | None => Ok((code, beside)),
    }
}

fn parse_position(text: &str) -> Option<Position> {
    let (latitude, longitude) = text.split_once(',')?;
    let position = Position { latitude: latitude.trim().parse().ok()?, longitude: longitude.trim().parse().ok()? };
    let is_on_globe = (-90.0..=90.0).contains(&position.latitude) && (-180.0..=180.0).contains(&position.longitude);
    is_on_globe.then_some(position)
}

fn parameter(what: impl std::fmt::Display) -> Failure {
    Problem::new(ErrorCode::InvalidParameter, what.to_string()).into()
}

fn deadline(headers: &HeaderMap) -> Result<Deadline, Failure> {
    let given_ms = match headers.get(DEADLINE_HEADER) {
        None => limits::DEADLINE_MS,
        Some(value) => value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Problem::new(ErrorCode::InvalidHeader, "give JH-Deadline-Ms as a whole number of milliseconds")
        })?,
    };
    let given = Duration::from_millis(given_ms.min(limits::DEADLINE_MS_MAX));
    Ok(Deadline::after(given.saturating_sub(limits::RESERVE)))
}

fn told(adapter: &Adapter, code: Code, answer: &Answer, explain: bool) -> Response {
    let explanation = explain.then(|| explain::explanation(&adapter.places.chain(), code, answer));
    let suggestions = || code.british().map(|postcode| suggest::near(&adapter.pack, postcode)).unwrap_or_default();
    let problem = match &answer.resolution.verdict {
        Verdict::Found(place) => {
            let located = wire::located(code, answer, None, adapter.now_ms());
            return Json(Located { addresses: place.addresses.clone(), explanation, ..located }).into_response();
        }
        Verdict::Unresolved => {
            let area = code.british().and_then(|postcode| adapter.pack.outcode(postcode.outcode().as_str()));
            let located = wire::located(code, answer, area, adapter.now_ms());
            let suggestions = if code.is_in_pack_land() { suggestions() } else { Vec::new() };
            return Json(Located { suggestions, explanation, ..located }).into_response();
        }
        Verdict::NotFound => wire::unknown(&code.to_string(), suggestions()),
        Verdict::Terminated => wire::terminated(code, suggestions()),
    };
    Failure::from(match explanation {
        Some(explanation) => problem.fact("explanation", serde_json::json!(explanation)),
        None => problem,
    })
    .into_response()
}

fn cache_status(answer: &Answer) -> [(&'static str, String); 1] {
    [("cache-status", wire::cache_status(answer.via))]
}

/// A problem on its way out.
#[derive(Debug)]
struct Failure(Box<Problem>);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self.0)).into_response()
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
