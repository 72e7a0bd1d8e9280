//! The outside as a distributed system: callers do not notice where services are, that they move, how many adapters there
//! are, and what fails.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::config::{Config, Source};
use crate::http::{Adapter, Setup, app};
use crate::simulator::{Fault, Simulator};
use crate::{embedded, run, serve, warm};

const PATIENCE: Duration = Duration::from_secs(30);

/// An adapter that asks these services, with all the time in the world.
fn adapter(source: &Source) -> Arc<Adapter> {
    let adapter = Adapter::new(Setup { attempt: PATIENCE, load: PATIENCE * 2, ..Setup::default() });
    adapter.configure(&Config::load(source).unwrap()).unwrap();
    Arc::new(adapter)
}

async fn ask(adapter: &Arc<Adapter>, postcode: &str) -> Value {
    let uri = format!("/v1/postcodes/{}", postcode.replace(' ', "%20"));
    let request = Request::get(uri).header("jh-deadline-ms", "10000").body(Body::empty()).unwrap();
    let response = app(Arc::clone(adapter)).oneshot(request).await.unwrap();
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

fn source(told: &Value) -> &str {
    told["provenance"]["source"].as_str().unwrap_or_else(|| panic!("{told}"))
}

/// What an answer says of the place, without when it was asked.
fn place(told: &Value) -> Vec<&Value> {
    let names = ["postcode", "country", "outcode", "place", "latitude", "longitude"];
    names.iter().map(|name| &told[name]).chain([&told["provenance"]["source"]]).collect()
}

#[tokio::test]
async fn location_transparency_callers_know_one_name_and_no_service_s_address() {
    let simulator = Simulator::start().await.unwrap();
    let adapter = adapter(&Source::Simulated(simulator.url()));
    let told = ask(&adapter, "DH1 3LE").await;
    assert_eq!((source(&told), &told["place"]), ("postcodes.io", &json!("County Durham")));
    assert!(!told.to_string().contains("127.0.0.1"), "{told}");
    simulator.break_down("postcodes.io", Fault::Reset);
    let told = ask(&adapter, "NE1 7RU").await;
    assert_eq!(source(&told), "open-postcode-geo", "asked in the same way, answered by another");
    assert!(told["latitude"].is_f64() && !told.to_string().contains("127.0.0.1"), "{told}");
}

#[tokio::test]
async fn relocation_transparency_a_service_moves_while_questions_flow_and_nobody_starts_anything_anew() {
    let (old, new) = (Simulator::start().await.unwrap(), Simulator::start().await.unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("services.json");
    let say = |simulator: &Simulator| {
        let url = format!("{}/postcodes.io", simulator.url());
        std::fs::write(&path, json!({"services": [{"service": "postcodes.io", "url": url}]}).to_string()).unwrap();
    };
    say(&old);
    let file = Source::File(path.clone());
    let adapter = adapter(&file);
    let following = Arc::clone(&adapter);
    let config = Config::load(&file).unwrap();
    let follow = tokio::spawn(async move { run::follow(&following, file, 1, config).await });
    assert_eq!(source(&ask(&adapter, "DH1 3LE").await), "postcodes.io");
    say(&new);
    let moved = async {
        while new.calls("postcodes.io") == 0 {
            // What is kept is not asked for again, so memory is emptied each time.
            adapter.places().forget_all();
            assert_eq!(source(&ask(&adapter, "SW1A 2AA").await), "postcodes.io", "at every moment");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, moved).await.expect("the adapter follows the file");
    drop(old);
    assert_eq!(source(&ask(&adapter, "M1 1AE").await), "postcodes.io");
    follow.abort();
}

#[tokio::test]
async fn replication_transparency_two_adapters_answer_alike_and_a_third_learns_from_them() {
    let simulator = Simulator::start().await.unwrap();
    let outside = Source::Simulated(simulator.url());
    let (one, two, three) = (adapter(&outside), adapter(&outside), adapter(&outside));
    let codes = ["DH1 3LE", "NE1 7RU", "SW1A 2AA", "BR8 7RE", "AB43 1AG"];
    for code in codes {
        assert_eq!(place(&ask(&one, code).await), place(&ask(&two, code).await), "{code}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(serve::serve(listener, app(Arc::clone(&one)), std::future::pending()));
    simulator.break_all_down(Fault::Reset);
    warm::warm(&three, &["http://127.0.0.1:1".to_owned(), url]).await;
    for code in codes {
        let (known, learnt) = (ask(&one, code).await, ask(&three, code).await);
        assert_eq!(
            (place(&known), &known["provenance"]["fetched_at"]),
            (place(&learnt), &learnt["provenance"]["fetched_at"])
        );
        assert_eq!(source(&learnt), "postcodes.io", "{code}");
    }
    served.abort();
}

#[tokio::test]
async fn failure_transparency_any_service_or_all_may_die_and_every_answer_says_how_sure_it_is() {
    let simulator = Simulator::start().await.unwrap();
    let adapter = adapter(&Source::Simulated(simulator.url()));
    assert_eq!(source(&ask(&adapter, "DH1 3LE").await), "postcodes.io");
    simulator.break_down("postcodes.io", Fault::Broken);
    assert_eq!(source(&ask(&adapter, "NE1 7RU").await), "open-postcode-geo");
    simulator.break_all_down(Fault::Reset);
    let told = ask(&adapter, "SW1A 2AA").await;
    assert_eq!((source(&told), &told["provenance"]["freshness"]), (embedded::NAME, &json!("embedded")));
    let told = ask(&adapter, "DH1 3LE").await;
    assert_eq!((source(&told), &told["provenance"]["freshness"]), ("postcodes.io", &json!("fresh")), "it is kept");
    let told = ask(&adapter, "DH1 9ZZ").await;
    let provenance = &told["provenance"];
    assert_eq!((&provenance["verified"], &provenance["precision"]), (&json!(false), &json!("outcode")), "{told}");
    assert!(told["latitude"].is_f64() && told["suggestions"].is_array(), "the middle of DH1: {told}");
    let told = ask(&adapter, "BT7 1NN").await;
    assert_eq!((&told["provenance"]["verified"], told.get("latitude")), (&json!(false), None), "{told}");
}
