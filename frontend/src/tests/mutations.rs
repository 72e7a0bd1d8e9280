//! Orders with something put wrong at random: never a panic, never a half-done order, always a problem with a code.
use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use std::cell::Cell;
use tokio::runtime::{Builder, Runtime};

/// Any small JSON value.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(Value::from("x".repeat(3_000))),
        Just(Value::from("margherita")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{0,8}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Pointers to every place in the body.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(elements) => elements.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        _ => return,
    };
    for (name, value) in below {
        let place = format!("{at}/{name}");
        all.push(place.clone());
        places(value, &place, all);
    }
}

thread_local! {
    /// Making a front end takes longer than asking it: each test has one for all its cases.
    static ONE: (Runtime, Bench, Cell<usize>) = {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let bench = runtime.block_on(async { Bench::new() });
        (runtime, bench, Cell::new(0))
    };
}

fn check(body: &[u8]) -> Result<(), TestCaseError> {
    ONE.with(|(runtime, bench, count)| {
        count.set(count.get() + 1);
        let (key, before) = (format!("key-number-{:06}", count.get()), bench.book.orders_held());
        let got = runtime.block_on(bench.call("POST", "/v1/orders", &[("idempotency-key", &key)], body.to_vec()));
        match got.status.as_u16() {
            201 => prop_assert_eq!(bench.book.orders_held(), before + 1),
            400 | 413 | 422 => {
                prop_assert!(!got.code().is_empty() && bench.book.orders_held() == before, "{:?}", got.json);
                prop_assert!(got.json["issues"].is_array() && got.json["detail"] != "", "{:?}", got.json);
            }
            other => prop_assert!(false, "{} {:?}", other, got.json),
        }
        Ok(())
    })
}

/// Every route that takes a body, and a body that it takes.
fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let menu = json!({"currency": "GBP", "categories": [{"id": "hot", "name": "Hot", "items": [{"id": "tea", "name": "Tea",
        "description": "", "price": 150, "allergens": ["milk"], "age_restricted": false, "option_groups": [{"id": "size",
        "name": "Size", "min": 0, "max": 1, "options": [{"id": "large", "name": "Large", "price": 50, "max_quantity": 1,
        "allergens": []}]}]}]}]});
    vec![
        ("POST", "/v1/orders", order()),
        ("POST", "/v1/quotes", order()),
        ("POST", "/v1/orders/0000000000000000000000000A/accept", json!({"ready_by": "2026-11-22T12:00:00Z"})),
        (
            "POST",
            "/v1/orders/0000000000000000000000000A/reject",
            json!({"reason": "item_unavailable", "items": ["margherita"]}),
        ),
        ("POST", "/v1/orders/0000000000000000000000000A/cancel", json!({"reason": "changed_mind"})),
        ("PUT", "/v1/restaurants/cathedral-pizza/menu", menu),
        (
            "PUT",
            "/v1/restaurants/cathedral-pizza/items/margherita/availability",
            json!({"available": true, "stock": 3}),
        ),
        ("POST", "/v1/restaurants/cathedral-pizza/pause", json!({"until": "2026-11-22T12:00:00Z"})),
        ("POST", "/v1/cluster/promote", json!({"to": "replica-1", "expect_epoch": 1})),
        ("POST", "/v1/cluster/rebuild-view", json!({"expect_epoch": 1})),
        ("POST", "/v1/cluster/force-loss", json!({"keep": "replica-1", "expect_epoch": 1})),
    ]
}

/// Whatever is said where, the answer is one of the table, with a code if it is a refusal.
fn check_route(method: &str, path: &str, body: Vec<u8>) -> Result<(), TestCaseError> {
    ONE.with(|(runtime, bench, count)| {
        count.set(count.get() + 1);
        let key = format!("key-elsewhere-{:06}", count.get());
        let got = runtime.block_on(bench.call(method, path, &[("idempotency-key", &key)], body));
        let is_known = got.status.is_success() || !got.code().is_empty() || got.status == StatusCode::NOT_MODIFIED;
        prop_assert!(is_known && got.status != StatusCode::INTERNAL_SERVER_ERROR, "{} {} {:?}", method, path, got);
        Ok(())
    })
}

fn cases() -> u32 {
    std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn any_route_told_something_else_anywhere(route: Index, place: Index, value in any_json()) {
        let all = bodies();
        let (method, path, body) = route.get(&all);
        let mut all = Vec::new();
        places(body, "", &mut all);
        check_route(method, path, with(body.clone(), &all[place.index(all.len())], value).to_string().into_bytes())?;
    }

    #[test]
    fn any_route_told_damaged_bytes(route: Index, place: Index, byte: u8, cut in any::<bool>()) {
        let all = bodies();
        let (method, path, body) = route.get(&all);
        let mut bytes = body.to_string().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        check_route(method, path, bytes)?;
    }

    #[test]
    fn a_value_replaced_anywhere(place: Index, value in any_json()) {
        let mut all = Vec::new();
        places(&order(), "", &mut all);
        check(with(order(), &all[place.index(all.len())], value).to_string().as_bytes())?;
    }

    #[test]
    fn a_field_added_anywhere(name in "[a-z_]{1,12}", value in any_json()) {
        check(with(order(), &format!("/{name}"), value).to_string().as_bytes())?;
    }

    #[test]
    fn bytes_changed_anywhere(place: Index, byte: u8, cut in any::<bool>()) {
        let mut bytes = order().to_string().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        check(&bytes)?;
    }

    #[test]
    fn any_bytes_at_all(bytes: Vec<u8>) {
        check(&bytes)?;
    }
}
