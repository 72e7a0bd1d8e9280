//! Addresses out of EndpointSlices as the API server writes them.
use super::*;
use serde_json::json;
use std::time::Duration;

fn slice(value: serde_json::Value) -> EndpointSlice {
    serde_json::from_value(value).unwrap()
}

fn endpoint(pod: &str, address: &str, ready: bool, terminating: bool) -> serde_json::Value {
    json!({
        "addresses": [address], "hostname": pod, "nodeName": "n1",
        "conditions": {"ready": ready, "serving": ready, "terminating": terminating},
        "targetRef": {"kind": "Pod", "name": pod, "namespace": "ns"},
    })
}

fn of(endpoints: &[serde_json::Value]) -> EndpointSlice {
    slice(json!({
        "addressType": "IPv4", "endpoints": endpoints,
        "ports": [{"name": "admin", "port": 7401}, {"name": "member", "port": 7400, "protocol": "TCP"}],
    }))
}

fn known(pairs: &[(&str, &str)]) -> Known {
    pairs.iter().map(|(pod, address)| (Pod::new(pod), (*address).to_owned())).collect()
}

#[test]
fn pods_that_are_not_ready_are_found_too() {
    let slices = [of(&[endpoint("x-0", "10.0.0.1", true, false), endpoint("x-1", "10.0.0.2", false, false)])];
    assert_eq!(pods(slices.iter()), known(&[("x-0", "10.0.0.1:7400"), ("x-1", "10.0.0.2:7400")]));
}

#[test]
fn of_two_addresses_of_one_pod_the_one_that_stays_counts() {
    let old = endpoint("x-0", "10.0.0.1", true, true);
    let new = endpoint("x-0", "10.0.0.9", false, false);
    let (old, new) = (of(&[old]), of(&[new]));
    for slices in [[&old, &new], [&new, &old]] {
        assert_eq!(pods(slices.into_iter()), known(&[("x-0", "10.0.0.9:7400")]));
    }
}

#[test]
fn what_names_no_pod_no_port_or_no_address_is_passed_over() {
    let strange = json!({"addresses": ["10.0.0.3"], "conditions": {}});
    let named = json!({"addresses": ["host.example"], "hostname": "x-3", "conditions": {}});
    let six = slice(json!({
        "addressType": "IPv6", "ports": [{"name": "member", "port": 7400}],
        "endpoints": [{"addresses": ["fd00::1"], "hostname": "x-1", "conditions": {}}],
    }));
    let portless = slice(json!({"addressType": "IPv4", "endpoints": [endpoint("x-2", "10.0.0.2", true, false)]}));
    let slices = [of(&[strange, named]), six, portless];
    assert_eq!(pods(slices.iter()), known(&[("x-1", "[fd00::1]:7400")]));
}

#[test]
fn h1_a_pod_deleted_by_force_keeps_its_address_while_it_hands_over() {
    let (mut lines, now) = (Lines::default(), Instant::now());
    let both = known(&[("x-0", "10.0.0.1:7400"), ("x-1", "10.0.0.2:7400")]);
    let one = known(&[("x-1", "10.0.0.2:7400")]);
    assert_eq!(lines.take(both.clone(), now), both);
    assert_eq!(lines.take(one.clone(), now), both, "it may still be there");
    assert_eq!(lines.take(one.clone(), now + GONE_KEPT / 2), both);
    let moved = known(&[("x-0", "10.0.0.9:7400"), ("x-1", "10.0.0.2:7400")]);
    assert_eq!(lines.take(moved.clone(), now + GONE_KEPT / 2), moved, "its successor is somewhere else");
    assert_eq!(lines.take(one.clone(), now + GONE_KEPT), moved, "counted anew");
    assert_eq!(lines.take(one.clone(), now + GONE_KEPT * 3), one);
    assert_eq!(lines.take(one.clone(), now + GONE_KEPT * 4), one);
}

/// How long until addresses are guessed, in a time that passes only while everybody waits.
async fn guessed_after(failed: Arc<Notify>, known: Known) -> (Duration, Known) {
    let known = Arc::new(watch::Sender::new(known));
    let began = Instant::now();
    guess(Arc::downgrade(&known), failed, "x".to_owned()).await;
    let then = known.borrow().clone();
    (began.elapsed(), then)
}

#[tokio::test(start_paused = true)]
async fn addresses_are_guessed_at_once_where_the_api_server_cannot_be_asked() {
    let failed = Arc::new(Notify::new());
    failed.notify_one();
    let (after, guessed) = guessed_after(failed.clone(), Known::new()).await;
    assert!(after < GUESS_AFTER, "{after:?}");
    assert_eq!((guessed.len(), guessed[&Pod::new("x-1")].as_str()), (GUESSED, "x-1.x:7400"));
    let (after, late) = guessed_after(failed.clone(), Known::new()).await;
    assert!(after >= GUESS_AFTER && late == guessed, "it only keeps silent");
    failed.notify_one();
    let told = known(&[("x-0", "10.0.0.1:7400")]);
    assert_eq!(guessed_after(failed, told.clone()).await.1, told, "what was told stays");
}

fn best_of(one: &serde_json::Value, other: &serde_json::Value) -> [Known; 2] {
    let (one, other) = (of(std::slice::from_ref(one)), of(std::slice::from_ref(other)));
    [[&one, &other], [&other, &one]].map(|slices| pods(slices.into_iter()))
}

#[test]
fn of_two_addresses_of_one_pod_that_both_stay_or_both_end_the_one_that_serves_counts() {
    let there = known(&[("x-0", "10.0.0.2:7400")]);
    for terminating in [false, true] {
        let idle = endpoint("x-0", "10.0.0.1", false, terminating);
        let mut serving = endpoint("x-0", "10.0.0.2", false, terminating);
        // A pod that ends is never ready, and may serve.
        serving["conditions"]["serving"] = json!(true);
        assert_eq!(best_of(&idle, &serving), [there.clone(), there.clone()]);
        let mut ready = endpoint("x-0", "10.0.0.2", true, terminating);
        ready["conditions"].as_object_mut().unwrap().remove("serving");
        assert_eq!(best_of(&idle, &ready), [there.clone(), there.clone()], "an older server does not tell of serving");
    }
}

#[test]
fn a_pod_is_named_by_what_its_address_is_of_and_else_by_its_host_name() {
    let mut unnamed = endpoint("x-1", "10.0.0.1", true, false);
    unnamed.as_object_mut().unwrap().remove("hostname");
    let mut of_a_node = endpoint("x-2", "10.0.0.2", true, false);
    of_a_node["targetRef"] = json!({"kind": "Node", "name": "n1"});
    let wanted = known(&[("x-1", "10.0.0.1:7400"), ("x-2", "10.0.0.2:7400")]);
    assert_eq!(pods([of(&[unnamed, of_a_node])].iter()), wanted);
}
