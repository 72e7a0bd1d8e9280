//! What is built, as files that can be read and compared.
use super::scene::{Scene, pod};
use super::yaml;
use crate::conditions::Kind;
use crate::operator::resource::Provider;
use expect_test::expect_file;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[test]
fn from_nothing_everything_is_built() {
    let plan = Scene::blank().plan();
    expect_file!["golden/objects.yaml"].assert_eq(&yaml(&plan.apply));
}

#[test]
fn every_field_that_is_written_is_known_to_the_api() {
    fn through<K: DeserializeOwned + Serialize>(object: &Value) -> Value {
        serde_json::to_value(serde_json::from_value::<K>(object.clone()).unwrap()).unwrap()
    }
    let mut with_services = Scene::blank();
    with_services.installation.spec.postcode.services_secret = Some("services".into());
    for object in Scene::blank().plan().apply.into_iter().chain(with_services.plan().apply) {
        let typed = match object["kind"].as_str().unwrap() {
            "StatefulSet" => through::<StatefulSet>(&object),
            "Deployment" => through::<Deployment>(&object),
            "Service" => through::<Service>(&object),
            "ServiceAccount" => through::<ServiceAccount>(&object),
            "PodDisruptionBudget" => through::<PodDisruptionBudget>(&object),
            "NetworkPolicy" => through::<NetworkPolicy>(&object),
            "Role" => through::<Role>(&object),
            "RoleBinding" => through::<RoleBinding>(&object),
            other => panic!("{other} is not compared"),
        };
        assert_eq!(typed, object);
    }
}

#[test]
fn what_is_as_planned_is_left_alone() {
    let plan = Scene::settled().plan();
    assert_eq!((plan.apply, plan.marks, plan.grow, plan.events), (vec![], vec![], vec![], vec![]));
}

#[test]
fn what_people_change_or_delete_is_put_right() {
    let mut scene = Scene::settled();
    scene.observed.live.remove(&("Service".into(), "x".into()));
    scene.set()["spec"]["updateStrategy"]["type"] = "RollingUpdate".into();
    let put: Vec<_> = scene.plan().apply.iter().map(|it| it["metadata"]["name"].clone()).collect();
    assert_eq!(put, ["x-replica", "x"]);
}

#[test]
fn a_deleted_stateful_set_comes_back_as_large_as_the_group_needs() {
    let mut scene = Scene::settled();
    scene.observed.live.remove(&("StatefulSet".into(), "x-replica".into()));
    scene.view().in_sync.insert(pod(4), group::StorageId(1));
    assert_eq!(scene.plan().apply[0]["spec"]["replicas"], 5);
}

#[test]
fn what_is_not_ours_is_left_alone_and_told() {
    let mut scene = Scene::settled();
    let service = json!({"kind": "Service", "metadata": {"name": "x"}, "spec": {}});
    scene.observed.live.insert(("Service".into(), "x".into()), service);
    scene.pod(1).foreign = true;
    let plan = scene.plan();
    assert!(plan.apply.is_empty());
    let told = plan.status.conditions.iter().find(|it| it.type_ == "Degraded").unwrap();
    assert_eq!((told.status.as_str(), told.reason.as_str()), ("True", "ForeignObject"));
    assert!(told.message.contains("Service x, Pod x-replica-1"), "{}", told.message);
    assert_eq!(plan.status.phase.as_deref(), Some("Blocked"));
}

#[test]
fn a_larger_volume_is_asked_of_the_claims_and_not_of_the_stateful_set() {
    let mut scene = Scene::settled();
    scene.installation.spec.storage.size = "2Gi".into();
    scene.observed.claims =
        [("data-x-replica-0".into(), "1Gi".into()), ("data-x-replica-1".into(), "2048Mi".into())].into();
    let plan = scene.plan();
    assert_eq!(plan.grow, [("data-x-replica-0".into(), "2Gi".into())]);
    assert!(plan.apply.is_empty());
}

#[test]
fn providers_are_passed_on_in_their_order() {
    let mut scene = Scene::blank();
    scene.installation.spec.postcode.providers = vec![Provider::OpenPostcodeGeo, Provider::PostcodesIo];
    scene.installation.spec.postcode.replicas = 3;
    let (container, _) = adapter(&scene);
    let args: Vec<_> = container["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(
        args[2..],
        [
            "--outside=open-postcode-geo,postcodes.io",
            "--adapters=3",
            "--cache=/answers/kept.redb",
            "--warm-from=http://x-postcode"
        ]
    );
}

#[test]
fn a_secret_with_services_is_mounted_whole_so_that_its_changes_arrive() {
    let mut scene = Scene::blank();
    scene.installation.spec.postcode.services_secret = Some("outside".into());
    let (container, pod) = adapter(&scene);
    assert_eq!(container["args"][2], "--outside=/etc/just-hungry/services/services.json");
    let mount = json!({"name": "services", "mountPath": "/etc/just-hungry/services", "readOnly": true});
    assert_eq!(container["volumeMounts"].as_array().unwrap().last(), Some(&mount));
    let volume = json!({"name": "services", "secret": {"secretName": "outside", "defaultMode": 0o440}});
    assert_eq!(pod["volumes"].as_array().unwrap().last(), Some(&volume));
}

#[test]
fn adapters_may_go_only_where_what_they_ask_is() {
    let ports = |change: &dyn Fn(&mut crate::operator::resource::Postcode)| {
        let mut scene = Scene::blank();
        change(&mut scene.installation.spec.postcode);
        let plan = scene.plan().apply;
        let is_policy = |it: &&Value| it["kind"] == "NetworkPolicy" && it["metadata"]["name"] == "x-postcode";
        let policy = plan.iter().find(is_policy).unwrap().clone();
        let port = |port: &Value| port["port"].as_i64().unwrap();
        let rule = |rule: &Value| rule["ports"].as_array().map(|ports| ports.iter().map(port).collect::<Vec<_>>());
        policy["spec"]["egress"].as_array().unwrap().iter().map(rule).collect::<Vec<_>>()
    };
    let inside = [Some(vec![53, 53]), Some(vec![8081])];
    assert_eq!(ports(&|_| {}), inside);
    assert_eq!(ports(&|wish| wish.providers = vec![Provider::Pdok])[2..], [Some(vec![80, 443])]);
    assert_eq!(ports(&|wish| wish.services_secret = Some("outside".into()))[2..], [None]);
}

/// The adapters' container and pod.
fn adapter(scene: &Scene) -> (Value, Value) {
    let plan = scene.plan();
    let is_adapter = |it: &&Value| it["kind"] == "Deployment" && it["metadata"]["name"] == "x-postcode";
    let pod = plan.apply.iter().find(is_adapter).unwrap()["spec"]["template"]["spec"].clone();
    (pod["containers"][0].clone(), pod)
}

#[test]
fn the_status_of_a_failover_says_who_leads_and_why() {
    let mut scene = Scene::settled();
    let view = scene.view();
    (view.primary, view.epoch) = (pod(1), view.epoch.next());
    view.in_sync.remove(&pod(0));
    view.change =
        group::Change { cause: group::Cause::Died, suspected_at: 1_800_000_000_000, decided_at: 1_800_000_000_012 };
    scene.observed.picture.took = Some((group::Epoch::new(0, 2), 512));
    scene.says(Kind::FullyReplicated, false);
    scene.says(Kind::Degraded, true);
    let plan = scene.plan();
    let events: Vec<_> = plan
        .events
        .iter()
        .map(|it| format!("{}{}: {}", if it.warns { "! " } else { "" }, it.reason, it.note))
        .collect();
    let said = json!({ "status": plan.status, "events": events, "marks": format!("{:?}", plan.marks) });
    expect_file!["golden/failover.yaml"].assert_eq(&yaml(&[said]));
}

#[test]
fn while_the_view_is_lost_nothing_is_marked_lowered_or_evicted() {
    let mut scene = Scene::settled();
    scene.says(Kind::ViewLost, true);
    scene.observed.picture.view = None;
    scene.pod(1).revision = "old".into();
    scene.set()["spec"]["replicas"] = 5.into();
    let plan = scene.plan();
    assert!(plan.marks.is_empty() && plan.step == crate::operator::rollout::Move::Stay);
    assert!(
        plan.apply.iter().all(|it| it["kind"] == "StatefulSet" && it["spec"]["replicas"] == 5),
        "it keeps its five"
    );
    assert_eq!(plan.status.phase.as_deref(), Some("ViewLost"));
    assert_eq!(plan.status.primary.as_deref(), Some("x-replica-0"), "what was known stays");
}
