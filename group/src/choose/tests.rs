//! One story at least for every rule of the controller's choice, told with three replicas and a clock that the story moves.
mod laws;
mod repairs;
mod single;
mod stories;

use super::*;
use crate::entry::{Cause, Change};
use crate::ids::{BootId, Position, Seq, StorageId};
use crate::message::Peer;
use crate::status::{Role, Sign, Status, Suspect};
use std::collections::BTreeMap;

const PODS: [&str; 3] = ["replica-0", "replica-1", "replica-2"];
const GROUP: GroupId = GroupId(7);

/// What a controller sees, in a group of three that is well: replica-0 leads epoch 2 by version 5.
struct Story {
    seen: Seen,
    wish: Wish,
    now: Time,
    statuses: BTreeMap<Pod, Status>,
}

fn pod(n: usize) -> Pod {
    Pod::new(PODS[n])
}

fn view() -> View {
    View {
        group: GROUP,
        version: 5,
        epoch: Epoch::new(0, 2),
        primary: pod(0),
        primary_boot: BootId(100),
        in_sync: (0..3).map(|n| (pod(n), StorageId(n as u128))).collect(),
        members: (0..3).map(pod).collect(),
        min_in_sync: 2,
        change: Change { cause: Cause::Birth, suspected_at: 1, decided_at: 1 },
    }
}

fn status(n: usize) -> Status {
    Status {
        me: Peer { pod: pod(n), storage: StorageId(n as u128), boot: BootId(100 + n as u128) },
        group: Some(GROUP),
        role: if n == 0 { Role::Primary } else { Role::Backup },
        promised: view().epoch,
        view: Some(view()),
        tail: Position { seq: 50, epoch: view().epoch, hash: 0 },
        commit: 50,
        unhealthy: None,
        view_lost: false,
        suspects: vec![],
        stalled: false,
        format: 1,
        clock: 0,
    }
}

fn blank(n: usize) -> Status {
    let view = None;
    let (group, role) = (None, Role::Waiting);
    Status { group, role, view, promised: Epoch::default(), tail: Position::default(), commit: 0, ..status(n) }
}

impl Story {
    /// A controller that has just started and seen nothing.
    fn begin() -> Story {
        let wish = Wish { members: view().members, min_in_sync: 2, group: GroupId(99), jitter_ms: 0 };
        let statuses = (0..3).map(|n| (pod(n), status(n))).collect();
        Story { seen: Seen::default(), wish, now: Time(60_000_000), statuses }
    }
    /// A controller that has watched a sound group for a while.
    fn well() -> Story {
        let mut story = Story::begin();
        story.store(Store::Is(view()));
        for n in 0..3 {
            story.link(n, Link::Up).answers(n);
        }
        story.pass(10_000).all_answer();
        assert_eq!(story.decide(), Decision::Nothing);
        story.pass(1);
        story
    }
    fn pass(&mut self, ms: u64) -> &mut Story {
        self.now = self.now.plus_ms(ms);
        self
    }
    fn store(&mut self, store: Store) -> &mut Story {
        self.seen.stored(store, true, self.now);
        self
    }
    fn link(&mut self, n: usize, link: Link) -> &mut Story {
        self.seen.linked(&pod(n), link, self.now);
        self
    }
    fn answers(&mut self, n: usize) -> &mut Story {
        self.seen.answered(self.statuses[&pod(n)].clone(), self.now);
        self
    }
    /// Everyone who is connected tells its status.
    fn all_answer(&mut self) -> &mut Story {
        for n in 0..3 {
            if self.seen.member(&pod(n)).is_some_and(|member| member.link == Link::Up) {
                self.answers(n);
            }
        }
        self
    }
    /// From here on this member says something else; told with its next answer.
    fn changes(&mut self, n: usize, change: impl FnOnce(&mut Status)) -> &mut Story {
        change(self.statuses.get_mut(&pod(n)).unwrap());
        self
    }
    fn suspects(&mut self, n: usize, whom: usize, sign: Sign) -> &mut Story {
        self.changes(n, |status| status.suspects = vec![Suspect { pod: pod(whom), sign }]).answers(n)
    }
    /// Another process of this pod begins, with the same disk.
    fn restarts(&mut self, n: usize) -> &mut Story {
        self.link(n, Link::Closed).changes(n, |status| {
            status.me.boot.0 += 1_000;
            status.role = Role::Backup;
        });
        self.link(n, Link::Up).answers(n)
    }
    fn decide(&self) -> Decision {
        choose(&self.seen, &self.wish, Now { mono: self.now, wall: self.now.0 / 1000 })
    }
    /// Asks whom the controller wants asked, lets them answer, and decides.
    fn ask_and_decide(&mut self) -> Decision {
        if let Decision::Ask { pods, .. } = self.decide() {
            self.seen.asked(&pods, self.now);
            self.pass(1);
            let connected = |pod: &&Pod| self.seen.member(pod).is_some_and(|member| member.link == Link::Up);
            for pod in pods.iter().filter(connected).cloned().collect::<Vec<_>>() {
                self.seen.answered(self.statuses[&pod].clone(), self.now);
            }
        }
        self.decide()
    }
    /// The view that is decided on; anything else fails the story.
    fn writes(&mut self) -> View {
        match self.ask_and_decide() {
            Decision::Write { base, next } => {
                assert_eq!(base, self.seen.view().unwrap().version);
                self.seen.view().unwrap().admits(&next, &crate::view::Writer::Controller).unwrap();
                next
            }
            other => panic!("{other:?}"),
        }
    }
    fn waits_for(&mut self) -> Why {
        match self.ask_and_decide() {
            Decision::Wait { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }
}

fn set(view: &View) -> Vec<&str> {
    view.in_sync.keys().map(Pod::as_str).collect()
}

fn tail(status: &mut Status, epoch: u64, seq: Seq) {
    status.tail = Position { epoch: Epoch::new(0, epoch), seq, hash: 0 };
}
