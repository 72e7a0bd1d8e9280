//! Bytes inside the cluster and on disk: everything comes back as it went, garbage is an error and never a panic, and the bytes
//! of this format stay what they are, because a disk or a replica of the build before holds them.

use crate::any::{command, query};
use crate::book::{self as common, Book};
use api::cluster::{Query, Reply};
use api::cluster::{
    command_from_bytes, command_to_bytes, found_from_bytes, found_to_bytes, query_from_bytes, query_to_bytes,
    reply_from_bytes, reply_to_bytes,
};
use api::record::{
    delta_from_bytes, delta_to_bytes, events_from_bytes, place_from_bytes, place_to_bytes, slice_from_bytes,
    slice_to_bytes,
};
use expect_test::expect;
use order::command::{Action, Command, Destination, Given, Step, Tender};
use order::id::Slug;
use order::key::{Key, Keyed};
use order::restaurant::Availability;
use order::sample;
use order::stage::{Actor, Reason, Role};
use proptest::prelude::*;
use proptest::sample::Index;
use std::sync::LazyLock;
use xxhash_rust::xxh3::xxh3_64;

/// A book in which everything has happened that leaves another kind of record.
fn eventful() -> Book {
    let mut book = Book::new();
    let id = book.delivered(1);
    let failed = book.place(2);
    let (kitchen, courier) = (Actor::guest(Role::Restaurant), Actor::named(Role::Courier, "bob"));
    let soon = book.at_ms + 1_800_000;
    for step in
        [Step::Accept { ready_by_ms: Some(soon) }, Step::Delay { ready_by_ms: soon + 60_000 }, Step::Start, Step::Ready]
    {
        book.step(failed, kitchen.clone(), step);
    }
    for step in [Step::Claim, Step::PickUp, Step::Fail { reason: Reason::CustomerAbsent }] {
        book.step(failed, courier.clone(), step);
    }
    let elsewhere = Destination { lines: vec!["1 Elvet".into()], postcode: Given::Place(common::somewhere()) };
    book.step(failed, Actor::guest(Role::Customer), Step::Redeliver { deliver_to: Some(Box::new(elsewhere)) });
    let Reply::Order { id: missing, .. } = book.wish(3, |wish| wish.tender = Tender::Card { token: "tok_ok".into() })
    else {
        panic!("not placed")
    };
    let items = vec![Slug::parse("margherita").unwrap()];
    book.step(missing, kitchen, Step::Reject { reason: Reason::ItemUnavailable, items });
    let restaurant = Slug::parse("cathedral-pizza").unwrap();
    let name = Slug::parse("lemonade").unwrap();
    let availability = Availability { available: true, stock: Some(3) };
    let key = Keyed { key: Key::parse("a-key-of-a-kitchen").unwrap(), fingerprint: 7 };
    let paused = Action::Pause { restaurant: restaurant.clone(), until_ms: Some(soon) };
    for action in [Action::SetAvailability { restaurant, name, availability }, paused] {
        let actor = Actor::named(Role::Restaurant, "cathedral-pizza");
        book.run(&Command { actor, keyed: Some(key.clone()), if_match: None, action });
    }
    let (from_ms, to_ms) = (book.at_ms - 200_000, book.at_ms);
    book.run(&Command::system(Action::Outage { from_ms, to_ms }));
    assert!(book.state.order(id).is_some() && book.deltas.len() > 25);
    book
}

#[test]
fn every_change_and_record_comes_back_as_it_went() {
    let book = eventful();
    for delta in &book.deltas {
        let bytes = delta_to_bytes(delta);
        assert_eq!(delta_from_bytes(&bytes).as_ref(), Ok(delta));
        assert_eq!(events_from_bytes(&bytes).as_ref(), Ok(&delta.events));
    }
    let (records, _) = book.state.slice(None, 10_000);
    assert_eq!(slice_from_bytes(&slice_to_bytes(&records)).as_ref(), Ok(&records));
    for record in &records {
        assert_eq!(place_from_bytes(&place_to_bytes(&record.key())), Ok(record.key()));
    }
}

#[test]
fn a_copy_from_bytes_alone_is_the_same_book() {
    let book = eventful();
    let mut copy = order::state::State::new();
    for delta in &book.deltas {
        copy.apply(&delta_from_bytes(&delta_to_bytes(delta)).unwrap());
    }
    assert_eq!(copy.digest(), book.state.digest());
}

#[test]
fn every_sample_command_comes_back_as_it_went() {
    for command in sample::commands() {
        assert_eq!(command_from_bytes(&command_to_bytes(&command)), Ok(command));
    }
}

/// A change of these numbers means that disks and replicas of the build before cannot be read any more. That takes a new format
/// (F1), not new numbers.
#[test]
fn the_bytes_of_this_format_stay_what_they_are() {
    let deltas = eventful().deltas.iter().flat_map(delta_to_bytes).collect::<Vec<u8>>();
    let commands = sample::commands()
        .iter()
        .chain([&common::placing(1), &Command::begin([7; 32])])
        .flat_map(command_to_bytes)
        .collect::<Vec<u8>>();
    expect!["deltas 9775 bytes, c4f5b54db108bcf2; commands 4166 bytes, 9e2d17813fad4737"].assert_eq(&format!(
        "deltas {} bytes, {:016x}; commands {} bytes, {:016x}",
        deltas.len(),
        xxh3_64(&deltas),
        commands.len(),
        xxh3_64(&commands)
    ));
}

#[test]
fn an_order_takes_few_bytes_on_its_way() {
    let mut book = Book::new();
    book.place(1);
    let delta = delta_to_bytes(book.deltas.last().unwrap());
    let command = command_to_bytes(&common::placing(1));
    assert!(delta.len() <= 320 && command.len() <= 240, "{} and {}", delta.len(), command.len());
}

fn read_as_everything(bytes: &[u8]) {
    let _ = (command_from_bytes(bytes), query_from_bytes(bytes), reply_from_bytes(bytes), found_from_bytes(bytes));
    let _ = (delta_from_bytes(bytes), events_from_bytes(bytes), slice_from_bytes(bytes), place_from_bytes(bytes));
}

fn cases() -> u32 {
    std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

/// Bytes of every kind, as they are said and kept.
fn examples() -> &'static [Vec<u8>] {
    static EXAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let book = eventful();
        let (records, _) = book.state.slice(None, 10_000);
        let mut all: Vec<Vec<u8>> = book.deltas.iter().map(delta_to_bytes).collect();
        all.extend(sample::commands().iter().chain([&common::placing(1)]).map(command_to_bytes));
        all.extend(records.iter().map(|record| place_to_bytes(&record.key())));
        all.extend(records.chunks(7).map(|some| slice_to_bytes(&some.to_vec())));
        let restaurant = "cathedral-pizza".to_owned();
        let asked = [Query::Restaurants(None), Query::Restaurant(restaurant.clone()), Query::Menu(restaurant)];
        for query in asked.into_iter().chain([Query::Courier("bob".into())]) {
            all.push(query_to_bytes(&query));
            all.push(found_to_bytes(&book.ask(&query)));
        }
        let mut book = book;
        all.push(reply_to_bytes(&book.run(&common::placing(9))));
        all.push(reply_to_bytes(&book.wish(10, |wish| wish.tender = Tender::Card { token: "tok_declined".into() })));
        all
    });
    &EXAMPLES
}

/// What is read from bytes that nobody wrote is something that comes back as it went.
fn comes_back<T: PartialEq + std::fmt::Debug, E>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, E>,
    write: impl Fn(&T) -> Vec<u8>,
) -> Result<(), TestCaseError> {
    let Ok(value) = read(bytes) else { return Ok(()) };
    let again = write(&value);
    prop_assert!(again.len() <= bytes.len() + 16, "{} bytes have become {}", bytes.len(), again.len());
    prop_assert_eq!(read(&again).ok(), Some(value));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn damaged_bytes_are_an_error_or_something_that_comes_back(
        which: Index, changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        moved in proptest::option::of((any::<Index>(), any::<Index>())), cut in proptest::option::of(any::<Index>()),
    ) {
        let mut bytes = which.get(examples()).clone();
        changes.iter().for_each(|(place, byte)| *place.get_mut(&mut bytes) = *byte);
        if let Some((from, to)) = moved {
            let byte = bytes.remove(from.index(bytes.len()));
            bytes.insert(to.index(bytes.len() + 1), byte);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        comes_back(&bytes, command_from_bytes, command_to_bytes)?;
        comes_back(&bytes, query_from_bytes, query_to_bytes)?;
        comes_back(&bytes, reply_from_bytes, reply_to_bytes)?;
        comes_back(&bytes, found_from_bytes, found_to_bytes)?;
        comes_back(&bytes, delta_from_bytes, delta_to_bytes)?;
        comes_back(&bytes, slice_from_bytes, slice_to_bytes)?;
        comes_back(&bytes, place_from_bytes, place_to_bytes)?;
        let _ = events_from_bytes(&bytes);
    }

    #[test]
    fn damaged_words_to_a_controller_are_refused_or_come_back(which: Index, place: Index, byte: u8, cut: bool) {
        let said = [
            r#"{"by":"front","pod":"replica-0","boot":"2a","sign":"silent"}"#,
            r#"{"to":"replica-1","expect_epoch":3}"#,
            r#"{"expect_epoch":18446744073709551615}"#,
            r#"{"keep":"replica-2","expect_epoch":7}"#,
        ];
        let mut bytes = which.get(&said).as_bytes().to_vec();
        *place.get_mut(&mut bytes) = byte;
        if cut {
            bytes.truncate(place.index(bytes.len()));
        }
        fn both<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> Result<(), TestCaseError> {
            let Ok(value) = serde_json::from_slice::<T>(bytes) else { return Ok(()) };
            prop_assert_eq!(serde_json::from_slice::<T>(&serde_json::to_vec(&value).unwrap()).ok(), Some(value));
            Ok(())
        }
        both::<api::control::Suspect>(&bytes)?;
        both::<api::v1::cluster::Promote>(&bytes)?;
        both::<api::v1::cluster::RebuildView>(&bytes)?;
        both::<api::v1::cluster::ForceLoss>(&bytes)?;
    }
}

proptest! {
    #[test]
    fn any_command_comes_back_as_it_went(command in command()) {
        prop_assert_eq!(command_from_bytes(&command_to_bytes(&command)), Ok(command));
    }

    #[test]
    fn any_question_comes_back_as_it_went(query in query()) {
        prop_assert_eq!(query_from_bytes(&query_to_bytes(&query)), Ok(query));
    }

    #[test]
    fn any_command_is_answered_and_never_panics(command in command()) {
        let mut book = Book::new();
        let before = book.deltas.len();
        let reply = book.run(&command);
        if matches!(reply, Reply::Refused(_)) {
            prop_assert_eq!(book.deltas.len(), before);
        }
    }

    #[test]
    fn garbage_is_an_error_and_never_a_panic(mut bytes: Vec<u8>) {
        read_as_everything(&bytes);
        bytes.insert(0, api::wire::FORMAT);
        read_as_everything(&bytes);
    }

    #[test]
    fn a_byte_changed_or_lost_is_never_a_panic(which: prop::sample::Index, place: prop::sample::Index, byte: u8, cut: bool) {
        let deltas = eventful().deltas;
        let mut bytes = delta_to_bytes(which.get(&deltas));
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        read_as_everything(&bytes);
    }
}
