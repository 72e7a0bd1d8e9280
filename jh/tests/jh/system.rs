//! The whole system on one machine, as a newcomer meets it: order, cook, deliver, kill, come back.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::installation::{Installation, jh, until};

const PLACE: [&str; 10] = [
    "order",
    "place",
    "cathedral-pizza",
    "margherita:2+extra-cheese",
    "--to",
    "12 North Road, DH1 4SG",
    "--name",
    "Ada",
    "--phone",
    "+441913341234",
];

fn ready() -> Installation {
    Installation::ready_in(tempfile::tempdir().unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Places an order; its id.
fn place(system: &Installation) -> String {
    let mut line = PLACE.to_vec();
    line.extend(["-o", "json"]);
    json(&system.must(&line))["id"].as_str().unwrap().to_owned()
}

fn cluster(system: &Installation) -> Value {
    json(&system.must(&["cluster", "status", "-o", "json"]))
}

/// Waits until every replica is in sync; the cluster then.
fn whole(system: &Installation) -> Value {
    until("all replicas are in sync", || {
        sleep(Duration::from_millis(50));
        let cluster = cluster(system);
        let all = cluster["replicas"].as_array().unwrap().len();
        (cluster["in_sync"].as_array().unwrap().len() == all && all > 1).then_some(cluster)
    })
}

fn drill(system: &Installation, line: &[&str]) -> String {
    let dir = system.dir.path().to_str().unwrap();
    let mut all = vec!["drill", "--dir", dir, "--rate", "100"];
    all.extend(line);
    system.must(&all)
}

#[test]
fn location_transparency_an_order_goes_from_the_customer_through_the_kitchen_to_the_door() {
    let system = ready();
    assert!(system.must(&["near", "DH1", "3LE"]).contains("cathedral-pizza"));
    assert!(system.must(&["menu", "cathedral-pizza"]).contains("margherita"));
    assert!(system.must(&["address", "lookup", "DH1 3LE"]).contains("DH1 3LE"));
    let id = place(&system);
    let show = |word: &str| assert!(system.must(&["order", "show", &id]).contains(word), "{word}");
    show("placed");
    assert!(system.must(&["kitchen", "queue", "cathedral-pizza"]).contains(&id));
    let mut watch = Command::new(env!("CARGO_BIN_EXE_jh"));
    watch.args(["--endpoint", &system.endpoint, "order", "watch", &id]).stdout(std::process::Stdio::piped());
    let watch = watch.spawn().unwrap();
    for step in ["accept", "start", "ready"] {
        system.must(&["kitchen", step, &id]);
    }
    show("ready");
    system.must(&["courier", "claim", &id, "--courier", "courier-1"]);
    system.must(&["courier", "pick-up", &id]);
    system.must(&["courier", "deliver", &id]);
    let seen = watch.wait_with_output().unwrap();
    assert!(seen.status.success());
    assert!(String::from_utf8_lossy(&seen.stdout).contains("delivered"));
    assert_eq!(system.run(&["kitchen", "start", &id]).status.code(), Some(4));
    system.must(&["verify"]);
}

#[test]
fn orders_survive_a_stop_and_a_start() {
    let system = ready();
    let id = place(&system);
    let system = Installation::ready_in(system.stop());
    assert!(system.must(&["order", "show", &id]).contains(&id));
    place(&system);
    system.must(&["verify"]);
}

#[test]
fn a_refusal_names_everything_that_is_wrong() {
    let system = ready();
    let line =
        ["order", "place", "cathedral-pizza", "no-such-thing:200", "--to", "x, SW1A 1AA", "--name", "", "--phone", "1"];
    let output = system.run(&line);
    assert_eq!(output.status.code(), Some(3));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.matches("\n  - ").count() >= 3, "{words}");
}

#[test]
fn failure_transparency_customers_notice_nothing_when_the_primary_is_killed() {
    let system = ready();
    whole(&system);
    let report = json(&drill(&system, &["--rounds", "3", "-o", "json"]));
    assert_eq!(report["is_clean"], true, "{report:#}");
    assert_eq!(report["rounds"].as_array().unwrap().len(), 3);
}

#[test]
fn a_quote_of_a_primary_that_dies_is_taken_by_the_next_one() {
    let system = ready();
    let before = whole(&system);
    let words = &PLACE[2..];
    let quote = json(&system.must(&[&["quote", "-o", "json"], words].concat()));
    let token = quote["quote"]["token"].as_str().unwrap();
    assert!(system.must(&[&["quote"], words].concat()).contains("--quote "));
    kill_process(system.pid(before["primary"].as_str().unwrap()).unwrap(), Signal::KILL).unwrap();
    let place = [&PLACE[..], &["--quote", token, "--pay", "card:tok_ok"]].concat();
    assert!(system.must(&place).contains("card: authorised"));
    let declined = system.run(&[&PLACE[..], &["--pay", "card:tok_declined"]].concat());
    assert_eq!(declined.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&declined.stderr).contains("payment_declined at /payment/token"));
}

#[test]
fn relocation_transparency_customers_notice_nothing_when_the_lead_is_handed_over() {
    let system = ready();
    let before = whole(&system);
    let to = before["in_sync"].as_array().unwrap().iter().find(|name| **name != before["primary"]).unwrap();
    system.must(&["cluster", "promote", to.as_str().unwrap()]);
    until("it leads", || (cluster(&system)["primary"] == *to).then_some(()));
    drill(&system, &["--fault", "promote"]);
    drill(&system, &["--fault", "term"]);
}

#[test]
fn whoever_orders_when_up_says_it_is_ready_finds_every_menu() {
    let system = ready();
    place(&system);
    system.must(&["menu", order::sample::LAST]);
}

#[test]
fn all_replicas_killed_at_once_lose_nothing() {
    let system = ready();
    whole(&system);
    let id = place(&system);
    drill(&system, &["--fault", "kill-all"]);
    assert!(system.must(&["order", "show", &id]).contains(&id));
    system.must(&["verify"]);
}

#[test]
fn replication_transparency_a_replica_whose_disk_is_gone_comes_back_whole() {
    let system = ready();
    let before = whole(&system);
    let id = place(&system);
    let victim = before["in_sync"].as_array().unwrap().iter().find(|name| **name != before["primary"]).unwrap();
    let name = victim.as_str().unwrap();
    let pid = system.pid(name).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    std::fs::remove_dir_all(system.dir.path().join(name)).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    until("it runs again", || system.pid(name).filter(|now| *now != pid));
    let disk = |cluster: &Value| {
        let replica = cluster["replicas"].as_array().unwrap().iter().find(|replica| replica["name"] == name).unwrap();
        replica["storage_id"].clone()
    };
    until("it is in sync with a new disk", || {
        let now = whole(&system);
        (disk(&now) != disk(&before)).then_some(())
    });
    system.must(&["cluster", "promote", name]);
    until("it leads", || (cluster(&system)["primary"] == *name).then_some(()));
    assert!(system.must(&["order", "show", &id]).contains(&id));
}

#[test]
fn an_order_interrupted_by_killing_the_client_is_finished_by_resume() {
    let system = ready();
    let front = system.pid("frontend").unwrap();
    // While the front end is frozen the client waits for its answer, and is killed.
    kill_process(front, Signal::STOP).unwrap();
    let mut client = jh();
    client.args(["--endpoint", &system.endpoint, "--state-dir"]).arg(system.dir.path().join("client")).args(PLACE);
    let mut client = client.spawn().unwrap();
    let pending = system.dir.path().join("client/pending");
    let is_json = |entry: std::fs::DirEntry| entry.path().extension().is_some_and(|extension| extension == "json");
    let written = || std::fs::read_dir(&pending).ok()?.flatten().any(is_json).then_some(());
    until("the order is on disk", written);
    client.kill().unwrap();
    client.wait().unwrap();
    kill_process(front, Signal::CONT).unwrap();
    system.must(&["order", "resume"]);
    system.must(&["order", "resume"]);
    let orders = json(&system.must(&["order", "list", "-o", "json"]));
    assert_eq!(orders["orders"].as_array().unwrap().len(), 1);
    system.must(&["verify"]);
}
