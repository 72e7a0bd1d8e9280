//! Ordering with the outside services up, each one down, all down, and with the adapter itself gone: by telling the simulator,
//! and by processes that are stopped.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::installation::{Installation, until};

fn look_up(installation: &Installation, postcode: &str) -> Value {
    let text = installation.must(&["-o", "json", "address", "lookup", postcode, "--explain"]);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Places an order; whose word its place is, and whether that is sure.
fn order(installation: &Installation, to: &str) -> (String, bool) {
    let line = ["-o", "json", "order", "place", "cathedral-pizza", "margherita", "--to", to, "--name", "Ada"];
    let text = installation.must(&[line.as_slice(), &["--phone", "+441913341234"]].concat());
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    let known = &json["deliver_to"]["provenance"];
    (known["source"].as_str().unwrap_or_default().to_owned(), known["verified"].as_bool().unwrap_or_default())
}

/// Tells the simulator how a service fails from here on.
fn play(director: &str, service: &str, fault: &str) {
    let mut stream = TcpStream::connect(director).unwrap();
    let length = fault.len();
    let head = format!("PUT /_faults/{service} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{fault}");
    stream.write_all(head.as_bytes()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200", "{service} {fault}");
}

/// Either service may be the first to answer on a machine that has much to do.
fn is_a_service(source: &str) -> bool {
    ["postcodes.io", "open-postcode-geo"].contains(&source)
}

#[test]
fn ordering_goes_on_whatever_of_the_outside_is_gone_and_says_how_sure_it_is() {
    let installation = Installation::ready_with(tempfile::tempdir().unwrap(), &["--outside", "simulated"]);
    let line = installation.hear("/_faults/");
    let director = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    let told = until("the services answer", || {
        let told = look_up(&installation, "DH1 3LE");
        is_a_service(told["provenance"]["source"].as_str()?).then_some(told)
    });
    assert!(told["explanation"]["steps"].as_array().is_some_and(|steps| steps.len() >= 2), "{told}");
    let (source, verified) = order(&installation, "1 North Road, DH1 3LE");
    assert!(is_a_service(&source) && verified, "{source}");
    // Postcodes that were not asked about before: what is known is not asked again.
    let mut fresh = "BDEFGHJLNPQRSTUW".chars().map(|letter| format!("2 North Road, DH1 1A{letter}"));
    for (down, other) in [("open-postcode-geo", "postcodes.io"), ("postcodes.io", "open-postcode-geo")] {
        play(&director, down, "broken");
        until("the other service answers", || {
            let (source, verified) = order(&installation, &fresh.next().expect("one of them is answered in time"));
            assert!(verified && source != down, "{source}");
            (source == other).then_some(())
        });
        play(&director, down, "none");
    }
    // Stopped, not killed: `up` starts again what has died.
    kill_process(installation.pid("outside").unwrap(), Signal::STOP).unwrap();
    until("the embedded data answers", || {
        (order(&installation, "2 North Road, DH1 4SG") == ("os-code-point-open".to_owned(), true)).then_some(())
    });
    let (source, verified) = order(&installation, "1 North Road, DH1 3LE");
    assert!(is_a_service(&source) && verified, "it is remembered: {source}");
    kill_process(installation.pid("postcode").unwrap(), Signal::STOP).unwrap();
    let (_, verified) = order(&installation, "3 North Road, DH1 1DJ");
    assert!(!verified);
    for name in ["outside", "postcode"] {
        kill_process(installation.pid(name).unwrap(), Signal::CONT).unwrap();
    }
    installation.stop();
}
