//! Arbitrary commands for the laws: small alphabets, so that names and keys meet, and enough right ones that orders get somewhere.

use order::allergen::AllergenSet;
use order::command::{Action, Command, Destination, Given, Step, Tender};
use order::id::OrderId;
use order::key::Keyed;
use order::order::Order;
use order::place::{Place, Standing};
use order::reply::Reply;
use order::restaurant::Availability;
use order::stage::{Actor, Reason, Role, Service};
use order::transitions::{self, Verb};
use order::{Delta, State};
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixture::*;

/// A command with its order's id left open: the n-th order that exists when it is executed.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    wait_ms: u64,
    pub(crate) command: Command,
    order: usize,
    /// Takes a step that the table allows in place of the command, if an order can take one.
    follow: bool,
}

fn actors() -> impl Strategy<Value = Actor> {
    (select(Role::ALL), select(&["", "ines", "ada", "cathedral-pizza"][..]))
        .prop_map(|(role, id)| Actor::named(role, id))
}

fn keys() -> impl Strategy<Value = Option<Keyed>> {
    let some = (select(&["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"][..]), 0..3u128);
    proptest::option::weighted(0.7, some)
        .prop_map(|keyed| keyed.map(|(text, fingerprint)| Keyed { key: key(text), fingerprint }))
}

fn destinations() -> impl Strategy<Value = Destination> {
    let places = (select(&["DH1 4SG", "NE1 7RU", "BX1 1LT"][..]), any::<bool>(), 0..4usize);
    (places, ".{0,5}").prop_map(|((code, point, standing), line)| {
        let standing = [Standing::Verified, Standing::Unverified, Standing::Unknown, Standing::Terminated][standing];
        let point = point.then_some((54_780_000, -1_580_000));
        let postcode = if line.len() == 3 {
            Given::NotAPostcode("DHI 3LE".into())
        } else {
            Given::Place(Place { standing, ..verified(code, point) })
        };
        Destination { lines: vec![if line.is_empty() { "12 North Road".into() } else { line.into() }], postcode }
    })
}

fn places() -> impl Strategy<Value = Action> {
    let names = || (select(&["margherita", "marinara", "pale-ale", "no-such-item"][..]), 0..4u32);
    let options = || proptest::option::of((select(&["extra-cheese", "chilli", "x"][..]), 0..3u32));
    let lines = proptest::collection::vec((names(), options()), 0..4);
    let rest = (any::<bool>(), any::<bool>(), 0..40_000_000u64, proptest::option::of(any::<u16>()), any::<u8>());
    (any::<bool>(), lines, proptest::option::of(destinations()), rest).prop_map(|(right, lines, to, rest)| {
        let (collect, age_confirmed, later, allergens, random) = rest;
        // Every third order is for the small kitchen, which is soon full.
        let mut order = if random.is_multiple_of(3) { sushi() } else { wish() };
        if collect {
            order.service = Service::Collection;
        }
        order.tender = [Tender::Cash, card("tok_ok"), card("tok_over_5000"), card("tok_declined")]
            [usize::from(random) / 4 % 4]
            .clone();
        order.fulfil_at_ms = (random > 200).then_some(at(EVENING) + later);
        (order.age_confirmed, order.random) = (age_confirmed, u64::from(random));
        if !right {
            order.items = lines.into_iter().map(|((item, n), option)| line(item, n, option.as_slice())).collect();
            order.deliver_to = to.or(order.deliver_to);
            order.allergens_acknowledged = allergens.map(AllergenSet::from_bits);
            order.expect.total = (random > 128).then_some(i64::from(random) * 10);
        }
        Action::Place(Box::new(order))
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let reason = || select(Reason::ALL);
    let soon = || (0..20_000_000u64).prop_map(|ms| at(EVENING) + ms);
    prop_oneof![
        3 => proptest::option::of(soon()).prop_map(|ready_by_ms| Step::Accept { ready_by_ms }),
        1 => reason().prop_map(|reason| Step::Reject { reason, items: vec![slug("margherita")] }),
        3 => Just(Step::Start),
        3 => Just(Step::Ready),
        3 => Just(Step::Claim),
        1 => Just(Step::Assign { courier: "ines".into() }),
        1 => Just(Step::Unassign),
        1 => Just(Step::Arrive),
        3 => Just(Step::PickUp),
        3 => Just(Step::Deliver),
        1 => Just(Step::HandOver { code: None }),
        1 => reason().prop_map(|reason| Step::Fail { reason }),
        1 => proptest::option::of(destinations()).prop_map(|to| Step::Redeliver { deliver_to: to.map(Box::new) }),
        1 => reason().prop_map(|reason| Step::Cancel { reason }),
        1 => soon().prop_map(|ready_by_ms| Step::Delay { ready_by_ms }),
        1 => Just(Step::Expire),
        1 => Just(Step::Release),
    ]
}

fn actions() -> impl Strategy<Value = Action> {
    let names = || select(&["cathedral-pizza", "soho-sushi", "no-such-place"][..]).prop_map(slug);
    let near = || (0..200_000_000u64).prop_map(|ms| at(EVENING) - 90_000_000 + ms);
    prop_oneof![
        6 => places(),
        12 => steps().prop_map(|step| Action::Step { order: OrderId::from_u128(0), step }),
        1 => (names(), proptest::option::of(near())).prop_map(|(restaurant, until_ms)| Action::Pause { restaurant, until_ms }),
        2 => names().prop_map(|restaurant| Action::Resume { restaurant }),
        2 => (select(&["margherita", "chilli"][..]), any::<bool>(), proptest::option::of(0..5u32)).prop_map(|(name, available, stock)| {
            Action::SetAvailability { restaurant: slug("cathedral-pizza"), name: slug(name), availability: Availability { available, stock } }
        }),
        1 => (0..1_000i64).prop_map(menu_at_price),
        1 => (near(), near()).prop_map(|(from_ms, to_ms)| Action::Outage { from_ms, to_ms }),
        1 => Just(Action::Postpone { order: OrderId::from_u128(0) }),
        1 => near().prop_map(|before_ms| Action::Trim { before_ms }),
    ]
}

fn menu_at_price(price: i64) -> Action {
    let commands = order::sample::commands();
    match &commands[1].action {
        Action::PutMenu { restaurant, menu } => {
            let mut menu = menu.clone();
            menu.categories[0].items[0].price = price;
            Action::PutMenu { restaurant: restaurant.clone(), menu }
        }
        other => panic!("the second sample command is a menu, not {other:?}"),
    }
}

pub(crate) fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let waits = prop_oneof![40 => 0..60_000u64, 1 => 0..90_000_000u64];
    // Most commands come from an actor who may, so that orders get somewhere.
    let actor = (actors(), any::<u8>());
    let plan =
        (waits, actor, keys(), proptest::option::weighted(0.1, 0..5u32), actions(), (any::<usize>(), any::<bool>()));
    let plan = plan.prop_map(|(wait_ms, (actor, luck), keyed, if_match, action, (order, follow))| {
        let usual = match &action {
            Action::Place(_) => Actor::guest(Role::Customer),
            Action::Step { step, .. } => {
                let role = transitions::who(step.verb())[0];
                Actor::named(role, if role == Role::Courier { "ines" } else { "" })
            }
            Action::Outage { .. } | Action::Postpone { .. } | Action::Trim { .. } => Actor::system(),
            _ => Actor::guest(Role::Ops),
        };
        let actor = if luck < 30 { actor } else { usual };
        Plan { wait_ms, command: Command { actor, keyed, if_match, action }, order, follow }
    });
    proptest::collection::vec(plan, 1..80)
}

/// The commands as they are executed, with their times: orders named, due timers fired in between.
pub(crate) fn play(
    state: &mut State,
    plans: &[Plan],
    mut seen: impl FnMut(&State, u64, &Command, &Option<Delta>, &Reply),
) {
    let (mut now, mut ids) = (at(EVENING), Vec::new());
    for plan in plans {
        now += plan.wait_ms;
        let command = named(state, plan, &ids, now);
        for command in state.due(now, 4).into_iter().chain([command]) {
            let (delta, reply) = state.execute(now, &command);
            seen(state, now, &command, &delta, &reply);
            if let Reply::Placed { order, replayed: false } = &reply {
                ids.push(order.order.id);
            }
            delta.iter().for_each(|delta| state.apply(delta));
        }
    }
}

/// The command of a plan with its order's id, or a step that is allowed.
fn named(state: &State, plan: &Plan, ids: &[OrderId], now: u64) -> Command {
    let id = ids.get(plan.order % ids.len().max(1)).copied().unwrap_or(OrderId::from_u128(0));
    if let Some(command) =
        state.order(id).filter(|_| plan.follow).and_then(|view| allowed(&view.order, plan.order, now))
    {
        return command;
    }
    let mut command = plan.command.clone();
    if let Action::Step { order, .. } | Action::Postpone { order } = &mut command.action {
        *order = id;
    }
    command
}

/// One of the steps that the table allows of an order and that bring it on.
fn allowed(order: &Order, luck: usize, now: u64) -> Option<Command> {
    let of_role =
        |role: Role| transitions::allowed(order.stage, order.leg, role).into_iter().map(move |verb| (verb, role));
    let all: Vec<(Verb, Role)> = Role::ALL.iter().copied().flat_map(of_role).collect();
    let (verb, role) = *all.get(luck / 7 % all.len().max(1))?;
    let reason = transitions::reasons(verb, role).first().copied().unwrap_or(Reason::Other);
    let step = match verb {
        Verb::Accept => Step::Accept { ready_by_ms: None },
        Verb::Start => Step::Start,
        Verb::Ready => Step::Ready,
        Verb::Claim => Step::Claim,
        Verb::Arrive => Step::Arrive,
        Verb::PickUp => Step::PickUp,
        Verb::Deliver => Step::Deliver,
        Verb::HandOver => Step::HandOver { code: None },
        Verb::Fail => Step::Fail { reason },
        Verb::Redeliver => Step::Redeliver { deliver_to: None },
        Verb::Delay => Step::Delay { ready_by_ms: order.ready_by_ms().unwrap_or(now).max(now) + 60_000 },
        Verb::Cancel if luck.is_multiple_of(7) => Step::Cancel { reason },
        // The others end or undo; arbitrary commands do that often enough.
        _ => return None,
    };
    let command = step_as(Actor::named(role, if role == Role::Courier { "ines" } else { "" }), order.id, step);
    Some(keyed(command, &format!("{}.{}", order.id, order.version), 7))
}
