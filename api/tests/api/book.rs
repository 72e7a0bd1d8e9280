//! An order book at a fixed time, spoken to as front ends speak to it.
use api::cluster::{Found, Query, Reply, book, command_to_bytes, found_from_bytes, query_to_bytes, reply_from_bytes};
use order::command::{Action, Command, Given, PlaceOrder, Step};
use order::delta::Delta;
use order::key::{Key, Keyed};
use order::place::{Freshness, Place, Point, Precision, Standing};
use order::postcode::Postcode;
use order::stage::{Actor, Role};
use order::state::State;
use order::{OrderId, sample};

/// A Friday evening in November 2026.
pub(crate) const EVENING: u64 = 1_795_201_200_000;

/// A book and every change made to it.
pub(crate) struct Book {
    pub(crate) state: State,
    pub(crate) deltas: Vec<Delta>,
    pub(crate) at_ms: u64,
}

impl Book {
    pub(crate) fn new() -> Book {
        let mut book = Book { state: State::new(), deltas: Vec::new(), at_ms: EVENING - 1_000 };
        for command in [Command::begin([7; 32])].into_iter().chain(sample::commands()) {
            book.run(&command);
        }
        book
    }

    pub(crate) fn run(&mut self, command: &Command) -> Reply {
        self.at_ms += 1_000;
        let (delta, reply) = book::execute(&self.state, self.at_ms, &command_to_bytes(command));
        if let Some(delta) = delta {
            self.state.apply(&delta);
            self.deltas.push(delta);
        }
        reply_from_bytes(&reply).unwrap()
    }

    pub(crate) fn ask(&self, query: &Query) -> Found {
        found_from_bytes(&book::answer(&self.state, self.at_ms, &query_to_bytes(query))).unwrap()
    }

    /// Has an order with this wish placed or refused.
    pub(crate) fn wish(&mut self, number: u32, change: impl FnOnce(&mut PlaceOrder)) -> Reply {
        let mut command = placing(number);
        let Action::Place(wish) = &mut command.action else { unreachable!("placing places") };
        change(wish);
        self.run(&command)
    }

    /// Places the order of the documentation.
    pub(crate) fn place(&mut self, number: u32) -> OrderId {
        match self.run(&placing(number)) {
            Reply::Order { id, .. } => id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn step(&mut self, order: OrderId, actor: Actor, step: Step) -> Reply {
        self.run(&Command { actor, keyed: None, if_match: None, action: Action::Step { order, step } })
    }

    /// An order that a courier brings.
    pub(crate) fn delivered(&mut self, number: u32) -> OrderId {
        let id = self.place(number);
        let (kitchen, courier) = (Actor::guest(Role::Restaurant), Actor::named(Role::Courier, "bob"));
        for step in [Step::Accept { ready_by_ms: None }, Step::Start, Step::Ready] {
            self.step(id, kitchen.clone(), step);
        }
        for step in [Step::Claim, Step::Arrive, Step::PickUp, Step::Deliver] {
            self.step(id, courier.clone(), step);
        }
        id
    }
}

/// The body of the documentation.
pub(crate) const ORDER: &str = r#"{"restaurant":"cathedral-pizza","service":"delivery",
 "items":[{"item":"margherita","quantity":2,"options":[{"option":"extra-cheese","quantity":1}]}],
 "customer":{"name":"Ada","phone":"+441913341234"},
 "deliver_to":{"lines":["12 North Road"],"postcode":"DH1 4SG"}, "note":"ring twice"}"#;

pub(crate) fn somewhere() -> Place {
    Place {
        postcode: Postcode::parse("DH1 4SG").unwrap(),
        point: Point::new(54_777_123, -1_581_418),
        standing: Standing::Verified,
        source: "os-code-point-open".into(),
        fetched_at_ms: 1_759_104_000_000,
        freshness: Freshness::Embedded,
        precision: Precision::Postcode,
        suggestions: Vec::new(),
    }
}

pub(crate) fn placing(number: u32) -> Command {
    let body: api::v1::place::PlaceOrder = serde_json::from_str(ORDER).unwrap();
    let fingerprint = api::fingerprint::of("POST", "/v1/orders", &body);
    let wanted = api::v1::asked::place(body, Some(Given::Place(somewhere())), u64::from(number)).unwrap();
    let key = Key::parse(&format!("key-number-{number:08}")).unwrap();
    Command {
        actor: Actor::guest(Role::Customer),
        keyed: Some(Keyed { key, fingerprint }),
        if_match: None,
        action: Action::Place(Box::new(wanted)),
    }
}
