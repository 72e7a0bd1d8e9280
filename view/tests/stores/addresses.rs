//! Following EndpointSlices: what is known of the pods' addresses while the API server answers and while it does not.
use crate::fake::{Api, NAMESPACE};
use crate::views::DEADLINE;
use group::Pod;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use view::kubernetes::Addresses;

fn slice(pods: &[(&str, &str)]) -> Value {
    let endpoint = |(pod, address): &(&str, &str)| json!({"addresses": [address], "hostname": pod, "conditions": {"ready": false}});
    json!({
        "metadata": {"name": "x-replica-abc"}, "addressType": "IPv4", "ports": [{"name": "member", "port": 7400}],
        "endpoints": pods.iter().map(endpoint).collect::<Vec<_>>(),
    })
}

async fn until(addresses: &Addresses, wanted: &[(&str, &str)]) {
    let wanted: BTreeMap<Pod, String> = wanted.iter().map(|(pod, at)| (Pod::new(pod), (*at).to_owned())).collect();
    let mut known = addresses.watch();
    let told = tokio::time::timeout(DEADLINE, known.wait_for(|known| *known == wanted)).await;
    told.unwrap_or_else(|_| panic!("{:?}", *addresses.watch().borrow())).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_moves_is_told_with_its_new_address() {
    let api = Api::new();
    api.add("endpointslices", slice(&[("x-replica-0", "10.0.0.1"), ("x-replica-1", "10.0.0.2")]));
    let addresses = Addresses::follow(api.client(), NAMESPACE, "x-replica");
    until(&addresses, &[("x-replica-0", "10.0.0.1:7400"), ("x-replica-1", "10.0.0.2:7400")]).await;
    api.add("endpointslices", slice(&[("x-replica-0", "10.0.0.9"), ("x-replica-1", "10.0.0.2")]));
    until(&addresses, &[("x-replica-0", "10.0.0.9:7400"), ("x-replica-1", "10.0.0.2:7400")]).await;
    api.add("endpointslices", slice(&[("x-replica-1", "10.0.0.2")]));
    until(&addresses, &[("x-replica-1", "10.0.0.2:7400")]).await;
}

#[tokio::test(start_paused = true)]
async fn names_are_guessed_only_while_the_api_server_keeps_silent() {
    let api = Api::new();
    api.add("endpointslices", slice(&[("x-replica-0", "10.0.0.1")]));
    api.is_down(true);
    let addresses = Addresses::follow(api.client(), NAMESPACE, "x-replica");
    let mut known = addresses.watch();
    tokio::time::timeout(DEADLINE, known.changed()).await.expect("something is guessed").unwrap();
    let guessed = known.borrow_and_update().get(&Pod::new("x-replica-2")).cloned();
    assert_eq!(guessed.as_deref(), Some("x-replica-2.x-replica:7400"));
    api.is_down(false);
    until(&addresses, &[("x-replica-0", "10.0.0.1:7400")]).await;
    api.is_down(true);
    tokio::time::sleep(Duration::from_secs(60)).await;
    until(&addresses, &[("x-replica-0", "10.0.0.1:7400")]).await;
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_cannot_be_asked_is_not_waited_for() {
    let api = Api::new();
    api.is_down(true);
    let began = tokio::time::Instant::now();
    let addresses = Addresses::follow(api.client(), NAMESPACE, "x-replica");
    let mut known = addresses.watch();
    tokio::time::timeout(DEADLINE, known.changed()).await.expect("something is guessed").unwrap();
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}
