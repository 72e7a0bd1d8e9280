//! The adapters ask the services that a Secret lists, and follow a change of it. The services are played by a pod of our own, so that
//! nothing leaves the cluster.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::harness::{Ground, NAME, NAMESPACE};
use crate::sh::until;

/// The pod that plays the services, and the Secret that lists them.
const OUTSIDE: &str = "outside";
const PORT: u16 = 8083;
/// Nobody that a node knows.
const USER: u32 = 65_532;
const PLAYS_WITHIN: Duration = Duration::from_secs(30);
const ROLLED_OUT_WITHIN: &str = "--timeout=90s";
/// A node's agent looks at Secrets about once a minute.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(180);
/// So many answers in a row come from both adapters, but for a chance of one in some hundred.
const ANSWERS: u32 = 8;

pub(super) fn check(ground: &Ground) -> Result<()> {
    let checked = all(ground);
    let undone = undo(ground);
    checked.and(undone)
}

fn all(ground: &Ground) -> Result<()> {
    ensure!(source(ground, "DH13LE")? == "os-code-point-open", "somebody outside is asked before anybody is named");
    let outside = play(ground)?;
    list(ground, &json!({"services": [{"service": "postcodes.io", "url": format!("{outside}/postcodes.io")}]}))?;
    wish(ground, &json!(OUTSIDE))?;
    let word = source(ground, "DH13LA")?;
    ensure!(word == "postcodes.io", "the Secret lists postcodes.io, and {word} was believed");
    let free = json!({"service": "open-postcode-geo", "url": format!("{outside}/open-postcode-geo")});
    let key =
        json!({"service": "ideal-postcodes", "url": format!("{outside}/ideal-postcodes"), "key_file": "ideal.key"});
    list(ground, &json!({"services": [free, key]}))?;
    // Each of the two adapters follows by itself, and it is not said who answers.
    let follows = |_| ask(ground, "_providers").is_ok_and(|answer| answer.to_string().contains("ideal-postcodes"));
    until("the adapters follow the changed Secret", FOLLOWED_WITHIN, || (0..ANSWERS).all(follows))?;
    let word = source(ground, "DH13LD")?;
    ensure!(word == "open-postcode-geo", "the changed Secret lists open-postcode-geo, and {word} was believed");
    let word = source(ground, "DH13LE/addresses")?;
    ensure!(
        word == "ideal-postcodes",
        "the changed Secret has a key of ideal-postcodes, and {word} told the addresses"
    );
    Ok(())
}

/// Starts the pod; where the services are.
fn play(ground: &Ground) -> Result<String> {
    let image = ground.field(&format!("justhungry/{NAME}"), "{.spec.image}")?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": OUTSIDE, "namespace": NAMESPACE},
        "spec": {
            "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": USER, "runAsGroup": USER, "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": OUTSIDE, "image": image, "imagePullPolicy": "IfNotPresent",
                "args": [OUTSIDE, format!("--listen=0.0.0.0:{PORT}"), "--unprotected"],
                "securityContext": {
                    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    });
    apply(ground, &pod)?;
    let address = || ground.field(&format!("pod/{OUTSIDE}"), "{.status.podIP}").unwrap_or_default();
    until("an address of the pod that plays the services", PLAYS_WITHIN, || !address().is_empty())?;
    Ok(format!("http://{}:{PORT}", address()))
}

fn list(ground: &Ground, services: &Value) -> Result<()> {
    let files = json!({"services.json": services.to_string(), "ideal.key": "a-key"});
    let metadata = json!({"name": OUTSIDE, "namespace": NAMESPACE});
    apply(ground, &json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": files}))
}

/// What the resource names as the Secret, and the adapters by it.
fn wish(ground: &Ground, secret: &Value) -> Result<()> {
    let generation = || ground.field(&deployment(), "{.metadata.generation}");
    let before = generation()?;
    let patch = json!({"spec": {"postcode": {"servicesSecret": secret}}}).to_string();
    let resource = format!("justhungry/{NAME}");
    ground.kubectl(["-n", NAMESPACE, "patch", &resource, "--type=merge", "-p", &patch]).run()?;
    until("the adapters are to ask others", PLAYS_WITHIN, || generation().is_ok_and(|now| now != before))?;
    ground.kubectl(["-n", NAMESPACE, "rollout", "status", &deployment(), ROLLED_OUT_WITHIN]).run()
}

fn undo(ground: &Ground) -> Result<()> {
    let wished = ground.field(&format!("justhungry/{NAME}"), "{.spec.postcode.servicesSecret}")?;
    if !wished.is_empty() {
        wish(ground, &Value::Null)?;
    }
    for object in ["pod", "secret"] {
        ground.kubectl(["-n", NAMESPACE, "delete", object, OUTSIDE, "--ignore-not-found"]).run()?;
    }
    Ok(())
}

/// Whose word it is that is believed of this postcode.
fn source(ground: &Ground, code: &str) -> Result<String> {
    let answer = ask(ground, code)?;
    let source = answer["provenance"]["source"].as_str();
    source.map(str::to_owned).with_context(|| format!("the adapter says of {code}: {answer}"))
}

/// What the adapters answer, asked through the API server.
fn ask(ground: &Ground, what: &str) -> Result<Value> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/services/{NAME}-postcode:80/proxy/v1/postcodes/{what}");
    Ok(serde_json::from_str(&ground.kubectl(["get", "--raw", &path]).read()?)?)
}

fn apply(ground: &Ground, object: &Value) -> Result<()> {
    ground.kubectl(["apply", "-f", "-"]).input(object.to_string()).run()
}

fn deployment() -> String {
    format!("deployment/{NAME}-postcode")
}
