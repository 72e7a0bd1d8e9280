//! The admission policy of the view says what `group::View::admits` says: both judge the same edits, drawn at random. And what only the
//! policy can judge: who asks, what else of the object changes, texts that are no view.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View, Writer};
use kube_cel::KubeCelExt;
use kube_cel::cel::{Context, Program, Value as Cel};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;

const CONTROLLER: &str = "system:serviceaccount:just-hungry:just-hungry-controller";
const REPLICA: &str = "system:serviceaccount:ns:x-replica";
const COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// The policy, compiled.
struct Policy {
    variables: Vec<(String, Program)>,
    validations: Vec<(String, Program)>,
}

impl Policy {
    fn read() -> Policy {
        let text = include_str!("../../deploy/operator/view-policy.yaml");
        let first = text.split("\n---\n").next().unwrap();
        let policy: Value = serde_yaml::from_str(first).unwrap();
        let compiled = |list: &str, name: &str| -> Vec<_> {
            let all = policy["spec"][list].as_array().unwrap();
            let one = |it: &Value| {
                let expression = it["expression"].as_str().unwrap();
                let program = Program::compile(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
                (it[name].as_str().unwrap().to_owned(), program)
            };
            all.iter().map(one).collect()
        };
        Policy { variables: compiled("variables", "name"), validations: compiled("validations", "message") }
    }

    /// What is said against a request; nothing if it is allowed. What cannot be judged is refused, as the policy wants it.
    fn judge(&self, request: &Request) -> Vec<String> {
        let mut context = Context::default().with_all();
        let user = json!({ "username": request.user, "extra": extra(request.pod) });
        let asked = json!({ "operation": request.operation, "namespace": "ns", "userInfo": user });
        context.add_variable("request", asked).unwrap();
        context.add_variable("object", request.new.clone()).unwrap();
        context.add_variable("oldObject", request.old.clone()).unwrap();
        // Those that cannot be computed are missed only by what uses them, as in the API server, where they are lazy.
        let mut known: HashMap<String, Cel> = HashMap::new();
        for (name, program) in &self.variables {
            context.add_variable_from_value("variables", known.clone());
            if let Ok(value) = program.execute(&context) {
                known.insert(name.clone(), value);
            }
        }
        context.add_variable_from_value("variables", known);
        let refused = self.validations.iter().filter(|(_, it)| !matches!(it.execute(&context), Ok(Cel::Bool(true))));
        refused.map(|(message, _)| message.clone()).collect()
    }
}

fn extra(pod: Option<&str>) -> Value {
    pod.map_or(json!({}), |pod| json!({ "authentication.kubernetes.io/pod-name": [pod] }))
}

struct Request<'a> {
    operation: &'a str,
    user: &'a str,
    pod: Option<&'a str>,
    old: Value,
    new: Value,
}

fn object(view: &View) -> Value {
    let labels = json!({ "app.kubernetes.io/instance": "x", "app.kubernetes.io/name": "just-hungry", "app.kubernetes.io/component": "view" });
    json!({ "metadata": { "name": "x-view", "namespace": "ns", "labels": labels }, "data": view::json::to_map(view) })
}

fn update<'a>(user: &'a str, pod: Option<&'a str>, old: &View, new: &View) -> Request<'a> {
    Request { operation: "UPDATE", user, pod, old: object(old), new: object(new) }
}

fn pod(n: u8) -> Pod {
    Pod::new(&format!("x-replica-{n}"))
}

fn views() -> impl Strategy<Value = View> {
    (
        1u64..4,
        0u64..2,
        1u64..4,
        0u8..4,
        0u128..2,
        prop::collection::btree_map(0u8..4, 0u128..2, 1..4),
        1usize..4,
        1u8..16,
    )
        .prop_map(|(version, loss, number, primary, boot, disks, min_in_sync, members)| View {
            group: GroupId(7),
            version,
            epoch: Epoch::new(loss, number),
            primary: pod(primary),
            primary_boot: BootId(boot),
            in_sync: disks.into_iter().map(|(n, disk)| (pod(n), StorageId(disk))).collect(),
            members: (0..4).filter(|n| members & (1 << n) != 0).map(pod).collect(),
            min_in_sync,
            change: Change { cause: Cause::Died, suspected_at: 1, decided_at: 2 },
        })
}

/// A next view that is near the old one, and who asks for it, if not a controller. Most fields follow the old view and most askers have a
/// right to ask, so that the rules are met as often as broken.
fn steps() -> impl Strategy<Value = (View, View, Option<Pod>)> {
    (views(), views(), prop::collection::vec(0u8..8, 7), 0u8..8).prop_map(|(mut old, other, keep, asker)| {
        old.in_sync.insert(old.primary.clone(), StorageId(0));
        let mut next = View { version: old.version + 1, ..old.clone() };
        if keep[0] == 0 {
            next.version = other.version;
        }
        if keep[1] == 0 {
            (next.primary, next.primary_boot) = (other.primary.clone(), other.primary_boot);
        }
        if keep[2] == 0 {
            next.in_sync = other.in_sync;
        }
        if keep[3] == 0 {
            next.members = other.members;
        }
        if keep[4] == 0 {
            next.min_in_sync = other.min_in_sync;
        }
        let anew = (&next.primary, next.primary_boot) != (&old.primary, old.primary_boot);
        next.epoch.number += u64::from(anew);
        match keep[5] {
            0 => next.epoch = other.epoch,
            1 if keep[6] == 0 => next.epoch = Epoch::new(old.epoch.loss + 1, old.epoch.number + 1),
            _ => {}
        }
        if keep[6] == 1 {
            next.in_sync.remove(&pod(keep[0]));
        }
        let asker = match asker {
            0..2 => None,
            2..5 => Some(old.primary.clone()),
            n => Some(pod(n - 4)),
        };
        (old, next, asker)
    })
}

#[test]
fn the_policy_and_the_code_judge_alike() {
    let policy = Policy::read();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1_000)
    });
    let seen = std::cell::Cell::new((0u32, 0u32));
    let judged = runner.run(&steps(), |(old, next, asker)| {
        let (writer, user, name) = match asker {
            None => (Writer::Controller, CONTROLLER, None),
            Some(pod) => (Writer::Member(pod.clone()), REPLICA, Some(pod.to_string())),
        };
        let refused = policy.judge(&update(user, name.as_deref(), &old, &next));
        let lossy = next.epoch.loss != old.epoch.loss;
        // Accepting a loss is the controller's to write at an operator's command; the policy cannot tell the two apart.
        let writer = if lossy && writer == Writer::Controller { Writer::Operator } else { writer };
        let admitted = old.admits(&next, &writer);
        if lossy && admitted.is_err() && refused.is_empty() {
            // A view that was set back is continued above what members remember, so a loss may skip numbers, upwards.
            prop_assert_eq!(writer, Writer::Operator);
            prop_assert!(next.epoch > old.epoch && next.epoch.number > old.epoch.number && next.version > old.version);
            return Ok(());
        }
        prop_assert_eq!(admitted.is_ok(), refused.is_empty(), "{:?} against {:?}", admitted, refused);
        let (yes, no) = seen.get();
        seen.set(if admitted.is_ok() { (yes + 1, no) } else { (yes, no + 1) });
        Ok(())
    });
    judged.unwrap_or_else(|error| panic!("{error}"));
    let (yes, no) = seen.get();
    assert!(yes > 100 && no > 100, "{yes} allowed and {no} refused say little");
}

fn old() -> View {
    let disks = (0..3).map(|n| (pod(n), StorageId(u128::from(n)))).collect();
    View {
        group: GroupId(7),
        version: 4,
        epoch: Epoch::new(0, 2),
        primary: pod(0),
        primary_boot: BootId(5),
        in_sync: disks,
        members: (0..3).map(pod).collect(),
        min_in_sync: 2,
        change: Change { cause: Cause::Birth, suspected_at: 1, decided_at: 1 },
    }
}

fn shrunk() -> View {
    old().without(&[pod(2)].into())
}

#[test]
fn v1_only_the_pod_that_the_old_view_names_may_shrink_and_only_by_its_own_token() {
    let policy = Policy::read();
    let judge = |user, pod| policy.judge(&update(user, pod, &old(), &shrunk())).is_empty();
    assert!(judge(REPLICA, Some("x-replica-0")));
    assert!(!judge(REPLICA, Some("x-replica-1")), "another replica");
    assert!(!judge(REPLICA, None), "a token that is bound to no pod");
    assert!(!judge("system:serviceaccount:other:x-replica", Some("x-replica-0")), "another namespace");
    assert!(!judge("system:serviceaccount:ns:y-replica", Some("x-replica-0")), "another installation");
    assert!(!judge(CONTROLLER, None), "not even a controller");
    assert!(!judge("kubernetes-admin", None));
}

#[test]
fn v2_and_v3_a_view_is_made_by_the_controller_and_deleted_by_the_collectors() {
    let policy = Policy::read();
    let judge = |operation, user| {
        let (old, new) =
            if operation == "CREATE" { (Value::Null, object(&old())) } else { (object(&old()), Value::Null) };
        policy.judge(&Request { operation, user, pod: Some("x-replica-0"), old, new }).is_empty()
    };
    assert!(judge("CREATE", CONTROLLER) && !judge("CREATE", REPLICA) && !judge("CREATE", "kubernetes-admin"));
    assert!(judge("DELETE", COLLECTOR) && judge("DELETE", "system:serviceaccount:kube-system:namespace-controller"));
    assert!(!judge("DELETE", CONTROLLER) && !judge("DELETE", REPLICA) && !judge("DELETE", "kubernetes-admin"));
}

#[test]
fn nothing_but_the_keys_may_change() {
    let policy = Policy::read();
    for (pointer, value) in [
        ("/metadata/labels/app.kubernetes.io~1instance", json!("y")),
        ("/metadata/labels", json!({})),
        ("/metadata/ownerReferences", json!([])),
        ("/metadata/annotations", json!({ "a": "b" })),
        ("/metadata/finalizers", json!(["example.com/stay"])),
        ("/data/more", json!("x")),
        ("/binaryData", json!({ "a": "" })),
        ("/immutable", json!(true)),
    ] {
        let mut request = update(REPLICA, Some("x-replica-0"), &old(), &shrunk());
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        request.new.pointer_mut(parent).unwrap()[key.replace("~1", "/")] = value;
        assert!(!policy.judge(&request).is_empty(), "{pointer}");
    }
}

#[test]
fn what_is_no_view_is_refused_whoever_writes_it() {
    let policy = Policy::read();
    let disk = StorageId(0).to_string();
    for (key, text) in [
        ("version", "05".to_owned()),
        ("version", "five".into()),
        ("epoch", "-2".into()),
        ("minInSync", "0".into()),
        ("primary", "x-replica-9".into()),
        ("primaryBoot", "5".into()),
        ("inSync", "{}".into()),
        ("inSync", "not json".into()),
        ("inSync", format!(r#"{{"x-replica-0":"{disk}","x-replica-0":"{disk}"}}"#)),
        ("inSync", format!(r#"{{"x-replica-0":"{disk}" }}"#)),
        ("members", "[]".into()),
        ("members", r#"["x-replica-0""#.into()),
    ] {
        let mut request = update(CONTROLLER, None, &old(), &old().with_members(old().members, 2));
        assert!(policy.judge(&request).is_empty());
        request.new["data"][key] = text.as_str().into();
        assert!(!policy.judge(&request).is_empty(), "{key}: {text}");
    }
}

#[test]
fn v3_a_damaged_view_can_be_repaired_by_the_controller_alone() {
    let policy = Policy::read();
    let judge = |user, damage: &str| {
        let mut request = update(user, Some("x-replica-0"), &old(), &shrunk());
        request.old["data"] = json!({ "version": damage });
        policy.judge(&request)
    };
    assert_eq!(judge(CONTROLLER, "4"), Vec::<String>::new());
    assert_eq!(judge(CONTROLLER, "four"), Vec::<String>::new());
    assert!(!judge(REPLICA, "4").is_empty() && !judge("kubernetes-admin", "4").is_empty());
}
