//! Tests of kept answers on disk: what comes back after a restart, and what is left out.

use std::sync::Arc;
use std::time::Duration;

use order::postcode::Postcode;

use super::*;
use crate::cache::{Cache, Via};
use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::http::{Adapter, Setup};
use crate::metrics::Metrics;
use crate::provider::{Deadline, Terms};
use crate::simulator::{Fault, Simulator};

fn code(text: &str) -> Code {
    Code::British(Postcode::parse(text).unwrap())
}

fn resolution(source: &'static str, fetched_ms: u64) -> Resolution {
    let place = Place { name: Some("Somewhere".into()), ..Place::default() };
    let terms = Terms { cacheable: true, attribution: &[], embedded_ms: None };
    let grounds = Grounds::ServiceKnows;
    Resolution { verdict: Verdict::Found(place), source, terms, fetched_ms, grounds, steps: Vec::new() }
}

#[test]
fn what_was_kept_is_there_after_a_restart_and_what_was_forgotten_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("answers.redb");
    let (journal, writer, found) = Journal::open(&path).unwrap();
    assert!(found.is_empty());
    journal.keep(code("DH1 3LE"), &Arc::new(resolution("postcodes.io", 7)));
    journal.keep(code("NE1 7RU"), &Arc::new(resolution("postcodes.io", 8)));
    journal.forget(code("NE1 7RU"));
    assert!(Journal::open(&path).is_err(), "two must not write one file");
    writer.finish();
    let (_journal, writer, found) = Journal::open(&path).unwrap();
    assert_eq!(found, [Record::of(code("DH1 3LE"), &resolution("postcodes.io", 7)).unwrap()]);
    writer.finish();
}

#[test]
fn a_damaged_file_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("answers.redb");
    std::fs::write(&path, b"not a database".repeat(1_000)).unwrap();
    let (journal, writer, found) = Journal::open(&path).unwrap();
    assert!(found.is_empty());
    journal.keep(code("DH1 3LE"), &Arc::new(resolution("postcodes.io", 7)));
    writer.finish();
    assert_eq!(Journal::open(&path).unwrap().2.len(), 1);
    assert!(Journal::open(&dir.path().join("no/such/directory")).is_err());
}

#[tokio::test]
async fn an_adapter_that_is_started_again_knows_what_it_knew_though_all_services_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("answers.redb");
    let simulator = Simulator::start().await.unwrap();
    let config = Config::load(&Source::Simulated(simulator.url())).unwrap();
    for run in 0..2 {
        let (journal, writer, records) = Journal::open(&path).unwrap();
        let setup = Setup { attempt: Duration::from_secs(30), journal: Some(journal), ..Setup::default() };
        let adapter = Adapter::new(setup);
        adapter.configure(&config).unwrap();
        adapter.restore(records);
        let answer = adapter.places().resolve(code("DH1 3LE"), Deadline::after(Duration::from_secs(10))).await;
        assert_eq!(answer.resolution.source, "postcodes.io", "run {run}");
        assert_eq!(matches!(answer.via, Via::Hit { .. }), run == 1, "run {run}: {:?}", answer.via);
        simulator.break_all_down(Fault::Reset);
        drop(adapter);
        writer.finish();
    }
}

#[test]
fn records_of_unknown_sources_of_other_countries_and_from_the_future_are_left_out() {
    let now_ms = 1_800_000_000_000;
    let chain = || {
        let provider = crate::outside::Outside::new(
            crate::services::named("postcodes.io").unwrap(),
            "http://127.0.0.1:9",
            crate::outside::Pass::None,
            1,
            crate::fetch::Fetch::plain(),
        );
        Chain::new(vec![Box::new(provider)], Clock::new(move || now_ms), Metrics::new())
    };
    let cache = Cache::new(chain(), Clock::new(move || now_ms), Duration::from_secs(1), None);
    let inherit = |text: &str, record: Option<Record>| {
        if let Some((code, resolution)) = record.and_then(|record| record.resolve(&chain())) {
            cache.inherit(code, resolution);
        }
        cache.page(0, 99).iter().any(|(known, _)| *known == code(text))
    };
    let record = |text, source, fetched_ms| Record::of(code(text), &resolution(source, fetched_ms));
    assert!(inherit("DH1 3LE", record("DH1 3LE", "postcodes.io", now_ms - 1)));
    assert!(!inherit("NE1 7RU", record("NE1 7RU", "somebody", now_ms - 1)), "an unknown source");
    assert!(!inherit("NE1 7RU", record("NE1 7RU", "postcodes.io", now_ms + 1)), "from the future");
    assert!(!inherit("NE1 7RU", record("NE1 7RU", "postcodes.io", now_ms - 181 * 86_400_000)), "too old");
    assert!(!inherit("BT7 1NN", record("BT7 1NN", "postcodes.io", now_ms - 1)), "not to be kept");
    let far =
        record("NE1 7RU", "postcodes.io", now_ms - 1).map(|record| Record { position: Some((0.0, 0.0)), ..record });
    assert!(!inherit("NE1 7RU", far), "in another country");
    let old = Record::of(code("DH1 3LE"), &resolution("postcodes.io", now_ms - 999));
    inherit("DH1 3LE", old);
    assert_eq!(cache.page(0, 99)[0].1.fetched_ms, now_ms - 1, "the younger one stays");
}

#[test]
fn a_record_of_a_younger_program_is_read() {
    let text =
        r#"{"country":"GB","code":"DH1 3LE","source":"postcodes.io","verdict":"found","fetched_ms":7,"new":[1]}"#;
    assert!(serde_json::from_str::<Record>(text).is_ok());
}
