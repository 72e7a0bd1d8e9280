//! A book with the sample restaurants and a customer in Durham, for tests. Keeps its own clock: times are given, never asked for.

use order::command::{Action, Command, Destination, Given, LineWish, OptionWish, PlaceOrder, Step, Tender};
use order::id::{OrderId, Slug};
use order::key::{Key, Keyed};
use order::place::{Freshness, Place, Point, Precision, Standing};
use order::postcode::Postcode;
use order::reply::{Refusal, Reply};
use order::stage::{Actor, Role, Service};
use order::view::OrderView;
use order::{Delta, State};

/// Monday 1 March 2027, 19:00 in London: everything but the bakery is open.
pub(crate) const EVENING: &str = "2027-03-01T19:00:00Z";

/// An instant in ms since 1970.
pub(crate) fn at(text: &str) -> u64 {
    text.parse::<jiff::Timestamp>().expect("test times are well formed").as_millisecond() as u64
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("test names are well formed")
}

/// A book with the sample data, loaded an hour before `EVENING`.
pub(crate) fn book() -> State {
    let mut state = State::new();
    for command in [Command::begin([7; 32])].into_iter().chain(order::sample::commands()) {
        run(&mut state, at(EVENING) - 3_600_000, &command);
    }
    state
}

/// The same with a kitchen so small that two orders for one time are too many.
pub(crate) fn crowded() -> State {
    let mut state = book();
    let mut profile = state.restaurant("soho-sushi").expect("it is in the sample").profile.clone();
    profile.slot_capacity = Some(1);
    run(&mut state, at(EVENING), &ops(Action::PutRestaurant(Box::new(profile))));
    state
}

/// Executes and applies.
pub(crate) fn run(state: &mut State, at_ms: u64, command: &Command) -> (Option<Delta>, Reply) {
    let (delta, reply) = state.execute(at_ms, command);
    delta.iter().for_each(|delta| state.apply(delta));
    (delta, reply)
}

pub(crate) fn key(text: &str) -> Key {
    Key::parse(&format!("{text:-<16}")).expect("test keys are well formed")
}

/// The same under a key.
pub(crate) fn keyed(mut command: Command, text: &str, fingerprint: u128) -> Command {
    command.keyed = Some(Keyed { key: key(text), fingerprint });
    command
}

pub(crate) fn verified(postcode: &str, point: Option<(i32, i32)>) -> Place {
    Place {
        postcode: Postcode::parse(postcode).expect("test postcodes are well formed"),
        point: point.and_then(|(lat, lon)| Point::new(lat, lon)),
        standing: Standing::Verified,
        source: "pack".into(),
        fetched_at_ms: at(EVENING),
        freshness: Freshness::Embedded,
        precision: Precision::Postcode,
        suggestions: Vec::new(),
    }
}

pub(crate) fn line(item: &str, quantity: u32, options: &[(&str, u32)]) -> LineWish {
    let options = options.iter().map(|(option, quantity)| OptionWish { option: slug(option), quantity: *quantity });
    LineWish { item: slug(item), quantity, options: options.collect() }
}

/// The example of the API: two margheritas with extra cheese to Durham.
pub(crate) fn wish() -> PlaceOrder {
    PlaceOrder {
        restaurant: slug("cathedral-pizza"),
        service: Service::Delivery,
        items: vec![line("margherita", 2, &[("extra-cheese", 1)])],
        name: "Ada".into(),
        phone: "+441913341234".into(),
        deliver_to: Some(Destination {
            lines: vec!["12 North Road".into()],
            postcode: Given::Place(verified("DH1 4SG", Some((54_780_000, -1_580_000)))),
        }),
        note: "ring twice".into(),
        expect: Default::default(),
        allergens_acknowledged: None,
        age_confirmed: false,
        fulfil_at_ms: None,
        tender: Default::default(),
        quote: None,
        random: 7,
    }
}

/// A set of sushi, to be collected from a small kitchen.
pub(crate) fn sushi() -> PlaceOrder {
    PlaceOrder {
        restaurant: slug("soho-sushi"),
        service: Service::Collection,
        items: vec![line("nigiri-set", 1, &[("salmon", 6)])],
        deliver_to: None,
        ..wish()
    }
}

pub(crate) fn card(token: &str) -> Tender {
    Tender::Card { token: token.into() }
}

pub(crate) fn place_as(actor: Actor, key_text: &str, fingerprint: u128, wish: PlaceOrder) -> Command {
    let keyed = Some(Keyed { key: key(key_text), fingerprint });
    Command { actor, keyed, if_match: None, action: Action::Place(Box::new(wish)) }
}

pub(crate) fn place(key_text: &str, wish: PlaceOrder) -> Command {
    place_as(Actor::guest(Role::Customer), key_text, 1, wish)
}

pub(crate) fn step(role: Role, order: OrderId, step: Step) -> Command {
    step_as(Actor::guest(role), order, step)
}

pub(crate) fn step_as(actor: Actor, order: OrderId, step: Step) -> Command {
    Command { actor, keyed: None, if_match: None, action: Action::Step { order, step } }
}

pub(crate) fn ops(action: Action) -> Command {
    Command { actor: Actor::guest(Role::Ops), keyed: None, if_match: None, action }
}

/// Places an order that must succeed.
pub(crate) fn placed(state: &mut State, at_ms: u64, key_text: &str, wish: PlaceOrder) -> OrderView {
    match run(state, at_ms, &place(key_text, wish)).1 {
        Reply::Placed { order, replayed: false } => order,
        other => panic!("the order was not placed: {other:?}"),
    }
}

/// Makes a move that must succeed with an event.
pub(crate) fn moved(state: &mut State, at_ms: u64, command: &Command) -> OrderView {
    match run(state, at_ms, command) {
        (Some(_), Reply::Moved { order, event: Some(_), replayed: false }) => order,
        other => panic!("{command:?} did not move the order: {other:?}"),
    }
}

pub(crate) fn refusal(reply: Reply) -> Refusal {
    match reply {
        Reply::Refused(refusal) => refusal,
        other => panic!("this was not refused: {other:?}"),
    }
}

/// The codes and pointers of a refusal, in order.
pub(crate) fn issues(reply: Reply) -> Vec<(&'static str, String)> {
    match refusal(reply) {
        Refusal::Issues(issues) => issues.into_iter().map(|issue| (issue.code(), issue.pointer)).collect(),
        other => panic!("this was refused otherwise: {other:?}"),
    }
}
