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

/// The store was set back from this version 6, by which replica-2 leads {1, 2} and which it alone has seen, and holds another view
/// now, which replica-0 knows.
fn set_back_and_written_on(highest: &View, stored: &View) -> Story {
    let mut story = Story::well();
    // It has begun its epoch, so by its tail it has the longest log.
    story.changes(2, |status| (status.view, status.promised) = (Some(highest.clone()), highest.epoch));
    story.changes(2, |status| tail(status, 3, 51)).changes(0, |status| status.view = Some(stored.clone()));
    story.all_answer().store(Store::Is(stored.clone()));
    story
}

fn led_by(n: usize, others: &[usize]) -> View {
    let set = others.iter().chain([&n]).map(|n| (pod(*n), StorageId(*n as u128))).collect();
    view().promote(&pod(n), BootId(100 + n as u128), &set, view().change)
}

fn rebuilt(story: &Story, epoch: u64) -> (Vec<String>, u64) {
    let stored = story.seen.view().map(|view| view.version);
    let repair = rebuild(&story.seen, stored, epoch, clock(story)).unwrap();
    assert!(set(&repair.next).contains(&repair.next.primary.as_str()), "{repair:?}");
    (set(&repair.next).into_iter().map(str::to_owned).collect(), repair.next.version)
}

#[test]
fn v3_a_store_set_back_and_written_on_leaves_only_the_disks_of_both_sets() {
    // replica-0, which leads by version 5, took replica-2 out of the set: what it committed then is not on that disk.
    let (highest, beside) = (led_by(2, &[1]), view().without(&[pod(2)].into()));
    let of_both = |version| (vec!["replica-1".to_owned()], version);
    let mut story = set_back_and_written_on(&highest, &beside);
    assert_eq!(rebuilt(&story, 3), of_both(7));
    story.store(Store::Missing);
    assert_eq!(rebuilt(&story, 3), of_both(7), "replica-0 tells of it still");
    let later = beside.with_members([pod(0), pod(1)].into(), 2);
    assert_eq!(rebuilt(&set_back_and_written_on(&highest, &later), 3), of_both(8), "above what any member knows");
    let another = led_by(1, &[0]);
    assert_eq!(rebuilt(&set_back_and_written_on(&highest, &another), 3), of_both(7), "of the same version and epoch");
    let grown = View { version: 7, epoch: Epoch::new(0, 4), ..highest };
    assert_eq!(rebuilt(&set_back_and_written_on(&grown, &beside), 4), of_both(8), "two epochs cost two versions");
}

#[test]
fn v3_an_older_view_of_the_same_line_takes_no_disk_away() {
    let older = View { version: 5, ..view().without(&[pod(2)].into()) };
    let highest = View { version: 7, epoch: Epoch::new(0, 3), ..led_by(2, &[0, 1]) };
    let story = set_back_and_written_on(&highest, &older);
    assert_eq!(rebuilt(&story, 3).0, ["replica-0", "replica-1", "replica-2"]);
    // Two lines were settled by an earlier rebuild: what is below it counts no more.
    let settled = View { epoch: Epoch::new(1, 7), ..highest };
    assert_eq!(rebuilt(&set_back_and_written_on(&settled, &older), 7).0, ["replica-0", "replica-1", "replica-2"]);
}

#[test]
fn v3_without_a_disk_in_both_sets_the_view_is_not_rebuilt() {
    let alone = view().without(&[pod(1), pod(2)].into());
    let story = set_back_and_written_on(&led_by(2, &[1]), &alone);
    let refused = rebuild(&story.seen, Some(6), 3, clock(&story));
    assert_eq!(refused, Err(CannotRepair::TwoLines { highest: vec![pod(1), pod(2)], other: vec![pod(0)] }));
}

#[test]
fn p5_a_lost_view_a_disk_that_was_set_back() {
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
