//! Tests of the routes without a socket: what each input is answered, down to codes and headers.

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

/// A day after the pack's.
const NOW_MS: u64 = 1_759_104_000_000 + 86_400_000;

struct Got {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], self.status);
        assert!(!json["detail"].as_str().unwrap().is_empty());
        (self.status, json["code"].as_str().unwrap().to_owned())
    }
}

async fn send(request: Request<Body>) -> Got {
    let adapter = Arc::new(Adapter::new(Setup { clock: Clock::new(|| NOW_MS), ..Setup::default() }));
    let response = app(adapter).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Got { status: parts.status.as_u16(), headers: parts.headers, text }
}

async fn get(path: &str) -> Got {
    send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn look_up(postcode: &str) -> Got {
    get(&format!("/v1/postcodes/{}", encoded(postcode))).await
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[tokio::test]
async fn a_live_postcode_is_answered_with_place_and_provenance() {
    let got = look_up("dh13le").await;
    let expected = json!({
        "postcode": "DH1 3LE", "country": "GB", "outcode": "DH1", "place": "County Durham",
        "latitude": 54.768_112, "longitude": -1.571_877,
        "provenance": {
            "source": "os-code-point-open", "fetched_at": "2025-09-29T00:00:00Z", "age_s": 86_400,
            "freshness": "embedded", "precision": "postcode_centroid", "verified": true,
        },
        "attribution": crate::embedded::ATTRIBUTION,
    });
    let mut json = got.json();
    for axis in ["latitude", "longitude"] {
        assert!((json[axis].as_f64().unwrap() - expected[axis].as_f64().unwrap()).abs() < 5e-5, "{json}");
        json[axis] = expected[axis].clone();
    }
    assert_eq!((got.status, json), (200, expected));
    assert_eq!(got.header("cache-status"), "jh-postcode; fwd=miss");
    assert_eq!(got.header("content-type"), "application/json");
}

#[tokio::test]
async fn every_way_of_typing_a_postcode_is_understood() {
    for typed in ["DH1 3LE", " DH1  3LE ", "dh1\u{a0}3le", "DH1\t3LE", "ＤＨ１ ３ＬＥ"] {
        assert_eq!(look_up(typed).await.json()["postcode"], "DH1 3LE", "{typed:?}");
    }
}

#[tokio::test]
async fn a_live_postcode_without_a_point_says_so() {
    let json = look_up("AB43 1AG").await.json();
    assert_eq!(json["latitude"], Value::Null);
    assert_eq!(json.get("longitude"), None);
    assert_eq!((&json["provenance"]["verified"], &json["provenance"]["precision"]), (&json!(true), &json!("outcode")));
}

#[tokio::test]
async fn postcodes_not_in_use_are_unknown_and_suggestions_are_live() {
    for gone in ["AB1 0AA", "E1W 1UU", "W1N 4DJ", "NE6 1YD", "L1 1AA", "DN55 1PT", "W1A 0AX", "ID1 1QE"] {
        let got = look_up(gone).await;
        assert_eq!(got.problem(), (404, "postcode_unknown".into()), "{gone}");
        for suggestion in got.json()["suggestions"].as_array().unwrap() {
            assert_eq!(look_up(suggestion.as_str().unwrap()).await.status, 200);
        }
    }
}

#[tokio::test]
async fn letters_for_digits_are_suggested_and_never_corrected() {
    for (typed, meant) in [("SWIA 2AA", "SW1A 2AA"), ("SW1A OAA", "SW1A 0AA"), ("SW1A-1AA", "SW1A 1AA")] {
        let got = look_up(typed).await;
        assert_eq!(got.problem(), (404, "postcode_unknown".into()), "{typed}");
        assert_eq!(got.json()["suggestions"], json!([meant]), "{typed}");
    }
}

#[tokio::test]
async fn real_postcodes_that_no_source_covers_are_answered_unverified() {
    for (text, country) in [("BT7 1NN", "GB"), ("JE2 4WD", "JE"), ("GY1 1AA", "GG"), ("IM1 1AA", "IM")] {
        let got = look_up(text).await;
        let json = got.json();
        assert_eq!((got.status, &json["country"], json.get("latitude")), (200, &json!(country), None), "{text}");
        let provenance = &json["provenance"];
        assert_eq!((&provenance["verified"], &provenance["source"]), (&json!(false), &json!("none")), "{text}");
        assert_eq!(provenance["precision"], "outcode", "{text}");
    }
}

#[tokio::test]
async fn postcodes_of_no_place_are_not_called_invalid() {
    for text in ["BX1 1LT", "GIR 0AA", "BF1 2AA", "ASCN 1ZZ"] {
        let got = look_up(text).await;
        assert_eq!(got.problem(), (404, "postcode_unknown".into()), "{text}");
        assert!(got.json()["detail"].as_str().unwrap().contains("no place"), "{}", got.text);
    }
}

#[tokio::test]
async fn what_is_no_postcode_is_refused_and_told_what_to_give() {
    let long = "A".repeat(10_000);
    for text in [" ", "FOO", "12345", "M1 1A", "EC1A1BBX", &long, "../", "%2e", "%", "🍕", "\0", "DH1\u{0}3LE", "DH1"]
    {
        let got = look_up(text).await;
        assert_eq!(got.problem(), (422, "postcode_invalid".into()), "{text:?}");
    }
    for raw in ["%FF%FE", "DH1%C3%28", "%00", "%2e%2e%2f"] {
        assert_eq!(get(&format!("/v1/postcodes/{raw}")).await.problem(), (422, "postcode_invalid".into()), "{raw}");
    }
}

#[tokio::test]
async fn paths_that_lead_nowhere_are_problems_too() {
    for path in ["/", "/v1/postcodes/", "/v1/postcodes/../x", "/v1/postcodes/DH1/3LE", "/v2"] {
        assert_eq!(get(path).await.problem(), (404, "not_found".into()), "{path}");
    }
    let got = send(Request::builder().method(Method::POST).uri("/v1/postcodes/x").body(Body::empty()).unwrap()).await;
    assert_eq!(got.problem(), (405, "method_not_allowed".into()));
    assert_eq!(got.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn a_deadline_that_is_no_number_is_refused_and_a_short_one_kept() {
    let ask = |value: &'static str| {
        let request = Request::get("/v1/postcodes/DH13LE").header("JH-Deadline-Ms", value);
        send(request.body(Body::empty()).unwrap())
    };
    for wrong in ["soon", "-1", "1.5", "", "99999999999999999999999"] {
        assert_eq!(ask(wrong).await.problem(), (400, "invalid_header".into()), "{wrong}");
    }
    for right in ["0", "1", "1500", "18446744073709551615"] {
        assert_eq!(ask(right).await.json()["provenance"]["verified"], true, "{right}");
    }
}

#[tokio::test]
async fn an_outcode_has_a_middle() {
    let json = get("/v1/outcodes/dh1").await.json();
    assert_eq!((&json["outcode"], &json["country"]), (&json!("DH1"), &json!("GB")));
    assert!((json["latitude"].as_f64().unwrap() - 54.78).abs() < 0.02, "{json}");
    assert_eq!(
        (&json["provenance"]["precision"], &json["provenance"]["source"]),
        (&json!("outcode"), &json!("os-code-point-open"))
    );
    assert_eq!(get("/v1/outcodes/ZZ9").await.problem(), (404, "postcode_unknown".into()));
    for wrong in ["DH", "DH1%203LE", "%FF", "%00", "..%2f", &"A".repeat(10_000)] {
        assert_eq!(get(&format!("/v1/outcodes/{wrong}")).await.problem(), (422, "postcode_invalid".into()), "{wrong}");
    }
}

#[tokio::test]
async fn health_readiness_and_counts_are_told() {
    let adapter = Arc::new(Adapter::new(Setup { clock: Clock::new(|| NOW_MS), ..Setup::default() }));
    let ask = async |path: &str| {
        let response =
            app(Arc::clone(&adapter)).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    };
    assert_eq!(ask("/healthz").await, (200, "ok\n".into()));
    assert_eq!(ask("/readyz").await, (200, "ok\n".into()));
    ask("/v1/postcodes/DH13LE").await;
    ask("/v1/postcodes/ID11QE").await;
    let (_, counts) = ask("/metrics").await;
    for line in [
        r#"jh_postcode_provider_outcomes_total{provider="os-code-point-open",outcome="found"} 1"#,
        r#"jh_postcode_provider_outcomes_total{provider="os-code-point-open",outcome="not_found"} 1"#,
        r#"jh_postcode_answers_total{via="miss",verdict="found"} 1"#,
        "jh_postcode_cached_bytes 0",
    ] {
        assert!(counts.contains(line), "{line}\n{counts}");
    }
    adapter.stop();
    assert_eq!(ask("/readyz").await, (503, "stopping\n".into()));
    assert_eq!(ask("/healthz").await.0, 200);
}
