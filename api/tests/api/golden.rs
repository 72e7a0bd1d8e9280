//! What the public JSON looks like, one file for each shape. A change here is a change that users see: fields may be added,
//! never changed or taken away. `UPDATE_EXPECT=1 cargo test -p api` writes the files anew.

use crate::book::{self as common, Book, ORDER};
use api::cluster::{Filter, Found, Query, Reply};
use api::v1::cluster::{Cluster, Failover, Promote, Replica};
use api::v1::command::{Accept, ByCourier, Cancel, Delay, Fail, HandOver, Party, Redeliver, Reject};
use api::v1::error::{ErrorCode, Problem};
use api::v1::event::{OrderEvent, Reset};
use api::v1::issue::Issue;
use api::v1::menu_body::NewMenu;
use api::v1::order::{Order, OrderList, Quote, Stage};
use api::v1::place::PlaceOrder;
use api::v1::restaurant::{Availability, Menu, Pause, Restaurant, RestaurantList};
use api::v1::time::Timestamp;
use expect_test::expect_file;
use order::command::{Action, Step, Tender};
use order::id::Slug;
use order::limits;
use order::stage::{Actor, Reason, Role, Service};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Compares with the file, and checks that the text comes back as it went.
fn golden<T: Serialize + DeserializeOwned>(name: &str, shape: &T) {
    let text = serde_json::to_string_pretty(shape).unwrap() + "\n";
    expect_file![format!("{}/tests/api/golden/{name}.json", env!("CARGO_MANIFEST_DIR"))].assert_eq(&text);
    let back: T = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_value(&back).unwrap(), serde_json::to_value(shape).unwrap(), "{name}");
}

/// What the book told, as its shape.
fn told<T: DeserializeOwned>(found: Found) -> T {
    match found {
        Found::Told { json, .. } => serde_json::from_slice(&json.0).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn orders_restaurants_and_menus() {
    let mut book = Book::new();
    let placed = book.place(1);
    let delivered = book.delivered(2);
    golden::<Order>("order_placed", &told(book.ask(&Query::Order(placed))));
    golden::<Order>("order_delivered", &told(book.ask(&Query::Order(delivered))));
    let filter = Filter { stage: Some(order::stage::Stage::Placed), limit: 1, ..Filter::default() };
    golden::<OrderList>("order_list", &told(book.ask(&Query::Orders(filter))));
    let Action::Place(wish) = common::placing(3).action else { unreachable!() };
    golden::<Quote>("quote", &told(book.ask(&Query::Quote(wish.clone()))));
    let hopeless = order::command::PlaceOrder { phone: "x".into(), items: Vec::new(), ..*wish };
    golden::<Quote>("quote_with_issues", &told(book.ask(&Query::Quote(Box::new(hopeless)))));
    golden::<Restaurant>("restaurant_with_slots", &told(book.ask(&Query::Restaurant("soho-sushi".into()))));
    golden::<Restaurant>("restaurant", &told(book.ask(&Query::Restaurant("cathedral-pizza".into()))));
    golden::<Menu>("menu", &told(book.ask(&Query::Menu("cathedral-pizza".into()))));
    golden::<RestaurantList>("restaurants_near", &told(book.ask(&Query::Restaurants(Some(common::somewhere())))));
    golden::<api::v1::courier::Courier>("courier", &told(book.ask(&Query::Courier("bob".into()))));
}

#[test]
fn refusals() {
    let mut book = Book::new();
    let mut command = common::placing(1);
    let Action::Place(wish) = &mut command.action else { unreachable!() };
    (wish.phone, wish.items[0].quantity, wish.expect.total) = ("x".into(), 0, Some(1));
    let Reply::Refused(json) = book.run(&command) else { panic!("it was taken") };
    golden::<Problem>("problem_order_refused", &serde_json::from_slice(&json.0).unwrap());
    let id = book.place(2);
    let early = book.step(id, order::stage::Actor::guest(order::stage::Role::Restaurant), order::command::Step::Ready);
    let Reply::Refused(json) = early else { panic!("it was taken") };
    golden::<Problem>("problem_wrong_stage", &serde_json::from_slice(&json.0).unwrap());
    let issue = Issue::new("field_missing", "/items", "`items` is required").remedy("give a list");
    let problem = Problem { trace_id: "0".repeat(24), ..Problem::new(ErrorCode::InvalidBody, "one thing is wrong") };
    golden("problem_invalid_body", &problem.issues(vec![issue]));
}

#[test]
fn what_a_card_a_quote_and_a_small_kitchen_are_told() {
    let mut book = Book::new();
    let card = |token: &str| Tender::Card { token: token.into() };
    let Reply::Order { id, .. } = book.wish(1, |wish| wish.tender = card("tok_ok")) else { panic!("not placed") };
    golden::<Order>("order_authorised", &told(book.ask(&Query::Order(id))));
    book.step(id, Actor::guest(Role::Restaurant), Step::Accept { ready_by_ms: None });
    book.step(id, Actor::guest(Role::Restaurant), Step::Start);
    book.step(id, Actor::guest(Role::Ops), Step::Cancel { reason: Reason::Other });
    golden::<Order>("order_half_refunded", &told(book.ask(&Query::Order(id))));
    let Action::Place(wish) = common::placing(2).action else { unreachable!() };
    let quote: Quote = told(book.ask(&Query::Quote(wish)));
    let token = quote.quote.unwrap().token;
    book.at_ms += limits::QUOTE_KEPT_MS;
    let late = book.wish(3, |wish| {
        (wish.quote, wish.tender) = (Some(token.clone().into()), card("tok_declined"));
    });
    let Reply::Refused(json) = late else { panic!("it was taken") };
    golden::<Problem>("problem_quote_and_card", &serde_json::from_slice(&json.0).unwrap());
    let sushi = |wish: &mut order::command::PlaceOrder| {
        wish.restaurant = Slug::parse("soho-sushi").unwrap();
        wish.service = Service::Collection;
        wish.deliver_to = None;
        wish.items[0].item = Slug::parse("miso").unwrap();
        wish.items[0].options.clear();
    };
    (4..7).for_each(|number| assert!(matches!(book.wish(number, sushi), Reply::Order { .. })));
    let Reply::Refused(json) = book.wish(7, sushi) else { panic!("it was taken") };
    golden::<Problem>("problem_slot_full", &serde_json::from_slice(&json.0).unwrap());
}

#[test]
fn a_card_needs_a_token_and_cash_has_none() {
    let pay = |payment: &str| {
        let body = ORDER.replacen('{', &format!(r#"{{"payment":{payment},"#), 1);
        api::v1::asked::place(serde_json::from_str(&body).unwrap(), None, 0)
    };
    assert_eq!(pay(r#"{"method":"cash"}"#).unwrap().tender, Tender::Cash);
    assert_eq!(pay(r#"{"method":"card","token":"t"}"#).unwrap().tender, Tender::Card { token: "t".into() });
    for (payment, code) in
        [(r#"{"method":"card"}"#, "field_missing"), (r#"{"method":"cash","token":"t"}"#, "field_unknown")]
    {
        let issues = pay(payment).unwrap_err();
        assert_eq!((issues.len(), &*issues[0].code, issues[0].pointer.as_str()), (1, code, "/payment/token"));
        assert!(issues[0].remedy.is_some());
    }
}

#[test]
fn every_error_has_its_word_for_ever() {
    let table: Vec<Value> = ErrorCode::ALL
        .iter()
        .map(|code| json!([code.word(), code.status(), code.title(), format!("{:?}", code.retry())]))
        .collect();
    golden("errors", &table);
}

#[test]
fn events_and_the_cluster() {
    let at = Timestamp::from_ms(common::EVENING);
    golden(
        "event",
        &OrderEvent {
            order: "38G0M9QJ00000T5R5Y83Z5ER5B".into(),
            version: 2,
            stage: Stage::Accepted,
            at,
            event: "order.accepted".into(),
        },
    );
    golden("reset", &Reset { reason: "too_old".into() });
    golden(
        "cluster",
        &Cluster {
            group: "6abe83508a30c224bb04b723d32ee483".into(),
            version: 4,
            epoch: 2,
            loss_epoch: 0,
            primary: "replica-1".into(),
            in_sync: vec!["replica-1".into(), "replica-2".into()],
            min_in_sync: 2,
            replicas: vec![Replica {
                name: "replica-1".into(),
                role: "primary".into(),
                epoch: 2,
                durable: 21,
                committed: 21,
                storage_id: "91f812bf7cc4ff414cf10465a19958e7".into(),
                healthy: true,
                trouble: None,
            }],
            failovers: vec![Failover {
                epoch: 2,
                primary: "replica-1".into(),
                previous: Some("replica-0".into()),
                cause: "died".into(),
                suspected_at: at,
                decided_at: at,
                seen_at: at,
                started_at: at,
                detect_ms: 6,
                take_over_ms: 9,
            }],
        },
    );
}

/// A request that is read, and what it is when it is written again.
fn request<T: Serialize + DeserializeOwned>(name: &str, text: &str) {
    golden::<T>(name, &serde_json::from_str(text).unwrap());
    let mut strange: Value = serde_json::from_str(text).unwrap();
    strange["strange"] = json!(1);
    assert!(serde_json::from_value::<T>(strange).is_err(), "{name} takes an unknown field");
}

#[test]
fn requests() {
    request::<PlaceOrder>("place_order", ORDER);
    let full = ORDER.replacen(
        '{',
        r#"{"expect":{"total":1250,"menu_revision":7},"allergens_acknowledged":["milk"],
        "age_confirmed":true,"fulfil_at":"2026-11-21T19:00:00+01:00",
        "payment":{"method":"card","token":"tok_ok"},"quote":"AQ","#,
        1,
    );
    request::<PlaceOrder>("place_order_full", &full);
    request::<Accept>("accept", r#"{"ready_in_minutes":20}"#);
    request::<Reject>("reject", r#"{"reason":"item_unavailable","items":["margherita"]}"#);
    request::<Cancel>("cancel", r#"{"reason":"changed_mind","by":"customer"}"#);
    request::<Delay>("delay", r#"{"ready_by":"2026-11-21T18:00:00Z"}"#);
    request::<ByCourier>("by_courier", r#"{"courier":"bob"}"#);
    request::<Fail>("fail", r#"{"reason":"customer_absent"}"#);
    request::<HandOver>("hand_over", r#"{"code":"ER5B"}"#);
    request::<Redeliver>("redeliver", r#"{"deliver_to":{"lines":["1 Elvet"],"postcode":"DH1 3LE"}}"#);
    request::<Promote>("promote", r#"{"to":"replica-1","expect_epoch":3}"#);
    request::<Availability>("availability", r#"{"available":true,"stock":3}"#);
    request::<Pause>("pause", r#"{"minutes":20}"#);
    request::<NewMenu>(
        "new_menu",
        r#"{"categories":[{"id":"all","name":"All","items":[{"id":"soup","name":"Soup","price":400,
        "allergens":["celery"],"option_groups":[{"id":"bread","name":"Bread","max":2,
        "options":[{"id":"roll","name":"A roll","price":50}]}]}]}]}"#,
    );
    assert_eq!(serde_json::to_string(&Party::Operator).unwrap(), "\"operator\"");
}
