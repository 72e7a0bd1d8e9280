//! What callers rely on when all goes well, and what they are told when the group does not answer.
use super::*;
use member::{Failure, Why};

#[tokio::test]
async fn an_order_placed_twice_with_one_key_is_placed_once() {
    let bench = Bench::new();
    let first = bench.place("0123456789abcdef", &order()).await;
    assert_eq!(first.status, 201, "{:?}", first.json);
    let id = first.json["id"].as_str().unwrap();
    assert_eq!(first.header("location"), format!("/v1/orders/{id}"));
    assert_eq!((first.header("etag"), first.header("idempotent-replayed")), ("\"1\"", ""));
    assert_eq!(first.json["totals"]["total"], json!({"amount": 1250, "currency": "GBP"}));
    assert_eq!(first.json["deliver_to"]["provenance"]["verified"], false);
    let again = bench.place("\"0123456789abcdef\"", &order()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    assert_eq!(again.json, first.json);
    let other = bench.place("0123456789abcdef", &with(order(), "/note", json!("ring once"))).await;
    assert_eq!((other.status.as_u16(), other.code()), (422, "idempotency_key_reused"));
    assert_eq!(bench.book.orders_held(), 1);
}

#[tokio::test]
async fn a_quote_says_what_an_order_would_and_has_no_effect() {
    let bench = Bench::new();
    let before = bench.book.digest();
    let quote = bench.post("/v1/quotes", with(order(), "/items/0/quantity", json!(3))).await;
    assert_eq!(quote.status, 200, "{:?}", quote.json);
    assert_eq!((&quote.json["fulfillable"], &quote.json["totals"]["total"]["amount"]), (&json!(true), &json!(1875)));
    let hopeless = with(order(), "/deliver_to/postcode", json!("ZZ99 9ZZ"));
    let quote = bench.post("/v1/quotes", hopeless).await;
    assert_eq!((quote.status.as_u16(), &quote.json["fulfillable"]), (200, &json!(false)));
    assert!(!quote.issues().is_empty());
    assert_eq!(bench.book.digest(), before);
}

#[tokio::test]
async fn an_order_is_placed_on_its_quote_by_card_and_told_so() {
    let bench = Bench::new();
    let quote = bench.post("/v1/quotes", order()).await;
    let token = quote.json["quote"]["token"].clone();
    assert!(quote.json["quote"]["expires_at"].as_str().unwrap().ends_with('Z'), "{:?}", quote.json);
    let quoted = with(order(), "/quote", token);
    let other = bench.place("0123456789abcdef", &with(quoted.clone(), "/items/0/quantity", json!(3))).await;
    assert_eq!((other.status.as_u16(), other.issues()), (422, vec![("quote_mismatch", "/quote")]));
    let forged = bench.place("0123456789abcdef", &with(order(), "/quote", json!("forged"))).await;
    assert_eq!((forged.status.as_u16(), forged.issues()), (422, vec![("quote_invalid", "/quote")]));
    let card = |token: &str| with(quoted.clone(), "/payment", json!({"method": "card", "token": token}));
    let declined = bench.place("0123456789abcdef", &card("tok_declined")).await;
    assert_eq!((declined.status.as_u16(), declined.issues()), (422, vec![("payment_declined", "/payment/token")]));
    assert_eq!(declined.json["issues"][0]["reason"], "declined");
    let placed = bench.place("0123456789abcdef", &card("tok_ok")).await;
    let authorised = json!({"amount": 1250, "currency": "GBP"});
    let expected = json!({"method": "card", "state": "authorised", "authorised": authorised});
    assert_eq!((placed.status.as_u16(), &placed.json["payment"]), (201, &expected));
}

#[tokio::test]
async fn a_command_moves_an_order_once_and_only_from_the_version_that_was_read() {
    let bench = Bench::new();
    let placed = bench.place("0123456789abcdef", &order()).await;
    let path = |command: &str| format!("/v1/orders/{}/{command}", placed.json["id"].as_str().unwrap());
    let stale = bench.call("POST", &path("accept"), &[("if-match", "\"2\"")], "").await;
    assert_eq!((stale.status.as_u16(), stale.code(), &stale.json["version"]), (412, "version_mismatch", &json!(1)));
    let early = bench.post(&path("ready"), json!({})).await;
    assert_eq!((early.status.as_u16(), early.code()), (409, "wrong_stage"));
    assert_eq!((&early.json["stage"], &early.json["version"]), (&json!("placed"), &json!(1)));
    assert_eq!(early.json["allowed"], json!(["accept", "reject"]));
    let key = [("idempotency-key", "accept-once-0123456"), ("if-match", "\"1\"")];
    let moved = bench.call("POST", &path("accept"), &key, r#"{"ready_in_minutes":20}"#).await;
    assert_eq!((moved.status.as_u16(), moved.header("etag"), &moved.json["stage"]), (200, "\"2\"", &json!("accepted")));
    // The key check comes before If-Match: a repetition is not told that its own effect is a conflict.
    let again = bench.call("POST", &path("accept"), &key, r#"{"ready_in_minutes":20}"#).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (200, "true"));
}

#[tokio::test]
async fn an_order_goes_all_the_way_to_the_door() {
    let bench = Bench::new();
    let placed = bench.place("0123456789abcdef", &order()).await;
    let path = |command: &str| format!("/v1/orders/{}/{command}", placed.json["id"].as_str().unwrap());
    for command in ["accept", "start", "ready"] {
        assert_eq!(bench.call("POST", &path(command), &[], "").await.status, 200, "{command}");
    }
    let jobs = bench.get("/v1/couriers/bob").await;
    assert_eq!((jobs.json["orders"].as_array().unwrap().len(), jobs.json["open"].as_array().unwrap().len()), (0, 1));
    let nobody = bench.call("POST", &path("claim"), &[], "").await;
    assert_eq!((nobody.status.as_u16(), nobody.issues()), (422, vec![("courier_required", "/courier")]));
    assert_eq!(bench.post(&path("claim"), json!({"courier": "bob"})).await.status, 200);
    let thief = bench.post(&path("pick_up"), json!({"courier": "eve"})).await;
    assert_eq!((thief.status.as_u16(), thief.code()), (403, "not_allowed"));
    // Without a name, the courier who has the job is meant.
    for command in ["pick_up", "arrive", "deliver"] {
        assert_eq!(bench.call("POST", &path(command), &[], "").await.status, 200, "{command}");
    }
    let order = bench.get(&format!("/v1/orders/{}", placed.json["id"].as_str().unwrap())).await;
    assert_eq!((&order.json["stage"], order.json["history"].as_array().unwrap().len()), (&json!("delivered"), 8));
}

#[tokio::test]
async fn reads_carry_tag_and_cursor_and_pages_lead_on() {
    let bench = Bench::new();
    for number in 0..3 {
        bench.place(&format!("key-number-{number:05}"), &order()).await;
    }
    for path in
        ["/v1/restaurants", "/v1/restaurants/cathedral-pizza", "/v1/restaurants/cathedral-pizza/menu", "/v1/orders"]
    {
        let got = bench.get(path).await;
        assert_eq!((got.status.as_u16(), got.header("jh-freshness")), (200, "strong"), "{path}");
        assert_eq!(got.header("jh-cursor"), bench.book.tip().to_string(), "{path}");
    }
    let menu = bench.get("/v1/restaurants/cathedral-pizza/menu").await;
    assert_eq!((menu.header("etag"), &menu.json["revision"]), ("\"1\"", &json!(1)));
    let request = Request::get("/v1/restaurants/cathedral-pizza/menu").header("if-none-match", "\"1\"");
    assert_eq!(bench.send(request.body(Body::empty()).unwrap()).await.status, 304);
    let page = bench.get("/v1/orders?limit=2&restaurant=cathedral-pizza&stage=placed").await;
    let next = page.json["next"].as_str().unwrap();
    assert!(page.header("link").contains(next) && page.header("link").contains("rel=\"next\""));
    let rest = bench.get(&format!("/v1/orders?limit=2&restaurant=cathedral-pizza&stage=placed&cursor={next}")).await;
    assert_eq!((rest.json["orders"].as_array().unwrap().len(), rest.json.get("next")), (1, None));
}

#[tokio::test]
async fn what_is_sold_out_marks_the_menu_and_comes_back() {
    let bench = Bench::new();
    let path = "/v1/restaurants/cathedral-pizza/items/margherita/availability";
    assert_eq!(bench.call("PUT", path, &[], r#"{"available":false}"#).await.status, 200);
    let menu = bench.get("/v1/restaurants/cathedral-pizza/menu").await;
    assert!(menu.header("etag").starts_with("\"1-"), "{}", menu.header("etag"));
    let refused = bench.place("0123456789abcdef", &order()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "order_refused"));
    assert_eq!(refused.issues(), [("item_unavailable", "/items/0/item")]);
    assert_eq!(bench.call("PUT", path, &[], r#"{"available":true}"#).await.status, 200);
    assert_eq!(bench.get("/v1/restaurants/cathedral-pizza/menu").await.header("etag"), "\"1\"");
}

#[tokio::test]
async fn a_menu_is_put_only_on_the_revision_that_was_read() {
    let bench = Bench::new();
    let path = "/v1/restaurants/cathedral-pizza/menu";
    let menu = json!({"categories": [{"id": "all", "name": "All", "items": [
        {"id": "soup", "name": "Soup", "price": 400, "allergens": ["celery"]}]}]});
    let bare = bench.call("PUT", path, &[], menu.to_string()).await;
    assert_eq!((bare.status.as_u16(), bare.code()), (428, "precondition_required"));
    let stale = bench.call("PUT", path, &[("if-match", "\"7\"")], menu.to_string()).await;
    assert_eq!((stale.status.as_u16(), stale.code()), (412, "version_mismatch"));
    let put = bench.call("PUT", path, &[("if-match", "\"1\"")], menu.to_string()).await;
    assert_eq!((put.status.as_u16(), put.header("etag")), (200, "\"2\""), "{:?}", put.json);
    let doubled = with(
        menu,
        "/categories/0/items",
        json!([
        {"id": "soup", "name": "Soup", "price": -1, "allergens": ["dust"]}, {"id": "S!", "name": "", "price": 1, "allergens": []}]),
    );
    let wrong = bench.call("PUT", path, &[("if-match", "*")], doubled.to_string()).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (422, "menu_refused"));
    assert_eq!(wrong.issues().len(), 2, "{:?}", wrong.issues());
}

#[tokio::test]
async fn a_restaurant_pauses_and_resumes() {
    let bench = Bench::new();
    let path = |verb: &str| format!("/v1/restaurants/cathedral-pizza/{verb}");
    assert_eq!(bench.call("POST", &path("pause"), &[], "").await.json["paused"], true);
    let refused = bench.place("0123456789abcdef", &order()).await;
    assert_eq!(refused.issues(), [("restaurant_paused", "/restaurant")]);
    assert_eq!(bench.call("POST", &path("resume"), &[], "").await.json["open"], true);
}

#[tokio::test]
async fn a_silent_group_is_told_as_not_executed_or_unknown() {
    let bench = Bench::new();
    bench.book.fail_next(Failure::NotExecuted(Why::NoPrimary));
    let not = bench.place("0123456789abcdef", &order()).await;
    assert_eq!((not.status.as_u16(), not.code(), not.header("retry-after")), (503, "not_executed", "1"));
    bench.book.fail_next(Failure::OutcomeUnknown);
    let unknown = bench.place("0123456789abcdef", &order()).await;
    assert_eq!((unknown.status.as_u16(), unknown.code(), unknown.header("retry-after")), (503, "outcome_unknown", "1"));
    assert_eq!(bench.place("0123456789abcdef", &order()).await.status, 201);
}

#[tokio::test]
async fn an_old_key_is_never_executed() {
    let bench = Bench::new();
    let expired = bench.place("018cc251-f400-7000-8000-0123456789ab", &order()).await;
    assert_eq!((expired.status.as_u16(), expired.code()), (410, "key_expired"));
    assert_eq!(bench.book.orders_held(), 0);
}

#[tokio::test]
async fn it_is_ready_from_its_first_contacts_until_it_stops() {
    let bench = Bench::new();
    bench.meeting.send_replace(false);
    assert_eq!(bench.get("/readyz").await.status, 503);
    bench.meeting.send_replace(true);
    assert_eq!(bench.get("/readyz").await.status, 200);
    bench.stop.send_replace(true);
    assert_eq!(bench.get("/readyz").await.status, 503);
    assert_eq!(bench.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn the_cluster_is_told_and_a_hand_over_needs_the_right_epoch() {
    let bench = Bench::new();
    let cluster = bench.get("/v1/cluster").await;
    assert_eq!((&cluster.json["primary"], &cluster.json["epoch"]), (&json!("replica-0"), &json!(2)));
    assert_eq!(cluster.json["replicas"][0]["role"], "unreachable");
    let old = bench.post("/v1/cluster/promote", json!({"to": "replica-1", "expect_epoch": 1})).await;
    assert_eq!((old.status.as_u16(), old.code(), &old.json["epoch"]), (409, "epoch_changed", &json!(2)));
    let learner = bench.post("/v1/cluster/promote", json!({"to": "replica-2", "expect_epoch": 2})).await;
    assert_eq!((learner.status.as_u16(), learner.code()), (409, "cluster_refused"));
    assert_eq!(bench.post("/v1/cluster/promote", json!({"to": "replica-0", "expect_epoch": 2})).await.status, 200);
    let nobody = bench.post("/v1/cluster/rebuild-view", json!({"expect_epoch": 2})).await;
    assert_eq!((nobody.status.as_u16(), nobody.code()), (503, "unavailable"));
}
