//! Measures what placing an order costs without network and disk: `cargo run --release -p order --example speed`.

use order::command::{Action, Command, Destination, Given, LineWish, OptionWish, PlaceOrder};
use order::id::Slug;
use order::key::{Key, Keyed};
use order::place::Place;
use order::postcode::Postcode;
use order::stage::{Actor, Role, Service};
use order::{Reply, State};

const ORDERS: u64 = 1_000_000;
const START_MS: u64 = 1_800_000_000_000;

#[expect(clippy::disallowed_methods, reason = "this program measures time; the domain does not see it")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut state = State::new();
    for command in order::sample::commands() {
        let (delta, _) = state.execute(START_MS, &command);
        delta.iter().for_each(|delta| state.apply(delta));
    }
    let commands: Vec<Command> = (0..ORDERS).map(place).collect::<Result<_, _>>()?;
    let started = std::time::Instant::now();
    let mut placed = 0;
    for (n, command) in commands.iter().enumerate() {
        // 20 orders a millisecond are 20,000 a second.
        let (delta, reply) = state.execute(START_MS + n as u64 / 20, command);
        delta.iter().for_each(|delta| state.apply(delta));
        placed += u64::from(matches!(reply, Reply::Placed { replayed: false, .. }));
    }
    let each_ns = started.elapsed().as_nanos() / u128::from(ORDERS);
    println!("{placed} orders placed, {each_ns} ns each for execute and apply");
    let started = std::time::Instant::now();
    let digest = state.digest();
    println!("digest {digest:032x} of {} orders in {} ms", state.orders_held(), started.elapsed().as_millis());
    Ok(())
}

fn place(n: u64) -> Result<Command, Box<dyn std::error::Error>> {
    let options = vec![OptionWish { option: Slug::parse("extra-cheese")?, quantity: 1 }];
    let order = PlaceOrder {
        restaurant: Slug::parse("cathedral-pizza")?,
        service: Service::Delivery,
        items: vec![LineWish { item: Slug::parse("margherita")?, quantity: 2, options }],
        name: "Ada".into(),
        phone: "+441913341234".into(),
        deliver_to: Some(Destination {
            lines: vec!["12 North Road".into()],
            postcode: Given::Place(Place::unverified(Postcode::parse("DH1 4SG")?, START_MS)),
        }),
        note: "ring twice".into(),
        expect: Default::default(),
        allergens_acknowledged: None,
        age_confirmed: false,
        fulfil_at_ms: None,
        tender: Default::default(),
        quote: None,
        random: n.wrapping_mul(0x9E37_79B9_7F4A_7C15),
    };
    let keyed = Some(Keyed { key: Key::parse(&format!("speed-of-placing-{n}"))?, fingerprint: u128::from(n) });
    Ok(Command { actor: Actor::guest(Role::Customer), keyed, if_match: None, action: Action::Place(Box::new(order)) })
}
