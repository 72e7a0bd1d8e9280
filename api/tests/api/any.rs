//! Any command and any question, for tests that hold for all of them.
use api::cluster::{Filter, Query};
use order::OrderId;
use order::allergen::AllergenSet;
use order::command::{Action, Command, Destination, Expect, Given, LineWish, OptionWish, PlaceOrder, Step, Tender};
use order::id::Slug;
use order::key::{Key, Keyed};
use order::place::{Freshness, Place, Point, Precision, Standing};
use order::postcode::Postcode;
use order::promise::Secret;
use order::restaurant::Availability;
use order::stage::{Actor, Reason, Role, Service, Stage};
use proptest::option::of;
use proptest::prelude::*;

fn slug() -> impl Strategy<Value = Slug> {
    "[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,5})?".prop_map(|text| Slug::parse(&text).unwrap())
}
fn text() -> impl Strategy<Value = Box<str>> {
    ".{0,30}".prop_map(String::into_boxed_str)
}
fn actor() -> impl Strategy<Value = Actor> {
    (0..Role::ALL.len(), text()).prop_map(|(role, id)| Actor { role: Role::ALL[role], id })
}
fn reason() -> impl Strategy<Value = Reason> {
    (0..Reason::ALL.len()).prop_map(|number| Reason::ALL[number])
}
fn postcode() -> impl Strategy<Value = Postcode> {
    "[A-Z]{1,2}[1-9] [0-9][A-Z]{2}".prop_map(|text| Postcode::parse(&text).unwrap())
}

fn place() -> impl Strategy<Value = Place> {
    let standing = prop_oneof![
        Just(Standing::Verified),
        Just(Standing::Unverified),
        Just(Standing::Unknown),
        Just(Standing::Terminated)
    ];
    let freshness =
        prop_oneof![Just(Freshness::Fresh), Just(Freshness::Stale), Just(Freshness::Embedded), Just(Freshness::Local)];
    let precision = prop_oneof![
        Just(Precision::Premise),
        Just(Precision::Building),
        Just(Precision::Postcode),
        Just(Precision::Outcode)
    ];
    let point = of((-90_000_000..=90_000_000i32, -180_000_000..=180_000_000i32));
    let point = point.prop_map(|point| point.and_then(|(lat, lon)| Point::new(lat, lon)));
    let suggestions = proptest::collection::vec(postcode(), 0..3);
    (postcode(), point, standing, text(), any::<u64>(), freshness, precision, suggestions).prop_map(
        |(postcode, point, standing, source, fetched_at_ms, freshness, precision, suggestions)| Place {
            postcode,
            point,
            standing,
            source,
            fetched_at_ms,
            freshness,
            precision,
            suggestions,
        },
    )
}

fn destination() -> impl Strategy<Value = Destination> {
    let given = prop_oneof![place().prop_map(Given::Place), text().prop_map(Given::NotAPostcode)];
    (proptest::collection::vec(text(), 0..3), given).prop_map(|(lines, postcode)| Destination { lines, postcode })
}

fn wish() -> impl Strategy<Value = PlaceOrder> {
    let option = (slug(), any::<u32>()).prop_map(|(option, quantity)| OptionWish { option, quantity });
    let line = (slug(), any::<u32>(), proptest::collection::vec(option, 0..3))
        .prop_map(|(item, quantity, options)| LineWish { item, quantity, options });
    let service = prop_oneof![Just(Service::Delivery), Just(Service::Collection)];
    let who = (slug(), service, text(), text(), text());
    let expect =
        (of(any::<i64>()), of(any::<u32>())).prop_map(|(total, menu_revision)| Expect { total, menu_revision });
    let allergens = of(any::<u16>().prop_map(AllergenSet::from_bits));
    let tender = prop_oneof![Just(Tender::Cash), text().prop_map(|token| Tender::Card { token })];
    let rest = (expect, allergens, any::<bool>(), of(any::<u64>()), tender, of(text()), any::<u64>());
    (who, proptest::collection::vec(line, 0..4), of(destination()), rest).prop_map(|(who, items, deliver_to, rest)| {
        let (restaurant, service, name, phone, note) = who;
        let (expect, allergens_acknowledged, age_confirmed, fulfil_at_ms, tender, quote, random) = rest;
        PlaceOrder {
            restaurant,
            service,
            items,
            name,
            phone,
            deliver_to,
            note,
            expect,
            allergens_acknowledged,
            age_confirmed,
            fulfil_at_ms,
            tender,
            quote,
            random,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Release),
        Just(Step::Expire),
        Just(Step::Start),
        Just(Step::Ready),
        Just(Step::Claim),
        Just(Step::Unassign),
        Just(Step::Arrive),
        Just(Step::PickUp),
        Just(Step::Deliver),
        of(any::<u64>()).prop_map(|ready_by_ms| Step::Accept { ready_by_ms }),
        (reason(), proptest::collection::vec(slug(), 0..3)).prop_map(|(reason, items)| Step::Reject { reason, items }),
        text().prop_map(|courier| Step::Assign { courier }),
        of(text()).prop_map(|code| Step::HandOver { code }),
        reason().prop_map(|reason| Step::Fail { reason }),
        reason().prop_map(|reason| Step::Cancel { reason }),
        of(destination().prop_map(Box::new)).prop_map(|deliver_to| Step::Redeliver { deliver_to }),
        any::<u64>().prop_map(|ready_by_ms| Step::Delay { ready_by_ms }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let order = || any::<u128>().prop_map(OrderId::from_u128);
    let availability =
        (any::<bool>(), of(any::<u32>())).prop_map(|(available, stock)| Availability { available, stock });
    prop_oneof![
        wish().prop_map(|wish| Action::Place(Box::new(wish))),
        (order(), step()).prop_map(|(order, step)| Action::Step { order, step }),
        (slug(), slug(), availability).prop_map(|(restaurant, name, availability)| Action::SetAvailability {
            restaurant,
            name,
            availability
        }),
        (slug(), of(any::<u64>())).prop_map(|(restaurant, until_ms)| Action::Pause { restaurant, until_ms }),
        slug().prop_map(|restaurant| Action::Resume { restaurant }),
        (any::<u64>(), any::<u64>()).prop_map(|(from_ms, to_ms)| Action::Outage { from_ms, to_ms }),
        order().prop_map(|order| Action::Postpone { order }),
        any::<u64>().prop_map(|before_ms| Action::Trim { before_ms }),
        any::<[u8; 32]>().prop_map(|secret| Action::Begin { secret: Secret::new(secret) }),
    ]
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    let key = "[!-~]{16,128}".prop_map(|text| Key::parse(&text).unwrap());
    let keyed = (key, any::<u128>()).prop_map(|(key, fingerprint)| Keyed { key, fingerprint });
    (actor(), of(keyed), of(any::<u32>()), action()).prop_map(|(actor, keyed, if_match, action)| Command {
        actor,
        keyed,
        if_match,
        action,
    })
}

pub(crate) fn query() -> impl Strategy<Value = Query> {
    let stage = of((0..Stage::ALL.len()).prop_map(|number| Stage::ALL[number]));
    let filter =
        (of(".{0,20}"), stage, of(any::<u128>()), any::<u32>()).prop_map(|(restaurant, stage, before, limit)| {
            Query::Orders(Filter { restaurant, stage, before: before.map(OrderId::from_u128), limit })
        });
    prop_oneof![
        of(place()).prop_map(Query::Restaurants),
        ".{0,20}".prop_map(Query::Restaurant),
        ".{0,20}".prop_map(Query::Menu),
        ".{0,20}".prop_map(Query::Number),
        any::<u128>().prop_map(|id| Query::Order(OrderId::from_u128(id))),
        filter,
        wish().prop_map(|wish| Query::Quote(Box::new(wish))),
        ".{0,20}".prop_map(Query::Courier),
    ]
}
