//! The commands for people against a small service: exit codes, crash points of placing, journal, stream.

use std::path::Path;

use client::Exit;

use crate::fake::{Fake, Lie, Next};
use serde_json::json;

/// Runs one command line as `jh` would, with all its state in `dir`.
fn jh(dir: &Path, endpoint: &str, line: &[&str]) -> Exit {
    let dir = dir.to_str().unwrap();
    let fixed = ["jh", "--endpoint", endpoint, "--state-dir", dir, "--timeout", "0.4"];
    let line: Vec<&str> = fixed.iter().chain(line).copied().collect();
    crate::run(&line)
}

const PLACE: [&str; 9] = [
    "order",
    "place",
    "cathedral-pizza",
    "margherita:2+extra-cheese",
    "--collect",
    "--name",
    "Ada",
    "--phone",
    "+441913341234",
];

fn pending(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("pending")).map_or(0, |entries| entries.count())
}

fn journal_lines(dir: &Path) -> usize {
    std::fs::read_to_string(dir.join("journal.jsonl")).map_or(0, |text| text.lines().count())
}

#[test]
fn an_order_is_on_disk_before_it_is_sent_and_in_the_journal_when_it_is_acknowledged() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    fake.state().watched_dir = Some(dir.path().to_owned());
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
    assert_eq!(fake.state().was_on_disk, [true]);
    assert_eq!((pending(dir.path()), journal_lines(dir.path())), (0, 1));
    assert_eq!(jh(dir.path(), &fake.url(), &["verify"]), Exit::Ok);
}

#[test]
fn repeating_sends_the_same_key_and_the_same_bytes() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    fake.state().next.extend([Next::NotExecuted, Next::BreakAfter, Next::NotExecuted]);
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
    let state = fake.state();
    assert_eq!((state.requests.len(), state.orders.len()), (4, 1));
    assert!(state.requests.iter().all(|request| *request == state.requests[0]));
}

#[test]
fn the_quote_and_the_card_are_sent_as_they_were_typed() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
    let with = [&PLACE[..], &["--quote", "AQ-token", "--pay", "card:tok_ok"]].concat();
    assert_eq!(jh(dir.path(), &fake.url(), &with), Exit::Ok);
    let bodies: Vec<serde_json::Value> =
        fake.state().requests.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    assert_eq!((bodies[0].get("payment"), bodies[0].get("quote")), (None, None));
    assert_eq!(bodies[1]["payment"], json!({"method": "card", "token": "tok_ok"}));
    assert_eq!(bodies[1]["quote"], "AQ-token");
}

/// What a client that was killed after writing the order down leaves behind.
fn leave_pending(dir: &Path, endpoint: &str, key: &str, body: &str) {
    std::fs::create_dir_all(dir.join("pending")).unwrap();
    let text = json!({"key": key, "endpoint": endpoint, "body": body}).to_string();
    std::fs::write(dir.join(format!("pending/{key}.json")), text).unwrap();
}

#[test]
fn a_crash_before_sending_is_finished_by_resume() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    let body =
        json!({"restaurant": "r", "service": "collection", "items": [], "customer": {"name": "Ada", "phone": "+44"}});
    leave_pending(dir.path(), &fake.address.to_string(), "0190-key-0190-key", &body.to_string());
    assert_eq!(jh(dir.path(), &fake.url(), &["order", "resume"]), Exit::Ok);
    assert_eq!(fake.state().requests, [("0190-key-0190-key".to_owned(), body.to_string())]);
    assert_eq!((fake.state().orders.len(), pending(dir.path()), journal_lines(dir.path())), (1, 0, 1));
}

#[test]
fn an_order_that_was_certainly_not_executed_is_not_kept() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    assert_eq!(jh(dir.path(), "http://127.0.0.1:1", &PLACE), Exit::Unavailable);
    fake.state().next.extend([Next::NotExecuted; 40]);
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Unavailable);
    assert_eq!((pending(dir.path()), fake.state().orders.len()), (0, 0));
}

#[test]
fn repeating_an_order_that_is_pending_finishes_that_one() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    fake.state().next.extend([Next::BreakAfter; 40]);
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Unknown);
    fake.state().next.clear();
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
    assert_eq!((fake.state().orders.len(), pending(dir.path())), (1, 0));
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
    assert_eq!(fake.state().orders.len(), 2);
}

#[test]
fn an_unknown_outcome_is_kept_and_finished_without_a_second_order() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    fake.state().next.extend([Next::BreakAfter; 40]);
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Unknown);
    assert_eq!((pending(dir.path()), journal_lines(dir.path())), (1, 0));
    fake.state().next.clear();
    assert_eq!(jh(dir.path(), &fake.url(), &["order", "resume"]), Exit::Ok);
    assert_eq!((fake.state().orders.len(), pending(dir.path())), (1, 0));
    assert_eq!(jh(dir.path(), &fake.url(), &["order", "resume"]), Exit::Ok);
    assert_eq!(jh(dir.path(), &fake.url(), &["verify"]), Exit::Ok);
}

#[test]
fn a_crash_after_the_journal_and_before_the_removal_counts_once() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
    let (key, body) = fake.state().requests[0].clone();
    leave_pending(dir.path(), &fake.address.to_string(), &key, &body);
    assert_eq!(jh(dir.path(), &fake.url(), &["order", "resume"]), Exit::Ok);
    assert_eq!((fake.state().orders.len(), pending(dir.path()), journal_lines(dir.path())), (1, 0, 2));
    assert_eq!(jh(dir.path(), &fake.url(), &["verify"]), Exit::Ok);
}

#[test]
fn a_refusal_is_definite_and_leaves_nothing_behind() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    fake.state().next.push_back(Next::Refuse);
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Refused);
    assert_eq!((pending(dir.path()), journal_lines(dir.path())), (0, 0));
}

#[test]
fn an_order_meant_for_another_service_is_not_sent_to_this_one() {
    let (one, other, dir) = (Fake::start(), Fake::start(), tempfile::tempdir().unwrap());
    one.state().next.extend([Next::BreakAfter; 40]);
    assert_eq!(jh(dir.path(), &one.url(), &PLACE), Exit::Unknown);
    assert_eq!(jh(dir.path(), &other.url(), &["order", "resume"]), Exit::Ok);
    assert_eq!((other.state().requests.len(), pending(dir.path())), (0, 1));
}

#[test]
fn scripts_can_tell_how_a_command_ended() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    let run = |line: &[&str]| jh(dir.path(), &fake.url(), line);
    assert_eq!(run(&["order", "show", "0"]), Exit::Refused);
    assert_eq!(run(&["kitchen", "start", "0"]), Exit::Conflict);
    assert_eq!(run(&["kitchen", "accept", "0", "--if-match", "3"]), Exit::Conflict);
    assert_eq!(run(&["order", "place"]), Exit::Usage);
    assert_eq!(run(&["order", "place", "r", "tea:x", "--collect", "--name", "A", "--phone", "+44"]), Exit::Usage);
    assert_eq!(run(&["order", "place", "r", "tea", "--name", "A", "--phone", "+44"]), Exit::Usage);
    assert_eq!(run(&["order", "place", "--file", "/nonexistent.json"]), Exit::Usage);
    for how in ["card", "card:", "cheque", "cash:1"] {
        assert_eq!(run(&[&PLACE[..], &["--pay", how]].concat()), Exit::Usage, "{how}");
    }
    assert_eq!(run(&["cluster", "status"]), Exit::Ok);
    assert_eq!(jh(dir.path(), "nonsense", &["cluster", "status"]), Exit::Usage);
    assert_eq!(jh(dir.path(), "http://127.0.0.1:1", &["cluster", "status"]), Exit::Unavailable);
}

#[test]
fn a_state_directory_that_cannot_be_written_stops_an_order_before_it_is_sent() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(jh(&file, &fake.url(), &PLACE), Exit::Usage);
    assert_eq!(fake.state().requests.len(), 0);
}

#[test]
fn the_cart_is_ordered_and_then_empty() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    let run = |line: &[&str]| jh(dir.path(), &fake.url(), line);
    assert_eq!(run(&["cart", "add", "cathedral-pizza", "margherita", "tea:2"]), Exit::Ok);
    assert_eq!(run(&["cart", "rm", "1"]), Exit::Ok);
    let place = ["order", "place", "--to", "12 North Road, DH1 4SG", "--name", "Ada", "--phone", "+441913341234"];
    assert_eq!(run(&place), Exit::Ok);
    assert_eq!(fake.state().orders[0]["lines"][0]["item"], "tea");
    assert_eq!(run(&place), Exit::Usage);
}

#[test]
fn verify_finds_what_a_service_lost_changed_or_doubled() {
    for lie in [Lie::Lose, Lie::Change, Lie::Double] {
        let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
        for _ in 0..2 {
            assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
        }
        assert_eq!(jh(dir.path(), &fake.url(), &["verify"]), Exit::Ok);
        let mut state = fake.state();
        match lie {
            Lie::Lose => drop(state.orders.pop()),
            Lie::Change => state.orders[0]["totals"]["total"]["amount"] = 1.into(),
            _ => {
                let mut twin = state.orders[0].clone();
                twin["id"] = "TWIN".into();
                state.orders.push(twin);
            }
        }
        drop(state);
        assert_eq!(jh(dir.path(), &fake.url(), &["verify"]), Exit::Wrong, "{lie:?}");
    }
}

#[test]
fn a_watch_goes_on_from_where_the_stream_broke_and_ends_with_the_order() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
    let id = fake.state().orders[0]["id"].as_str().unwrap().to_owned();
    let event = |cursor: &str, version: u64, stage: &str| {
        let data =
            json!({"order": id, "version": version, "stage": stage, "at": "2030-01-01T12:00:00Z", "event": stage});
        format!("id: {cursor}\nevent: order\ndata: {data}\n\n")
    };
    let first = event("c1", 2, "accepted") + "id: c2\n\n";
    let last = event("c3", 3, "cancelled");
    fake.state().streams.extend([first, String::new(), last]);
    assert_eq!(jh(dir.path(), &fake.url(), &["order", "watch", &id]), Exit::Ok);
    let from = ["c0", "c2", "c2"].map(|cursor| Some(cursor.to_owned()));
    assert_eq!(fake.state().asked_from, from);
}

#[test]
fn a_watch_without_a_service_ends_as_unavailable() {
    let (fake, dir) = (Fake::start(), tempfile::tempdir().unwrap());
    assert_eq!(jh(dir.path(), &fake.url(), &PLACE), Exit::Ok);
    let id = fake.state().orders[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(jh(dir.path(), &fake.url(), &["order", "watch", &id]), Exit::Unavailable);
}
