//! What the loop has found and keeps: the failovers that it wrote, and the picture that builders act on.
use super::{first, pods};
use crate::conditions::{Condition, Kind};
use crate::failovers::Failovers;
use crate::limits::FAILOVERS;
use crate::metrics::Metrics;
use crate::picture::Picture;
use group::choose::{Link, Seen, Store};
use group::{BootId, Cause, Change, Epoch, GroupId, Peer, Pod, Position, Role, Status, StorageId, Time, View};
use std::time::Duration;

fn now(ms: u64) -> Time {
    Time(60_000_000).plus_ms(ms)
}

/// The view after a failover.
fn view() -> View {
    let change = Change { cause: Cause::Died, suspected_at: 1_000, decided_at: 1_040 };
    View { version: 5, epoch: Epoch::new(0, 2), change, ..first() }
}

fn promoted(view: &View) -> View {
    view.promote(&pods()[1], BootId(101), &view.in_sync, view.change)
}

fn status(n: usize, role: Role, promised: Epoch) -> Status {
    Status {
        me: Peer { pod: pods()[n].clone(), storage: StorageId(n as u128), boot: BootId(100 + n as u128) },
        group: Some(GroupId(7)),
        role,
        promised,
        view: None,
        tail: Position { seq: 50, epoch: Epoch::new(0, 2), hash: 0 },
        commit: 50,
        unhealthy: None,
        view_lost: false,
        suspects: vec![],
        stalled: false,
        format: 1,
        clock: 0,
    }
}

/// What a controller has seen of the second pod, which says this of itself.
fn seen(role: Role, promised: Epoch, at: Time) -> Seen {
    let mut seen = Seen::default();
    seen.linked(&pods()[1], Link::Up, now(0));
    seen.answered(status(1, role, promised), at);
    seen
}

#[test]
fn a_failover_is_over_when_the_one_that_was_named_leads_in_its_epoch() {
    let (mut failovers, metrics, next) = (Failovers::default(), Metrics::new(), promoted(&view()));
    failovers.wrote(Some(&view()), &next, Duration::from_millis(3), now(10), &metrics);
    assert_eq!(failovers.iter().map(|failover| failover.detect_ms).collect::<Vec<_>>(), [40]);
    // In the old epoch it led, or is about to lead in the new one: neither is it.
    failovers.look(&seen(Role::Primary, view().epoch, now(12)), &metrics);
    failovers.look(&seen(Role::Backup, next.epoch, now(13)), &metrics);
    assert_eq!(failovers.last_took(), None);
    failovers.look(&seen(Role::Primary, next.epoch, now(15)), &metrics);
    assert_eq!(failovers.last_took(), Some((next.epoch, 40 + 3 + 5)));
    failovers.look(&seen(Role::Primary, next.epoch, now(90)), &metrics);
    assert_eq!(failovers.last_took(), Some((next.epoch, 48)), "it is over once");
    let text = metrics.text();
    assert!(text.contains("jh_controller_failovers_total{cause=\"died\"} 1"), "{text}");
    for phase in ["detect", "write", "take_over"] {
        let count = format!("jh_controller_failover_phase_seconds_count{{phase=\"{phase}\"}} 1");
        assert!(text.contains(&count), "{text}");
    }
}

#[test]
fn a_view_of_the_same_epoch_is_no_failover() {
    let (mut failovers, metrics) = (Failovers::default(), Metrics::new());
    let next = view().with_members([pods()[0].clone()].into(), 2);
    failovers.wrote(Some(&view()), &next, Duration::ZERO, now(10), &metrics);
    assert_eq!(failovers.iter().count(), 0);
    assert!(!metrics.text().contains("jh_controller_failovers_total{"), "{}", metrics.text());
}

#[test]
fn the_first_primary_of_a_group_replaces_nobody() {
    let (mut failovers, metrics) = (Failovers::default(), Metrics::new());
    let born = View { change: Change { cause: Cause::Birth, ..view().change }, ..promoted(&view()) };
    failovers.wrote(None, &born, Duration::ZERO, now(10), &metrics);
    failovers.look(&seen(Role::Primary, born.epoch, now(15)), &metrics);
    assert_eq!((failovers.iter().count(), failovers.last_took()), (1, None));
}

#[test]
fn of_all_failovers_the_last_few_are_remembered() {
    let (mut failovers, metrics, mut last) = (Failovers::default(), Metrics::new(), view());
    for _ in 0..FAILOVERS + 3 {
        let next = promoted(&last);
        failovers.wrote(Some(&last), &next, Duration::ZERO, now(10), &metrics);
        last = next;
    }
    assert_eq!(failovers.iter().count(), FAILOVERS);
    assert_eq!(failovers.iter().last().unwrap().epoch, last.epoch);
}

fn lost(holds: Option<bool>) -> Condition {
    Condition { kind: Kind::ViewLost, holds, reason: "", message: String::new() }
}

fn picture(conditions: &[Condition]) -> Picture {
    let mut seen = seen(Role::Backup, view().epoch, now(1));
    seen.stored(Store::Is(view()), true, now(2));
    Picture::take(&seen, conditions, None)
}

#[test]
fn v3_a_lost_view_is_not_one_to_build_by() {
    let other = Condition { kind: Kind::Degraded, ..lost(Some(true)) };
    assert_eq!(picture(&[other.clone(), lost(Some(false))]).trusted(), Some(&view()));
    assert_eq!(picture(&[other.clone(), lost(None)]).trusted(), Some(&view()), "it is only being read");
    assert_eq!(picture(&[other, lost(Some(true))]).trusted(), None);
}

#[test]
fn a_pod_is_in_sync_by_the_disk_that_answers_and_else_by_its_name() {
    let picture = picture(&[]);
    assert!(picture.in_sync(&pods()[1]) && picture.in_sync(&pods()[0]));
    assert!(!picture.in_sync(&Pod::new("replica-9")));
    let swapped = Picture { disks: [(pods()[1].clone(), StorageId(71))].into(), ..picture };
    assert!(!swapped.in_sync(&pods()[1]), "another disk is under its name");
}

#[test]
fn a_picture_tells_whether_the_store_was_read_at_all() {
    assert!(picture(&[]).read);
    assert!(!Picture::take(&Seen::default(), &[], None).read);
}
