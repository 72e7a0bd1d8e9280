//! Wrong requests: each gets its own clear problem with a stable code, and nothing is half done.
use super::*;
use axum::http::HeaderValue;
use bytes::Bytes;
use std::convert::Infallible;

const KEY: (&str, &str) = ("idempotency-key", "0123456789abcdef");

/// Sends the body as an order and expects this answer, with this issue if one is named, and an untouched book.
async fn refused(bench: &Bench, body: impl Into<Body>, status: u16, code: &str, issue: Option<(&str, &str)>) {
    let before = bench.book.digest();
    let got = bench.call("POST", "/v1/orders", &[KEY], body).await;
    assert_eq!((got.status.as_u16(), got.code()), (status, code), "{:?}", got.json);
    if let Some(issue) = issue {
        assert!(got.issues().contains(&issue), "{issue:?} is not in {:?}", got.json);
    }
    assert_eq!(got.header("content-type"), "application/problem+json");
    assert!(!got.json["trace_id"].as_str().unwrap().is_empty() && !got.json["title"].as_str().unwrap().is_empty());
    assert_eq!(bench.book.digest(), before, "something was half done");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_told_so() {
    let bench = Bench::new();
    let deep = "[".repeat(60_000);
    let bodies: [&[u8]; 8] =
        [b"", b"{", b"\xff\xfe", b"{\"note\":\"\xc3\x28\"}", b"nul", b"{\"a\":1e999}", b"{} {}", deep.as_bytes()];
    for body in bodies {
        refused(&bench, body.to_vec(), 400, "malformed_json", None).await;
    }
}

#[tokio::test]
async fn a_body_of_another_shape_is_told_with_every_place() {
    let bench = Bench::new();
    let long = "x".repeat(1_000);
    let table = [
        (json!([]), "type_wrong", ""),
        (json!("order"), "type_wrong", ""),
        (json!({}), "field_missing", "/restaurant"),
        (without(order(), "/service"), "field_missing", "/service"),
        (without(order(), "/items"), "field_missing", "/items"),
        (without(order(), "/customer"), "field_missing", "/customer"),
        (without(order(), "/customer/phone"), "field_missing", "/customer/phone"),
        (without(order(), "/items/0/quantity"), "field_missing", "/items/0/quantity"),
        (without(order(), "/deliver_to/postcode"), "field_missing", "/deliver_to/postcode"),
        (with(order(), "/restaurant", json!(7)), "type_wrong", "/restaurant"),
        (with(order(), "/restaurant", json!(null)), "type_wrong", "/restaurant"),
        (with(order(), "/service", json!("drone")), "value_unknown", "/service"),
        (with(order(), "/items", json!({})), "type_wrong", "/items"),
        (with(order(), "/items/0", json!("margherita")), "type_wrong", "/items/0"),
        (with(order(), "/items/0/quantity", json!("2")), "type_wrong", "/items/0/quantity"),
        (with(order(), "/items/0/quantity", json!(1.5)), "type_wrong", "/items/0/quantity"),
        (with(order(), "/items/0/quantity", json!(-1)), "number_range", "/items/0/quantity"),
        (with(order(), "/items/0/quantity", json!(u64::MAX)), "number_range", "/items/0/quantity"),
        (with(order(), "/items/0/options/0/quantity", json!(null)), "type_wrong", "/items/0/options/0/quantity"),
        (with(order(), "/deliver_to/lines", json!("12 North Road")), "type_wrong", "/deliver_to/lines"),
        (with(order(), "/fulfil_at", json!("soon")), "value_wrong", "/fulfil_at"),
        (with(order(), "/fulfil_at", json!("2026-02-30T00:00:00Z")), "value_wrong", "/fulfil_at"),
        (with(order(), "/expect", json!({"total": "12.50"})), "type_wrong", "/expect/total"),
        (with(order(), "/expect", json!({"menu_revision": -1})), "number_range", "/expect/menu_revision"),
        (with(order(), "/price", json!(1)), "field_unknown", "/price"),
        (with(order(), "/quote", json!(7)), "type_wrong", "/quote"),
        (with(order(), "/payment", json!("cash")), "type_wrong", "/payment"),
        (with(order(), "/payment", json!({})), "field_missing", "/payment/method"),
        (with(order(), "/payment", json!({"method": "cheque"})), "value_unknown", "/payment/method"),
        (with(order(), "/payment", json!({"method": "card", "token": 1})), "type_wrong", "/payment/token"),
        (with(order(), "/customer/age", json!(1)), "field_unknown", "/customer/age"),
        (with(order(), &format!("/{long}"), json!(1)), "field_unknown", &format!("/{long}")),
    ];
    for (body, code, pointer) in table {
        refused(&bench, body.to_string(), 422, "invalid_body", Some((code, pointer))).await;
    }
    let twice = r#"{"restaurant":"a","restaurant":"b"}"#;
    refused(&bench, twice, 422, "invalid_body", None).await;
}

#[tokio::test]
async fn an_order_that_cannot_be_taken_is_told_why() {
    let bench = Bench::new();
    let long = "x".repeat(600);
    let lines = json!(vec![json!({"item": "margherita", "quantity": 1}); 51]);
    let table = [
        (with(order(), "/restaurant", json!("nobody")), "restaurant_unknown", "/restaurant"),
        (with(order(), "/restaurant", json!("No Such!")), "restaurant_unknown", "/restaurant"),
        (with(order(), "/restaurant", json!("")), "restaurant_unknown", "/restaurant"),
        (with(order(), "/items", json!([])), "items_required", "/items"),
        (with(order(), "/items", lines), "lines_max", "/items"),
        (with(order(), "/items/0/item", json!("stone-soup")), "item_unknown", "/items/0/item"),
        (with(order(), "/items/0/item", json!("../etc")), "item_unknown", "/items/0/item"),
        (with(order(), "/items/0/quantity", json!(0)), "quantity_range", "/items/0/quantity"),
        (with(order(), "/items/0/quantity", json!(100)), "quantity_range", "/items/0/quantity"),
        (with(order(), "/items/0/options/0/option", json!("gold")), "option_unknown", "/items/0/options/0/option"),
        (with(order(), "/items/0/options/0/quantity", json!(9)), "option_max", "/items/0/options/0/quantity"),
        (with(order(), "/customer/phone", json!("0191")), "phone_invalid", "/customer/phone"),
        (with(order(), "/customer/name", json!(" ")), "text_required", "/customer/name"),
        (with(order(), "/customer/name", json!(long)), "text_too_long", "/customer/name"),
        (with(order(), "/customer/name", json!("a\u{7}b")), "text_unprintable", "/customer/name"),
        (with(order(), "/note", json!(long)), "text_too_long", "/note"),
        (without(order(), "/deliver_to"), "address_required", "/deliver_to"),
        (with(order(), "/deliver_to/lines", json!([])), "address_lines_required", "/deliver_to/lines"),
        (with(order(), "/deliver_to/postcode", json!("")), "postcode_invalid", "/deliver_to/postcode"),
        (with(order(), "/deliver_to/postcode", json!("SW1A OAA")), "postcode_invalid", "/deliver_to/postcode"),
        (with(order(), "/deliver_to/postcode", json!(long)), "postcode_invalid", "/deliver_to/postcode"),
        (with(order(), "/deliver_to/postcode", json!("NE1 4ST")), "outside_zone", "/deliver_to/postcode"),
        (with(order(), "/expect", json!({"total": 1})), "price_changed", "/expect/total"),
        (with(order(), "/expect", json!({"menu_revision": 2})), "menu_changed", "/expect/menu_revision"),
        (with(order(), "/expect", json!({"menu_revision": u64::MAX})), "menu_changed", "/expect/menu_revision"),
        (with(order(), "/allergens_acknowledged", json!([])), "allergen_ack_required", "/allergens_acknowledged"),
        (with(order(), "/allergens_acknowledged", json!(["dust"])), "allergen_unknown", "/allergens_acknowledged/0"),
        (with(order(), "/fulfil_at", json!("1970-01-01T00:00:00Z")), "fulfil_at_unavailable", "/fulfil_at"),
    ];
    for (body, code, pointer) in table {
        refused(&bench, body.to_string(), 422, "order_refused", Some((code, pointer))).await;
    }
    let hopeless = with(with(order(), "/items/0/quantity", json!(0)), "/customer/phone", json!("x"));
    let got = bench.place("0123456789abcdef", &hopeless).await;
    assert_eq!(got.issues().len(), 2, "all at once: {:?}", got.issues());
    assert!(got.json["issues"].as_array().unwrap().iter().all(|issue| issue["remedy"].is_string()));
}

#[tokio::test]
async fn keys_and_versions_that_are_none_are_told_so() {
    let bench = Bench::new();
    let none = bench.post("/v1/orders", order()).await;
    assert_eq!((none.status.as_u16(), none.code()), (400, "idempotency_key_required"));
    for key in ["", "short", "0123456789 abcdef", &"x".repeat(129)] {
        let got = bench.place(key, &order()).await;
        assert_eq!((got.status.as_u16(), got.code()), (400, "idempotency_key_invalid"), "{key:?}");
    }
    let mut request = Request::post("/v1/orders").header("content-type", "application/json");
    request.headers_mut().unwrap().insert("idempotency-key", HeaderValue::from_bytes(b"\xff123456789abcdef").unwrap());
    let got = bench.send(request.body(Body::from(order().to_string())).unwrap()).await;
    assert_eq!(got.code(), "idempotency_key_invalid");
    let placed = bench.place("0123456789abcdef", &order()).await;
    let path = format!("/v1/orders/{}/accept", placed.json["id"].as_str().unwrap());
    for version in ["1", "W/\"1\"", "\"one\"", "\"1\", \"2\"", ""] {
        let got = bench.call("POST", &path, &[("if-match", version)], "").await;
        assert_eq!((got.status.as_u16(), got.code()), (400, "invalid_header"), "{version:?}");
    }
}

#[tokio::test]
async fn paths_and_parameters_that_are_none_are_told_so() {
    let bench = Bench::new();
    let id = "38G0M9QJ00000T5R5Y83Z5ER5B";
    let table = [
        ("GET", "/nowhere".to_owned(), 404, "not_found"),
        ("GET", "/v1/orders/1".to_owned(), 404, "order_unknown"),
        ("GET", format!("/v1/orders/{id}"), 404, "order_unknown"),
        ("GET", "/v1/orders/%ff%fe".to_owned(), 400, "invalid_parameter"),
        ("GET", "/v1/restaurants/nobody".to_owned(), 404, "restaurant_unknown"),
        ("GET", "/v1/restaurants/No%20One/menu".to_owned(), 404, "restaurant_unknown"),
        ("GET", "/v1/orders?limit=0".to_owned(), 400, "invalid_parameter"),
        ("GET", "/v1/orders?limit=101".to_owned(), 400, "invalid_parameter"),
        ("GET", "/v1/orders?limit=many".to_owned(), 400, "invalid_parameter"),
        ("GET", "/v1/orders?stage=eaten".to_owned(), 400, "invalid_parameter"),
        ("GET", "/v1/orders?colour=red".to_owned(), 400, "invalid_parameter"),
        ("GET", "/v1/orders?cursor=x".to_owned(), 400, "cursor_invalid"),
        ("GET", "/v1/orders?restaurant=nobody".to_owned(), 404, "restaurant_unknown"),
        ("GET", format!("/v1/orders/{id}?consistency=weak"), 400, "invalid_parameter"),
        ("GET", "/v1/events?after=x".to_owned(), 400, "cursor_invalid"),
        ("GET", "/v1/events?restaurant=nobody".to_owned(), 404, "restaurant_unknown"),
        ("POST", format!("/v1/orders/{id}/eat"), 404, "command_unknown"),
        ("POST", format!("/v1/orders/{id}/accept"), 404, "order_unknown"),
        ("DELETE", "/v1/orders".to_owned(), 405, "method_not_allowed"),
        ("GET", "/v1/quotes".to_owned(), 405, "method_not_allowed"),
        ("PUT", "/v1/restaurants/cathedral-pizza/items/..%2f/availability".to_owned(), 404, "item_unknown"),
        ("PUT", "/v1/restaurants/cathedral-pizza/items/stone/availability".to_owned(), 404, "item_unknown"),
        ("POST", "/v1/restaurants/nobody/pause".to_owned(), 404, "restaurant_unknown"),
    ];
    for (method, path, status, code) in table {
        let body = if path.ends_with("availability") { r#"{"available":true}"# } else { "" };
        let got = bench.call(method, &path, &[], body).await;
        assert_eq!((got.status.as_u16(), got.code()), (status, code), "{method} {path}: {:?}", got.json);
    }
    let got = bench.call("DELETE", "/v1/orders", &[], "").await;
    assert!(got.header("allow").contains("POST") && got.header("allow").contains("GET"));
}

#[tokio::test]
async fn commands_with_wrong_content_are_told_why() {
    let bench = Bench::new();
    let placed = bench.place("0123456789abcdef", &order()).await;
    let id = placed.json["id"].as_str().unwrap();
    let table = [
        ("accept", json!({"ready_in_minutes": 600}), 422, "command_refused", "time_range"),
        ("accept", json!({"ready_in_minutes": -1}), 422, "invalid_body", "number_range"),
        ("accept", json!({"when": 1}), 422, "invalid_body", "field_unknown"),
        ("reject", json!({"reason": "bored"}), 422, "command_refused", "reason_unlisted"),
        ("reject", json!({"reason": "changed_mind"}), 422, "command_refused", "reason_unlisted"),
        ("reject", json!({}), 422, "invalid_body", "field_missing"),
        ("cancel", json!({"reason": "bored"}), 422, "command_refused", "reason_unlisted"),
        ("cancel", json!({"by": "nobody"}), 422, "invalid_body", "value_unknown"),
        ("start", json!({"now": true}), 422, "invalid_body", "field_unknown"),
        ("delay", json!({"ready_by": 5}), 422, "invalid_body", "type_wrong"),
    ];
    for (command, body, status, code, issue) in table {
        let before = bench.book.digest();
        let got = bench.post(&format!("/v1/orders/{id}/{command}"), body.clone()).await;
        assert_eq!((got.status.as_u16(), got.code()), (status, code), "{command} {body}: {:?}", got.json);
        assert!(got.issues().iter().any(|(found, _)| *found == issue), "{command} {body}: {:?}", got.json);
        assert_eq!(bench.book.digest(), before);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_of_another_kind_is_told_so() {
    let bench = Bench::new();
    let large = with(order(), "/note", json!("x".repeat(70_000))).to_string();
    refused(&bench, large, 413, "body_too_large", None).await;
    let request = Request::post("/v1/orders").header(KEY.0, KEY.1).header("content-type", "text/plain");
    let got = bench.send(request.body(Body::from(order().to_string())).unwrap()).await;
    assert_eq!((got.status.as_u16(), got.code()), (415, "unsupported_media_type"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for_long() {
    let bench = Bench::new();
    let first = futures_util::stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{\"restaurant\":"))]);
    let body = Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending()));
    let before = tokio::time::Instant::now();
    refused(&bench, body, 408, "request_timeout", None).await;
    assert!(before.elapsed() <= crate::limits::BODY_TIME + std::time::Duration::from_secs(1));
}
