//! Postcodes with the adapter there, gone, and talking nonsense.
use super::*;
use ::order::place::Standing;
use ::order::postcode::Postcode;
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Mutex;
use std::time::Duration;
use tokio::net::TcpListener;

/// An adapter that knows one postcode, one that ended, and otherwise answers `other`.
async fn adapter(other: StatusCode) -> String {
    let answer = move |axum::extract::Path(text): axum::extract::Path<String>| async move {
        let located = json!({"postcode": "DH1 4SG", "country": "GB", "outcode": "DH1", "latitude": 54.777123,
            "longitude": -1.581418, "provenance": {"source": "os-code-point-open", "fetched_at": "2025-09-29T00:00:00Z",
            "age_s": 1, "freshness": "embedded", "precision": "postcode_centroid", "verified": true}});
        let gone = json!({"code": "postcode_terminated", "status": 404, "suggestions": ["DH1 4SG"]});
        match text.as_str() {
            "DH1 4SG" => axum::Json(located).into_response(),
            "DH1 9ZZ" => (StatusCode::NOT_FOUND, axum::Json(gone)).into_response(),
            _ => (other, "nonsense").into_response(),
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/postcodes/{postcode}", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[tokio::test]
async fn an_order_carries_what_the_adapter_knew() {
    let bench = Bench::with_adapter(&adapter(StatusCode::NOT_FOUND).await);
    let placed = bench.place("0123456789abcdef", &order()).await;
    let to = &placed.json["deliver_to"];
    assert_eq!((&to["latitude"], &to["provenance"]["source"]), (&json!(54.777123), &json!("os-code-point-open")));
    assert_eq!(to["provenance"]["verified"], true);
    let gone = bench.place("0123456789abcdeg", &with(order(), "/deliver_to/postcode", json!("dh19zz"))).await;
    assert_eq!(gone.issues(), [("postcode_terminated", "/deliver_to/postcode")]);
    assert_eq!(gone.json["issues"][0]["suggestions"], json!(["DH1 4SG"]));
    let gone = bench.get("/v1/restaurants?postcode=DH1%209ZZ").await;
    assert_eq!((gone.status.as_u16(), gone.code()), (404, "postcode_terminated"));
    let near = bench.get("/v1/restaurants?postcode=dh14sg").await;
    assert_eq!((&near.json["verified"], &near.json["restaurants"][0]["id"]), (&json!(true), &json!("cathedral-pizza")));
}

#[tokio::test]
async fn with_the_adapter_gone_ordering_works_and_says_unverified() {
    let bench = Bench::new();
    let near = bench.get("/v1/restaurants?postcode=DH1%203LE").await;
    assert_eq!((near.status.as_u16(), &near.json["verified"]), (200, &json!(false)));
    assert_eq!(near.json["restaurants"][0]["delivers"], true);
    let known = bench.get("/v1/postcodes/dh13le").await;
    assert_eq!((&known.json["postcode"], &known.json["provenance"]["verified"]), (&json!("DH1 3LE"), &json!(false)));
    let placed = bench.place("0123456789abcdef", &order()).await;
    assert_eq!(placed.json["deliver_to"]["provenance"]["freshness"], "local");
}

#[tokio::test]
async fn an_adapter_that_fails_is_as_good_as_none() {
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS] {
        let bench = Bench::with_adapter(&adapter(status).await);
        let placed = bench.place("0123456789abcdef", &with(order(), "/deliver_to/postcode", json!("DH1 1AA"))).await;
        assert_eq!(placed.status, 201, "{status}: {:?}", placed.json);
        assert_eq!(placed.json["deliver_to"]["provenance"]["verified"], false);
    }
}

#[tokio::test]
async fn what_is_no_postcode_is_told_so_with_suggestions() {
    let bench = Bench::new();
    for path in ["/v1/postcodes/SW1A%20OAA", "/v1/restaurants?postcode=SW1A%20OAA"] {
        let got = bench.get(path).await;
        assert_eq!((got.status.as_u16(), got.code()), (422, "postcode_invalid"), "{path}");
        assert_eq!(got.json["suggestions"], json!(["SW1A 0AA"]), "{path}");
    }
}

/// An adapter that knows one postcode, and what each question said of its time.
async fn listening_adapter() -> (String, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    let answer = move |headers: HeaderMap| async move {
        heard.lock().unwrap().push(headers["jh-deadline-ms"].to_str().unwrap().to_owned());
        let gone = json!({"code": "postcode_terminated", "status": 404});
        (StatusCode::NOT_FOUND, axum::Json(gone))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/postcodes/{postcode}", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, asked)
}

#[tokio::test]
async fn those_who_ask_for_one_postcode_at_the_same_time_share_one_question() {
    let (base, asked) = listening_adapter().await;
    let places = Places::new(&base);
    let find = || places.find(Postcode::parse("DH1 9ZZ").unwrap(), Duration::from_secs(60));
    let (one, two, three) = tokio::join!(find(), find(), find());
    assert!([&one, &two, &three].iter().all(|place| place.standing == Standing::Terminated));
    assert_eq!(*asked.lock().unwrap(), ["60000"]);
}

#[tokio::test]
async fn an_order_gives_the_adapter_less_time_than_somebody_who_asks_just_that() {
    let (base, asked) = listening_adapter().await;
    let bench = Bench::with_adapter(&base);
    bench.get("/v1/postcodes/DH1%209ZZ").await;
    bench.place("0123456789abcdef", &with(order(), "/deliver_to/postcode", json!("DH1 9ZZ"))).await;
    assert_eq!(*asked.lock().unwrap(), ["1500", "150"]);
}
