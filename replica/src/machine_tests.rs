//! What holds of the order book as a machine: bytes in, bytes out, the same state everywhere.
use super::*;
use api::cluster::{Filter, Found, Query, Reply as Told};
use api::v1::order::{Order as ToldOrder, OrderList, Quote, Stage};
use order::key::{Key, Keyed};
use order::sample;
use proptest::prelude::*;

const NOON: Wall = 1_800_000_000_000;

fn run(book: &mut Orders, at: Wall, command: &Command) -> Told {
    let executed = book.execute(at, &cluster::command_to_bytes(command));
    let reply = match executed {
        Executed::Changed { delta, reply } => {
            book.apply(at, 1, &delta);
            reply
        }
        Executed::Unchanged { reply } => reply,
    };
    cluster::reply_from_bytes(&reply).unwrap()
}

fn sampled() -> Orders {
    let mut book = Orders::new();
    for command in sample::commands() {
        assert!(matches!(run(&mut book, NOON, &command), Told::Restaurant { .. }));
    }
    book
}

fn placing(key: &str, quantity: u32) -> Command {
    let body = format!(
        r#"{{"restaurant":"cathedral-pizza","service":"collection","items":[{{"item":"margherita","quantity":{quantity},
        "options":[{{"option":"extra-cheese","quantity":1}}]}}],"customer":{{"name":"Ada","phone":"+441913341234"}}}}"#
    );
    let body = serde_json::from_str(&body).unwrap();
    let fingerprint = api::fingerprint::of("POST", "/v1/orders", &body);
    let wanted = api::v1::asked::place(body, None, 42).unwrap();
    Command {
        actor: order::stage::Actor::guest(order::stage::Role::Customer),
        keyed: Some(Keyed { key: Key::parse(key).unwrap(), fingerprint }),
        if_match: None,
        action: Action::Place(Box::new(wanted)),
    }
}

fn ask(book: &Orders, query: &Query) -> Found {
    cluster::found_from_bytes(&book.query(NOON, &cluster::query_to_bytes(query))).unwrap()
}

#[test]
fn an_order_placed_twice_with_one_key_is_placed_once_and_told_alike() {
    let mut book = sampled();
    let command = placing("0123456789abcdef", 2);
    let Told::Order { id, version: 1, placed: true, replayed: false, json } = run(&mut book, NOON, &command) else {
        panic!("not placed");
    };
    let Told::Order { id: again, replayed: true, json: told_again, .. } = run(&mut book, NOON + 5, &command) else {
        panic!("not replayed");
    };
    assert_eq!((id, &json), (again, &told_again));
    let order: ToldOrder = serde_json::from_slice(&json.0).unwrap();
    assert_eq!((order.totals.total.amount, order.stage, order.version), (1250, Stage::Placed, 1));
    assert_eq!(order.allowed, ["cancel", "accept", "reject"]);
    let Told::Refused(problem) = run(&mut book, NOON, &placing("0123456789abcdef", 3)) else { panic!("not refused") };
    assert!(String::from_utf8(problem.0).unwrap().contains("idempotency_key_reused"));
}

#[test]
fn what_a_delta_made_is_found_by_asking() {
    let mut book = sampled();
    let Told::Order { id, .. } = run(&mut book, NOON, &placing("0123456789abcdef", 1)) else { panic!("not placed") };
    let Found::Told { tag, json, .. } = ask(&book, &Query::Order(id)) else { panic!("not found") };
    assert_eq!(tag, "1");
    assert_eq!(serde_json::from_slice::<ToldOrder>(&json.0).unwrap().id, id.to_string());
    let filter = Filter { restaurant: Some("cathedral-pizza".into()), limit: 10, ..Filter::default() };
    let Found::Told { next: None, json, .. } = ask(&book, &Query::Orders(filter)) else { panic!("no list") };
    assert_eq!(serde_json::from_slice::<OrderList>(&json.0).unwrap().orders.len(), 1);
    let Found::Told { tag, .. } = ask(&book, &Query::Menu("cathedral-pizza".into())) else { panic!("no menu") };
    assert_eq!(tag, "1");
    assert!(matches!(ask(&book, &Query::Menu("nobody".into())), Found::Refused(_)));
    assert!(matches!(ask(&book, &Query::Menu("No Slug!".into())), Found::Refused(_)));
}

#[test]
fn whoever_leads_a_new_book_draws_its_secret_and_every_later_primary_keeps_it() {
    let (mut first, mut backup) = (Orders::new(), Orders::new());
    let born = first.due(NOON, 10);
    assert_eq!(born.len(), 1);
    let Executed::Changed { delta, .. } = first.execute(NOON, &born[0]) else { panic!("nothing changed") };
    first.apply(NOON, 1, &delta);
    backup.apply(NOON, 1, &delta);
    assert!(first.due(NOON, 10).is_empty() && backup.due(NOON, 10).is_empty());
    assert!(matches!(backup.execute(NOON, &Orders::new().due(NOON, 10)[0]), Executed::Unchanged { .. }));
    assert_ne!(Orders::new().due(NOON, 10), born, "drawn anew for another book");
}

#[test]
fn a_quote_of_one_primary_is_taken_by_the_next() {
    let (mut first, mut next) = (sampled(), sampled());
    let Executed::Changed { delta, .. } = first.execute(NOON, &first.due(NOON, 1)[0]) else {
        panic!("nothing changed")
    };
    first.apply(NOON, 99, &delta);
    next.apply(NOON, 99, &delta);
    let Action::Place(mut wish) = placing("0123456789abcdef", 1).action else { unreachable!() };
    let Found::Told { json, .. } = ask(&first, &Query::Quote(wish.clone())) else { panic!("no quote") };
    let quote: Quote = serde_json::from_slice(&json.0).unwrap();
    wish.quote = Some(quote.quote.unwrap().token.into());
    let command = Command { action: Action::Place(wish), ..placing("0123456789abcdef", 1) };
    assert!(matches!(run(&mut next, NOON + 1, &command), Told::Order { placed: true, .. }));
}

#[test]
fn a_copy_made_in_pieces_is_the_same_book() {
    let mut book = sampled();
    for number in 0..50 {
        run(&mut book, NOON + number, &placing(&format!("key-number-{number:05}"), 1));
    }
    let mut copy = book.blank();
    let mut from: Option<Bytes> = None;
    loop {
        let slice = book.slice(from.as_deref(), 2_000);
        copy.load(&slice.bytes).unwrap();
        from = slice.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(copy.digest(), book.digest());
    assert!(copy.load(b"nonsense").is_err());
}

#[test]
fn w5_applying_a_delta_twice_is_applying_it_once() {
    let mut book = sampled();
    let Executed::Changed { delta, .. } =
        book.execute(NOON, &cluster::command_to_bytes(&placing("0123456789abcdef", 1)))
    else {
        panic!("not placed");
    };
    book.apply(NOON, 9, &delta);
    let once = book.digest();
    book.apply(NOON, 9, &delta);
    assert_eq!(book.digest(), once);
}

proptest! {
    #[test]
    fn bytes_from_outside_are_answered_and_never_panic(bytes: Vec<u8>) {
        let book = Orders::new();
        let reply = book.execute(NOON, &bytes);
        let unchanged = matches!(reply, Executed::Unchanged { .. });
        prop_assert!(unchanged);
        prop_assert!(cluster::found_from_bytes(&book.query(NOON, &bytes)).is_ok());
    }

    #[test]
    fn a_damaged_command_never_panics(place in 0usize..400, with: u8) {
        let book = sampled();
        let mut bytes = cluster::command_to_bytes(&placing("0123456789abcdef", 1));
        let place = place % bytes.len();
        bytes[place] = with;
        let _ = book.execute(NOON, &bytes);
    }
}
