//! A cluster that exists only here: what the plan would observe of it, and how it changes when a plan is carried out.
use crate::conditions::{Condition, Kind};
use crate::operator::compare::stamped;
use crate::operator::installation::tests::sample;
use crate::operator::installation::{Component, Installation};
use crate::operator::objects::{Existing, objects};
use crate::operator::observed::{Observed, Replica};
use crate::operator::plan::{Plan, id, plan};
use crate::operator::resource::JustHungryStatus;
use crate::operator::rollout::Move;
use crate::picture::Picture;
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, StorageId, View};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// An installation of three that works, and the status that was written last.
pub(super) struct Scene {
    pub(super) installation: Installation,
    pub(super) observed: Observed,
    pub(super) status: JustHungryStatus,
}

pub(super) fn pod(ordinal: i32) -> Pod {
    Pod::new(&format!("x-replica-{ordinal}"))
}

impl Scene {
    /// Nothing is there but the resource.
    pub(super) fn blank() -> Scene {
        let installation = Installation::new(&sample()).unwrap();
        let observed = Observed {
            now: Time(Timestamp::from_second(1_800_000_000).unwrap()),
            picture: Picture::default(),
            live: [].into(),
            pods: [].into(),
            claims: [].into(),
            trouble: None,
            asked: None,
        };
        Scene { installation, observed, status: JustHungryStatus::default() }
    }

    /// All is built, in sync and told; x-replica-0 leads.
    pub(super) fn settled() -> Scene {
        let mut scene = Scene::blank();
        let existing = Existing { replicas: 3, claim: None };
        for object in objects(&scene.installation, &existing) {
            scene.observed.live.insert(id(&object), stamped(object));
        }
        scene.observed.live.insert(("ConfigMap".into(), "x-view".into()), scene.view_object());
        let set = scene.set();
        set["metadata"]["generation"] = 1.into();
        set["status"] = json!({ "observedGeneration": 1, "updateRevision": "a" });
        for ordinal in 0..3 {
            scene.add(ordinal, "a");
        }
        let members = (0..3).map(pod);
        scene.observed.picture.view = Some(View {
            group: GroupId(1),
            version: 3,
            epoch: Epoch::new(0, 1),
            primary: pod(0),
            primary_boot: BootId(1),
            in_sync: members.clone().map(|pod| (pod, StorageId(1))).collect(),
            members: members.collect(),
            min_in_sync: 2,
            change: Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 },
        });
        scene.observed.picture.read = true;
        scene.says(Kind::Available, true);
        scene.says(Kind::FullyReplicated, true);
        for kind in [Kind::FailoverInProgress, Kind::QuorumLost, Kind::Degraded, Kind::ViewLost] {
            scene.says(kind, false);
        }
        scene.status = scene.plan().status;
        scene
    }

    fn view_object(&self) -> Value {
        self.installation.object("v1", "ConfigMap", "x-view", Component::View)
    }
    pub(super) fn set(&mut self) -> &mut Value {
        self.observed.live.get_mut(&("StatefulSet".into(), "x-replica".into())).unwrap()
    }
    pub(super) fn view(&mut self) -> &mut View {
        self.observed.picture.view.as_mut().unwrap()
    }
    pub(super) fn pod(&mut self, ordinal: i32) -> &mut Replica {
        self.observed.pods.get_mut(&pod(ordinal)).unwrap()
    }
    /// A pod of this revision runs and its disk answers.
    pub(super) fn add(&mut self, ordinal: i32, revision: &str) {
        let role = if ordinal == 0 { "primary" } else { "backup" };
        let replica = Replica {
            uid: format!("{ordinal}{revision}"),
            revision: revision.into(),
            ready: true,
            role: Some(role.into()),
            gate: Some(true),
            ip: Some(format!("10.0.0.{ordinal}")),
            ..Replica::default()
        };
        self.observed.pods.insert(pod(ordinal), replica);
        self.observed.picture.disks.insert(pod(ordinal), StorageId(1));
    }
    pub(super) fn says(&mut self, kind: Kind, holds: bool) {
        let conditions = &mut self.observed.picture.conditions;
        conditions.retain(|condition| condition.kind != kind);
        let message = format!("{kind} is {holds}");
        conditions.push(Condition { kind, holds: Some(holds), reason: "Scene", message });
    }
    pub(super) fn plan(&self) -> Plan {
        plan(&self.installation, &self.observed, &self.status)
    }
    /// The move of a plan, in words; what it causes has happened afterwards.
    pub(super) fn turn(&mut self, newest: &str) -> String {
        let plan = self.plan();
        for mark in plan.marks {
            let replica = self.observed.pods.get_mut(&mark.pod).unwrap();
            replica.role = mark.role.map(str::to_owned).or(replica.role.take());
            replica.gate = mark.in_sync.or(replica.gate);
        }
        match plan.step {
            Move::Stay => "stay".into(),
            Move::Evict { pod, why, .. } => {
                let ordinal = self.installation.ordinal(&pod).unwrap();
                self.add(ordinal, newest);
                format!("evict {pod}: {why}")
            }
            Move::HandOver { to, why, .. } => {
                let view = self.view();
                (view.primary, view.epoch) = (to.clone(), view.epoch.next());
                format!("hand over to {to}: {why}")
            }
        }
    }
}
