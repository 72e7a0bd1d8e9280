//! Forbidden edits of the view (V1–V5, U1), each tried for real: as an administrator, and with tokens bound to replicas' pods.

use anyhow::{Context, Result, bail};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, PostParams};
use kube::config::AuthInfo;
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use super::none_of;
use crate::harness::{Ground, NAME, NAMESPACE};

const DISK: &str = "00000000000000000000000000000001";
/// An edit that met a newer version proves nothing and is tried again.
const TRIES: usize = 20;

/// What is done to the view's keys, or to its object.
type Edit = fn(&mut ConfigMap) -> Result<()>;

/// An edit that is forbidden, and to whom.
struct Forbidden {
    what: &'static str,
    to: &'static [Who],
    edit: Edit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Admin,
    Primary,
    Backup,
    FrontEnd,
}
use Who::{Admin, Backup, FrontEnd, Primary};

const EVERYBODY: &[Who] = &[Admin, Primary, Backup, FrontEnd];

/// The list. Every edit also raises the version by one, as a lawful write does, unless it is about the version.
const FORBIDDEN: &[Forbidden] = &[
    Forbidden {
        what: "V1: a write without a change, by somebody else than the primary",
        to: &[Admin, Backup, FrontEnd],
        edit: |_| Ok(()),
    },
    Forbidden { what: "V1: the version left as it is", to: EVERYBODY, edit: |view| add(view, "version", -1) },
    Forbidden { what: "V1: the version two further", to: EVERYBODY, edit: |view| add(view, "version", 1) },
    Forbidden { what: "V1: another epoch for the same primary", to: EVERYBODY, edit: |view| add(view, "epoch", 1) },
    Forbidden {
        what: "V1: another primary in the same epoch",
        to: EVERYBODY,
        edit: |view| set(view, "primary", other(view)?),
    },
    Forbidden {
        what: "V1: other members, by the primary",
        to: EVERYBODY,
        edit: |view| set(view, "members", "[\"x-0\"]".to_owned()),
    },
    Forbidden { what: "V1: another minInSync, by the primary", to: EVERYBODY, edit: |view| add(view, "minInSync", 1) },
    Forbidden { what: "S1: a shrink below minInSync", to: EVERYBODY, edit: alone },
    Forbidden { what: "S2: a disk of no member", to: EVERYBODY, edit: stranger },
    Forbidden {
        what: "U1: a primary whose disk is not in the set",
        to: EVERYBODY,
        edit: |view| {
            add(view, "epoch", 1)?;
            set(view, "primary", "x-0".to_owned())
        },
    },
    Forbidden {
        what: "U1: a loss accepted",
        to: EVERYBODY,
        edit: |view| {
            add(view, "epoch", 1)?;
            add(view, "lossEpoch", 1)
        },
    },
    Forbidden { what: "V3: another group", to: EVERYBODY, edit: |view| set(view, "groupId", DISK.to_owned()) },
    Forbidden {
        what: "V3: an older view",
        to: EVERYBODY,
        edit: |view| {
            add(view, "version", -2)?;
            add(view, "epoch", -1)
        },
    },
    Forbidden { what: "a key more", to: EVERYBODY, edit: |view| set(view, "extra", "1".to_owned()) },
    Forbidden {
        what: "a key less",
        to: EVERYBODY,
        edit: |view| {
            keys(view)?.remove("inSync");
            Ok(())
        },
    },
    Forbidden { what: "no number as epoch", to: EVERYBODY, edit: |view| set(view, "epoch", "many".to_owned()) },
    Forbidden {
        what: "the labels, by which the rules know a view, taken away",
        to: EVERYBODY,
        edit: |view| {
            view.metadata.labels = None;
            Ok(())
        },
    },
    Forbidden {
        what: "the owner taken away",
        to: EVERYBODY,
        edit: |view| {
            view.metadata.owner_references = None;
            Ok(())
        },
    },
];

pub(super) async fn check(ground: &Ground) -> Result<()> {
    let admin = Api::<ConfigMap>::namespaced(Client::try_default().await?, NAMESPACE);
    let view = format!("{NAME}-view");
    let now = admin.get(&view).await.context("read the view")?;
    let (primary, backup) = (key(&now, "primary")?, other(&now)?);
    let clients = [
        (Admin, admin.clone()),
        (Primary, bound(ground, &format!("{NAME}-replica"), &primary).await?),
        (Backup, bound(ground, &format!("{NAME}-replica"), &backup).await?),
        (FrontEnd, bound(ground, &format!("{NAME}-frontend"), &front_end(ground)?).await?),
    ];
    let mut wrong = Vec::new();
    for (who, client) in &clients {
        for forbidden in FORBIDDEN.iter().filter(|forbidden| forbidden.to.contains(who)) {
            if let Err(error) = refused(&admin, client, &view, forbidden.edit).await {
                wrong.push(format!("{who:?}: {}: {error:#}", forbidden.what));
            }
        }
        let deletion = DeleteParams { dry_run: true, ..DeleteParams::default() };
        if let Err(error) = is_refused(client.delete(&view, &deletion).await) {
            wrong.push(format!("{who:?}: V3: a deletion of the view {error:#}"));
        }
        let born = ConfigMap { metadata: named("another-view", &now), data: now.data.clone(), ..ConfigMap::default() };
        if let Err(error) = is_refused(client.create(&dry(), &born).await) {
            wrong.push(format!("{who:?}: V2: a view made by hand {error:#}"));
        }
    }
    // Rules that refuse everything would pass all of the above.
    if let Some((_, primary)) = clients.iter().find(|(who, _)| *who == Primary) {
        lawful(&admin, primary, &view).await.context("what the protocol allows is refused")?;
    }
    none_of(wrong)
}

/// Tries an edit, always as a dry run: what should be refused and is not must do no harm.
async fn refused(admin: &Api<ConfigMap>, client: &Api<ConfigMap>, name: &str, edit: Edit) -> Result<()> {
    is_refused(tried(admin, client, name, edit).await?)
}

/// S1: the primary may take a backup out of the set while enough remain.
async fn lawful(admin: &Api<ConfigMap>, primary: &Api<ConfigMap>, name: &str) -> Result<()> {
    tried(admin, primary, name, shrunk).await??;
    Ok(())
}

/// What an edit of the newest version gives.
async fn tried(
    admin: &Api<ConfigMap>,
    client: &Api<ConfigMap>,
    name: &str,
    edit: Edit,
) -> Result<kube::Result<ConfigMap>> {
    for _ in 0..TRIES {
        let mut view = admin.get(name).await?;
        add(&mut view, "version", 1)?;
        edit(&mut view)?;
        match client.replace(name, &dry(), &view).await {
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            answer => return Ok(answer),
        }
    }
    bail!("the view changes all the time")
}

fn is_refused<T>(answer: kube::Result<T>) -> Result<()> {
    match answer {
        Ok(_) => bail!("is let through"),
        Err(kube::Error::Api(status)) if matches!(status.code, 403 | 422) => Ok(()),
        Err(error) => Err(error).context("is neither let through nor refused"),
    }
}

fn dry() -> PostParams {
    PostParams { dry_run: true, ..PostParams::default() }
}

/// A client with an account's token that is bound to a pod, as the pod itself has one.
async fn bound(ground: &Ground, account: &str, pod: &str) -> Result<Api<ConfigMap>> {
    let token = ["-n", NAMESPACE, "create", "token", account, "--bound-object-kind=Pod", "--bound-object-name", pod];
    let token = ground.kubectl(token).read()?;
    let mut config = Config::infer().await?;
    // Without the administrator's certificate, which would count for more.
    config.auth_info = AuthInfo { token: Some(token.trim().to_owned().into()), ..AuthInfo::default() };
    Ok(Api::namespaced(Client::try_from(config)?, NAMESPACE))
}

fn front_end(ground: &Ground) -> Result<String> {
    let selector = format!("app.kubernetes.io/instance={NAME},app.kubernetes.io/component=frontend");
    let name = ["-n", NAMESPACE, "get", "pod", "-l", &selector, "-o", "jsonpath={.items[0].metadata.name}"];
    ground.kubectl(name).read()
}

fn named(name: &str, like: &ConfigMap) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
    k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
        name: Some(name.to_owned()),
        labels: like.metadata.labels.clone(),
        ..Default::default()
    }
}

fn keys(view: &mut ConfigMap) -> Result<&mut std::collections::BTreeMap<String, String>> {
    view.data.as_mut().context("the view has no keys")
}

fn key(view: &ConfigMap, name: &str) -> Result<String> {
    view.data.as_ref().and_then(|keys| keys.get(name).cloned()).with_context(|| format!("the view has no key {name}"))
}

fn set(view: &mut ConfigMap, name: &str, value: String) -> Result<()> {
    keys(view)?.insert(name.to_owned(), value);
    Ok(())
}

fn add(view: &mut ConfigMap, name: &str, number: i64) -> Result<()> {
    let value: i64 = key(view, name)?.parse()?;
    set(view, name, (value + number).to_string())
}

/// A backup of the set.
fn other(view: &ConfigMap) -> Result<String> {
    let (disks, primary) = (disks(view)?, key(view, "primary")?);
    disks.keys().find(|name| **name != primary).cloned().context("there is no backup in the set")
}

fn disks(view: &ConfigMap) -> Result<serde_json::Map<String, Value>> {
    serde_json::from_str(&key(view, "inSync")?).context("read inSync")
}

fn shrunk(view: &mut ConfigMap) -> Result<()> {
    let (mut disks, other) = (disks(view)?, other(view)?);
    disks.remove(&other);
    set(view, "inSync", Value::Object(disks).to_string())
}

fn alone(view: &mut ConfigMap) -> Result<()> {
    let primary = key(view, "primary")?;
    let disk = disks(view)?.get(&primary).cloned().context("the primary is not in the set")?;
    set(view, "inSync", json!({primary: disk}).to_string())
}

fn stranger(view: &mut ConfigMap) -> Result<()> {
    let mut disks = disks(view)?;
    disks.insert("x-0".to_owned(), json!(DISK));
    set(view, "inSync", Value::Object(disks).to_string())
}
