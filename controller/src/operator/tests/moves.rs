//! Rollout and scaling: one pod at a time, the primary last and once, nobody goes who still counts.
use super::scene::{Scene, pod};
use crate::conditions::Kind;
use crate::operator::compare::PLAN_ANNOTATION;
use crate::operator::rollout::Move;
use group::StorageId;
use serde_json::{Value, json};

fn newest(scene: &mut Scene, revision: &str) {
    scene.set()["status"]["updateRevision"] = revision.into();
}

#[test]
fn a_rollout_takes_backups_first_and_moves_the_primary_once() {
    let mut scene = Scene::settled();
    newest(&mut scene, "b");
    let turns: Vec<_> = (0..5).map(|_| scene.turn("b")).collect();
    assert_eq!(
        turns,
        [
            "evict x-replica-2: x-replica-2 runs an older template",
            "evict x-replica-1: x-replica-1 runs an older template",
            "hand over to x-replica-1: x-replica-0 runs an older template",
            "evict x-replica-0: x-replica-0 runs an older template",
            "stay",
        ]
    );
}

#[test]
fn a_rollout_waits_for_whatever_is_unsettled() {
    type Unsettle = fn(&mut Scene);
    let cases: [(&str, Unsettle); 7] = [
        ("a pod is not ready", |scene| scene.pod(1).ready = false),
        ("a pod leaves", |scene| scene.pod(1).leaving = true),
        ("a gate is not set", |scene| scene.pod(1).gate = Some(false)),
        ("a disk is another", |scene| {
            scene.observed.picture.disks.insert(pod(1), StorageId(9));
        }),
        ("a member is not in sync", |scene| {
            scene.view().in_sync.remove(&pod(1));
        }),
        ("orders do not flow", |scene| scene.says(Kind::Available, false)),
        ("the primary is in doubt", |scene| scene.says(Kind::FailoverInProgress, true)),
    ];
    for (what, unsettle) in cases {
        let mut scene = Scene::settled();
        newest(&mut scene, "b");
        unsettle(&mut scene);
        assert_eq!(scene.plan().step, Move::Stay, "{what}");
    }
}

#[test]
fn a_rollout_waits_until_the_newest_template_is_known() {
    let mut scene = Scene::settled();
    newest(&mut scene, "b");
    scene.set()["metadata"]["generation"] = 2.into();
    assert_eq!(scene.plan().step, Move::Stay);
}

/// A Deployment's own controller says how far it is.
fn tells(scene: &mut Scene, name: &str, reason: &str, updated: i64) {
    let status = if reason == "ProgressDeadlineExceeded" { "False" } else { "True" };
    let live = scene.observed.live.get_mut(&("Deployment".into(), name.into())).unwrap();
    live["metadata"]["generation"] = 2.into();
    live["status"] = json!({
        "observedGeneration": 2, "updatedReplicas": updated,
        "conditions": [{ "type": "Progressing", "status": status, "reason": reason }],
    });
}

/// What a plan writes has been written; which Deployments and sets that were.
fn written(scene: &mut Scene) -> Vec<String> {
    let apply = scene.plan().apply;
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
    let names = apply.iter().map(name).collect();
    for object in apply {
        let live = scene.observed.live.get_mut(&crate::operator::plan::id(&object)).unwrap();
        live["metadata"]["annotations"][PLAN_ANNOTATION] = object["metadata"]["annotations"][PLAN_ANNOTATION].clone();
        live["spec"] = object["spec"].clone();
    }
    names
}

#[test]
fn a_new_image_reaches_adapters_then_front_ends_then_replicas() {
    let mut scene = Scene::settled();
    let done = "NewReplicaSetAvailable";
    scene.installation.spec.image = "localhost/just-hungry:next".into();
    assert_eq!(written(&mut scene), ["x-replica", "x-postcode"]);
    newest(&mut scene, "b");
    for (reason, updated) in [("ReplicaSetUpdated", 1), ("ReplicaSetUpdated", 2), (done, 0)] {
        tells(&mut scene, "x-postcode", reason, updated);
        assert_eq!((written(&mut scene), scene.plan().step), (vec![], Move::Stay), "{reason} {updated}");
    }
    tells(&mut scene, "x-postcode", done, 2);
    assert_eq!(scene.plan().step, Move::Stay, "the front ends come first");
    assert_eq!(written(&mut scene), ["x-frontend"]);
    tells(&mut scene, "x-frontend", "ReplicaSetUpdated", 1);
    assert_eq!(scene.plan().step, Move::Stay);
    tells(&mut scene, "x-frontend", done, 2);
    assert_eq!(scene.turn("b"), "evict x-replica-2: x-replica-2 runs an older template");
}

#[test]
fn adapters_that_cannot_be_replaced_hold_nobody_up_for_ever() {
    let mut scene = Scene::settled();
    scene.installation.spec.image = "localhost/just-hungry:next".into();
    written(&mut scene);
    tells(&mut scene, "x-postcode", "ProgressDeadlineExceeded", 1);
    assert_eq!(written(&mut scene), ["x-frontend"]);
    let mut scene = Scene::settled();
    scene.installation.spec.image = "localhost/just-hungry:next".into();
    scene.observed.trouble = Some("apply Deployment x-postcode: forbidden".into());
    assert_eq!(written(&mut scene), ["x-replica", "x-postcode", "x-frontend"]);
}

#[test]
fn a_pod_of_a_bad_template_that_never_came_in_sync_is_replaced_without_waiting() {
    let mut scene = Scene::settled();
    scene.pod(2).revision = "bad".into();
    scene.pod(2).ready = false;
    scene.view().in_sync.remove(&pod(2));
    assert!(matches!(scene.plan().step, Move::Evict { pod: it, .. } if it == pod(2)));
}

#[test]
fn growing_adds_pods_at_once() {
    let mut scene = Scene::settled();
    scene.installation.spec.replicas = 5;
    let plan = scene.plan();
    assert_eq!(plan.apply[0]["spec"]["replicas"], 5);
    assert_eq!(plan.status.phase.as_deref(), Some("Scaling"));
}

#[test]
fn shrinking_waits_until_those_who_go_have_left_the_set() {
    let mut scene = Scene::settled();
    scene.installation.spec.replicas = 5;
    scene.set()["spec"]["replicas"] = 5.into();
    for ordinal in 3..5 {
        scene.add(ordinal, "a");
        scene.view().members.insert(pod(ordinal));
        scene.view().in_sync.insert(pod(ordinal), StorageId(1));
    }
    scene.installation.spec.replicas = 3;
    let replicas = |scene: &Scene| {
        let apply = scene.plan().apply;
        apply.iter().find(|it| it["kind"] == "StatefulSet").map(|it| it["spec"]["replicas"].clone())
    };
    // The stamp differs, so it is applied, with five as before.
    assert!(replicas(&scene).is_none_or(|it| it == 5));
    scene.view().members.retain(|it| *it != pod(3) && *it != pod(4));
    scene.view().in_sync.remove(&pod(4));
    assert_eq!(replicas(&scene).unwrap(), 4, "x-replica-3 is still in the set");
    scene.view().in_sync.remove(&pod(3));
    assert_eq!(replicas(&scene).unwrap(), 3);
}

#[test]
fn a_primary_that_is_to_be_removed_hands_over_to_one_that_stays() {
    let mut scene = Scene::settled();
    scene.add(4, "a");
    scene.view().in_sync.insert(pod(4), StorageId(1));
    scene.view().members.insert(pod(4));
    scene.view().primary = pod(4);
    let epoch = scene.view().epoch;
    let Move::HandOver { to, .. } = scene.plan().step else { panic!("{:?}", scene.plan().step) };
    assert_eq!(to, pod(0));
    scene.observed.asked = Some(epoch);
    assert_eq!(scene.plan().step, Move::Stay, "asked once");
}

#[test]
fn before_the_group_is_born_a_template_that_never_worked_is_replaced() {
    let mut scene = Scene::settled();
    scene.observed.picture.view = None;
    newest(&mut scene, "b");
    assert_eq!(scene.plan().step, Move::Stay, "they work");
    scene.pod(1).ready = false;
    assert!(matches!(scene.plan().step, Move::Evict { pod: it, .. } if it == pod(1)));
    scene.says(Kind::ViewLost, true);
    assert_eq!(scene.plan().step, Move::Stay, "the group was born long ago");
}
