//! The description of the API is whole: every route is in it, and everything users rely on is a route.
use super::*;

/// What users, scripts and tests may rely on.
const PROMISED: &[(&str, &str)] = &[
    ("get", "/v1/restaurants"),
    ("get", "/v1/restaurants/{restaurant}"),
    ("get", "/v1/restaurants/{restaurant}/menu"),
    ("put", "/v1/restaurants/{restaurant}/menu"),
    ("get", "/v1/postcodes"),
    ("get", "/v1/postcodes/{postcode}"),
    ("get", "/v1/postcodes/{postcode}/addresses"),
    ("post", "/v1/quotes"),
    ("post", "/v1/orders"),
    ("get", "/v1/orders"),
    ("get", "/v1/orders/{order}"),
    ("post", "/v1/orders/{order}/accept"),
    ("post", "/v1/orders/{order}/reject"),
    ("post", "/v1/orders/{order}/start"),
    ("post", "/v1/orders/{order}/ready"),
    ("post", "/v1/orders/{order}/pick_up"),
    ("post", "/v1/orders/{order}/deliver"),
    ("post", "/v1/orders/{order}/hand_over"),
    ("post", "/v1/orders/{order}/cancel"),
    ("get", "/v1/orders/{order}/events"),
    ("get", "/v1/events"),
    ("get", "/v1/cluster"),
    ("post", "/v1/cluster/promote"),
    ("post", "/v1/cluster/rebuild-view"),
    ("post", "/v1/cluster/force-loss"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
];

#[tokio::test]
async fn everything_promised_is_described_and_is_there() {
    let bench = Bench::new();
    let described = bench.get("/openapi.json").await;
    assert!(described.json["openapi"].as_str().unwrap().starts_with("3.1"));
    for (method, path) in PROMISED {
        assert!(described.json["paths"][path][method].is_object(), "{method} {path} is not described");
    }
}

#[tokio::test]
async fn every_route_that_is_described_answers_and_every_reference_leads_somewhere() {
    let bench = Bench::new();
    let described = bench.get("/openapi.json").await.json;
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|_| !path.ends_with("/events")) {
            let filled = path.replace(['{', '}'], "");
            let got = bench.call(&method.to_uppercase(), &filled, &[], "").await;
            assert!(got.code() != "not_found" && got.status != 405, "{method} {path}: {got:?}");
        }
    }
    let text = described.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(described.pointer(reference).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_page_and_the_figures_are_there() {
    let bench = Bench::new();
    let page = bench.get("/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(bench.get("/metrics").await.status, 200);
}

#[test]
fn the_page_asks_nobody_else_for_anything() {
    let page = include_str!("../../page/index.html");
    for foreign in ["http://", "https://", "//cdn", "@import", "src=\"//"] {
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(foreign), "{foreign}");
    }
}
