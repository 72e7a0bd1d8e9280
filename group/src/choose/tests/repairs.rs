//! Stories of the operator's two commands.
use super::*;

fn clock(story: &Story) -> Now {
    Now { mono: story.now, wall: 5 }
}

#[test]
fn v3_a_lost_view_is_rebuilt_from_the_highest_that_members_persisted() {
    let mut story = Story::well();
    let highest = View { version: 9, ..view() };
    story.changes(2, |status| status.view = Some(highest.clone())).changes(1, |status| tail(status, 2, 70));
    story.all_answer().store(Store::Missing);
    let repair = rebuild(&story.seen, None, 2, clock(&story)).unwrap();
    assert_eq!(repair.stored, None);
    assert_eq!((repair.next.version, repair.next.epoch), (10, Epoch::new(1, 3)));
    assert_eq!((repair.next.primary.as_str(), &repair.next.in_sync), ("replica-1", &highest.in_sync));
    assert_eq!(repair.next.change.cause, Cause::Rebuilt);
    let above = rebuild(&story.seen, Some(40), 2, clock(&story)).unwrap();
    assert_eq!((above.stored, above.next.version), (Some(40), 41), "above what is there, and above what members know");
}

#[test]
fn v3_the_process_that_leads_is_not_named_again_because_it_would_end_itself() {
    let mut story = Story::well();
    story.changes(0, |status| tail(status, 2, 90)).all_answer().store(Store::Missing);
    let repair = rebuild(&story.seen, None, 2, clock(&story)).unwrap();
    assert_eq!(repair.next.primary.as_str(), "replica-1");
}

#[test]
fn v3_an_unsound_disk_belongs_to_the_set_that_is_rebuilt_and_does_not_lead() {
    let mut story = Story::well();
    story.changes(1, |status| {
        status.role = Role::Halted;
        status.unhealthy = Some("a batch in the middle of the log is bad".into());
        tail(status, 2, 90);
    });
    story.all_answer().store(Store::Missing);
    let repair = rebuild(&story.seen, None, 2, clock(&story)).unwrap();
    assert_eq!((repair.next.primary.as_str(), repair.next.in_sync), ("replica-2", view().in_sync));
}

#[test]
fn p5_a_lost_view_is_not_rebuilt_on_a_disk_that_was_set_back() {
    let mut story = Story::well();
    let shrunk = view().without(&[pod(2)].into());
    for n in 0..3 {
        story.changes(n, |status| status.view = Some(shrunk.clone()));
    }
    story.all_answer().store(Store::Missing).restarts(1).changes(1, |status| {
        tail(status, 2, 49);
        status.commit = 40;
    });
    story.pass(100).all_answer().pass(100).all_answer();
    let repair = rebuild(&story.seen, None, 2, clock(&story)).unwrap();
    assert_eq!(repair.next.primary.as_str(), "replica-0", "it ends itself and costs a failover, but loses nothing");
}

#[test]
fn v3_a_rebuild_needs_the_expected_epoch_and_all_disks_of_the_set() {
    let mut story = Story::well();
    let rebuild = |story: &Story, epoch| rebuild(&story.seen, None, epoch, clock(story));
    assert_eq!(rebuild(&story, 2), Err(CannotRepair::NotLost));
    story.store(Store::Missing);
    let (expected, is) = (1, Epoch::new(0, 2));
    assert_eq!(rebuild(&story, 1), Err(CannotRepair::Epoch { expected, is }));
    story.link(2, Link::Closed);
    assert_eq!(rebuild(&story, 2), Err(CannotRepair::Absent { pods: vec![pod(2)] }));
    let mut story = Story::begin();
    story.store(Store::Missing);
    assert_eq!(rebuild(&story, 2), Err(CannotRepair::NoView));
}

#[test]
fn u1_a_forced_loss_keeps_one_disk_even_one_from_outside_the_set() {
    let mut story = Story::well();
    let shrunk = view().without(&[pod(2)].into());
    story.store(Store::Is(shrunk)).link(0, Link::Closed).link(1, Link::Closed);
    let force = |story: &Story, n| force_loss(&story.seen, Some(6), 2, &pod(n), clock(story));
    let repair = force(&story, 2).unwrap();
    assert_eq!((repair.stored, repair.next.version, repair.next.epoch), (Some(6), 7, Epoch::new(1, 3)));
    assert_eq!(set(&repair.next), ["replica-2"]);
    assert!(matches!(force(&story, 1), Err(CannotRepair::CannotKeep { .. })), "it does not answer");
    story.changes(2, |status| status.unhealthy = Some("torn".into())).answers(2);
    assert!(matches!(force(&story, 2), Err(CannotRepair::CannotKeep { .. })), "its disk is not sound");
}
