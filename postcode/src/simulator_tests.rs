//! Every fault with every service, through the whole adapter: what the service's answer is taken for, and what the caller
//! is told in its place, down to the source. One simulator and one adapter for each pair, all at once.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::config::{Config, Source};
use crate::embedded;
use crate::http::{Adapter, Setup, app};
use crate::services::PREMISES;

/// A service, and a postcode that it knows.
pub(super) const SERVICES: [(&str, &str, &str); 12] = [
    ("postcodes.io", "GB", "DH1 3LE"),
    ("open-postcode-geo", "GB", "DH1 3LE"),
    ("onemap", "SG", "307987"),
    ("zipcloud", "JP", "100-0001"),
    ("pdok", "NL", "1012 JS"),
    ("geoplateforme", "FR", "75001"),
    ("openplz", "DE", "10115"),
    ("viacep", "BR", "01001-000"),
    ("zippopotam", "US", "90210"),
    ("nominatim", "CA", "K1A0B1"),
    ("ideal-postcodes", "GB", "DH1 3LE"),
    ("os-places", "GB", "DH1 3LE"),
];

/// Services that tell no coordinates cannot be told to be elsewhere.
const WITHOUT_POINTS: [&str; 3] = ["zipcloud", "openplz", "viacep"];

/// What a service's answer is taken for under a fault.
fn taken_for(service: &str, fault: Fault) -> &'static str {
    match fault {
        Fault::None | Fault::Slow => "found",
        Fault::Silence | Fault::Late | Fault::Drip | Fault::Reset | Fault::Cut | Fault::Broken => "transient",
        // Ideal Postcodes says "too many requests" with this status.
        Fault::Unavailable if service == "ideal-postcodes" => "rate_limited",
        Fault::Unavailable => "transient",
        Fault::TooMany | Fault::TooManyFor | Fault::UnavailableFor => "rate_limited",
        Fault::Unauthorised | Fault::Forbidden => "unauthorised",
        Fault::Exhausted => "exhausted",
        Fault::ErrorInside if service == "zipcloud" => "transient",
        Fault::Html | Fault::Truncated | Fault::Wrong | Fault::ErrorInside | Fault::Oversized | Fault::Redirect => {
            "malformed"
        }
        Fault::Elsewhere if WITHOUT_POINTS.contains(&service) => "found",
        // France has codes on every ocean, and of the United States and Canada nobody has drawn the bounds here.
        Fault::Elsewhere if ["geoplateforme", "nominatim"].contains(&service) => "found",
        Fault::Elsewhere => "malformed",
        Fault::Amnesia => "not_found",
    }
}

/// Whose word the caller gets: the service's, the pack's where there is one, or nobody's.
fn source(service: &'static str, country: &str, fault: Fault) -> &'static str {
    match (taken_for(service, fault), country) {
        ("found", _) => service,
        (_, "GB") => embedded::NAME,
        _ => crate::chain::NOBODY,
    }
}

/// How old and how exact what the caller gets is said to be.
fn quality(service: &str, country: &str, fault: Fault) -> (&'static str, &'static str) {
    match (taken_for(service, fault), country) {
        ("found", _) if WITHOUT_POINTS.contains(&service) => ("fresh", "outcode"),
        ("found", _) if service == "onemap" => ("fresh", "building"),
        ("found", _) => ("fresh", "postcode_centroid"),
        (_, "GB") => ("embedded", "postcode_centroid"),
        _ => ("fresh", "outcode"),
    }
}

/// Faults that are found out by waiting wait for no longer than this; all others have all the time they want.
fn attempt(fault: Fault) -> Duration {
    match fault {
        Fault::Silence | Fault::Late | Fault::Drip => Duration::from_millis(100),
        _ => Duration::from_secs(30),
    }
}

struct Play {
    simulator: Simulator,
    adapter: Arc<Adapter>,
}

impl Play {
    /// An adapter that asks these services of a simulator of its own.
    async fn new(services: &[&str], attempt: Duration) -> Self {
        let simulator = Simulator::start().await.unwrap();
        let adapter = Arc::new(Adapter::new(Setup { attempt, load: Duration::from_secs(60), ..Setup::default() }));
        let mut config = Config::load(&Source::Simulated(simulator.url())).unwrap();
        config.places.retain(|site| services.contains(&site.service));
        config.premises.retain(|site| services.contains(&site.service));
        adapter.configure(&config).unwrap();
        Self { simulator, adapter }
    }

    async fn ask(&self, path: &str) -> (u16, String, Value) {
        let request = Request::get(path).header("jh-deadline-ms", "10000").body(Body::empty()).unwrap();
        let response = app(Arc::clone(&self.adapter)).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let cache = response.headers().get("cache-status").map_or("", |value| value.to_str().unwrap()).to_owned();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, cache, serde_json::from_slice(&bytes).unwrap())
    }

    async fn look_up(&self, country: &str, code: &str, below: &str) -> (u16, String, Value) {
        let code = code.replace(' ', "%20");
        self.ask(&format!("/v1/postcodes/{code}{below}?country={country}&explain=true")).await
    }
}

/// How a provider ended, by the explanation.
fn ended<'a>(answer: &'a Value, service: &str) -> Option<&'a Value> {
    let steps = answer["explanation"]["steps"].as_array()?;
    steps.iter().find(|step| step["source"] == service)
}

async fn one_pair((service, country, code): (&'static str, &'static str, &'static str), fault: Fault) {
    let pair = format!("{service} × {fault}");
    let play = Play::new(&[service], attempt(fault)).await;
    play.simulator.break_down(service, fault);
    let below = if PREMISES.contains(&service) { "/addresses" } else { "" };
    let (status, cache, told) = play.look_up(country, code, below).await;
    assert_eq!(status, 200, "{pair}: {told}");
    let provenance = &told["provenance"];
    assert_eq!(provenance["source"], source(service, country, fault), "{pair}: {told}");
    assert_eq!(provenance["verified"], source(service, country, fault) != crate::chain::NOBODY, "{pair}");
    let told_quality = (provenance["freshness"].as_str().unwrap(), provenance["precision"].as_str().unwrap());
    assert_eq!(told_quality, quality(service, country, fault), "{pair}: {told}");
    assert_eq!(told["postcode"], code, "{pair}: never another postcode than the one that was asked");
    if !PREMISES.contains(&service) {
        assert_eq!(ended(&told, service).unwrap()["outcome"], taken_for(service, fault), "{pair}: {told}");
        let is_kept = source(service, country, fault) == service;
        assert_eq!(cache == "jh-postcode; fwd=miss; stored", is_kept, "{pair}: {cache}");
    }
    // Under load a request that is given up early may not even have left.
    let least = u64::from(attempt(fault) > Duration::from_secs(1));
    let calls = play.simulator.calls(service);
    assert!((least..=2).contains(&calls), "{pair}: {calls}");
}

#[tokio::test]
async fn every_service_under_every_fault_leaves_the_caller_with_an_answer_that_says_whose_it_is() {
    let pairs = SERVICES.iter().flat_map(|service| Fault::ALL.iter().map(|fault| (*service, *fault)));
    let pairs: Vec<_> = pairs.collect();
    assert!(pairs.len() >= 150, "{}", pairs.len());
    futures_util::future::join_all(pairs.into_iter().map(|(service, fault)| one_pair(service, fault))).await;
}

#[tokio::test]
async fn every_service_takes_for_unknown_what_it_does_not_know() {
    let unknown =
        [("GB", "ZE9 9ZZ"), ("SG", "999999"), ("JP", "999-9999"), ("NL", "9999 ZZ"), ("FR", "99999"), ("DE", "99999")];
    let more = [("BR", "99999-999"), ("US", "99999"), ("CA", "Z9Z9Z9")];
    for (service, home, _) in SERVICES.iter().filter(|(service, ..)| !PREMISES.contains(service)) {
        let (country, code) = unknown.iter().chain(&more).find(|(country, _)| country == home).unwrap();
        let play = Play::new(&[service], Duration::from_secs(30)).await;
        let (_, _, told) = play.look_up(country, code, "").await;
        assert_eq!(ended(&told, service).unwrap()["outcome"], "not_found", "{service}: {told}");
    }
}

#[tokio::test]
async fn the_second_service_answers_for_the_first_and_each_can_be_the_first() {
    for (first, second) in [("postcodes.io", "open-postcode-geo"), ("open-postcode-geo", "postcodes.io")] {
        let play = Play::new(&["postcodes.io", "open-postcode-geo"], Duration::from_secs(30)).await;
        play.simulator.break_down(first, Fault::Broken);
        let (_, _, told) = play.look_up("GB", "NE1 7RU", "").await;
        assert_eq!(told["provenance"]["source"], second, "{told}");
        assert!((told["latitude"].as_f64().unwrap() - 54.980_32).abs() < 1e-4, "{told}");
    }
}

#[tokio::test]
async fn a_postcode_that_ended_is_believed_to_have_ended_where_the_pack_lacks_it() {
    let play = Play::new(&["postcodes.io"], Duration::from_secs(30)).await;
    let (status, _, told) = play.look_up("GB", "AB1 0AA", "").await;
    assert_eq!((status, &told["code"]), (404, &Value::from("postcode_terminated")), "{told}");
    assert_eq!(ended(&told, "postcodes.io").unwrap()["status"], 404);
}

#[tokio::test]
async fn streets_and_numbers_come_from_a_service_that_has_them_and_are_never_kept() {
    let play = Play::new(&["ideal-postcodes", "postcodes.io"], Duration::from_secs(30)).await;
    for calls in 1..=2 {
        let (_, cache, told) = play.look_up("GB", "DH1 3LE", "/addresses").await;
        assert_eq!(told["addresses"][0], "1 Simulated Street", "{told}");
        assert_eq!((cache.as_str(), play.simulator.calls("ideal-postcodes")), ("jh-postcode; fwd=miss", calls));
    }
    play.simulator.break_down("ideal-postcodes", Fault::Exhausted);
    let (_, _, told) = play.look_up("GB", "DH1 3LE", "/addresses").await;
    assert_eq!((&told["provenance"]["source"], told.get("addresses")), (&Value::from("postcodes.io"), None));
}

#[tokio::test]
async fn what_is_no_postcode_is_asked_of_nobody() {
    let play = Play::new(&SERVICES.map(|(service, ..)| service), Duration::from_secs(30)).await;
    let long = "A".repeat(10_000);
    for text in ["FOO", "12345", "M1%201A", "EC1A1BBX", &long, "%2e%2e%2f", "%252e", "%F0%9F%8D%95", "%00", "DH1%003LE"]
    {
        let (status, _, told) = play.ask(&format!("/v1/postcodes/{text}")).await;
        assert_eq!(status, 422, "{text:.20}: {told}");
    }
    for (country, text) in [("NL", "DH1%203LE"), ("SG", "1"), ("DE", "../x"), ("JP", &long)] {
        let text = text.replace('/', "%2f");
        assert_eq!(play.ask(&format!("/v1/postcodes/{text}?country={country}")).await.0, 422, "{country} {text:.20}");
    }
    assert!(SERVICES.iter().all(|(service, ..)| play.simulator.calls(service) == 0));
}

#[tokio::test]
async fn the_director_is_told_what_to_play_over_http_too() {
    let play = Play::new(&["postcodes.io"], Duration::from_secs(30)).await;
    let fetch = crate::fetch::Fetch::plain();
    let get = async |path: &str| {
        let uri = format!("{}{path}", play.simulator.url()).parse().unwrap();
        String::from_utf8(fetch.get(uri, None).await.unwrap().body).unwrap()
    };
    play.simulator.break_down("postcodes.io", Fault::Html);
    assert!(get("/_faults").await.starts_with("postcodes.io html\nthere are: none, silence,"));
    get("/postcodes.io/postcodes/DH13LE").await;
    assert_eq!(get("/_calls").await, "postcodes.io 1\n");
    assert_eq!(get("/nobody/x").await, "no such route");
    assert!("snow".parse::<Fault>().unwrap_err().contains("truncated"));
}
