//! Stories of the operator's two commands.
use super::*;

/// Both halves of the command: whoever answers has promised what the first half asks for.
pub(super) fn rebuild_of(story: &mut Story, stored: Option<u64>, expected: u64) -> Result<Repair, CannotRepair> {
    let fence = fence(&story.seen, expected)?;
    for status in story.statuses.values_mut().filter(|status| status.group == Some(fence.group)) {
        status.promised = fence.epoch();
    }
    story.all_answer();
    let now = Now { mono: story.now, wall: 5 };
    rebuild(&story.seen, stored, expected, &fence, now)
}

#[test]
fn v3_a_lost_view_is_rebuilt_from_the_highest_that_members_persisted() {
    let mut story = Story::well();
    let highest = View { version: 9, ..view() };
    story.changes(2, |status| status.view = Some(highest.clone())).changes(1, |status| tail(status, 2, 70));
    story.all_answer().store(Store::Missing);
    let repair = rebuild_of(&mut story, None, 2).unwrap();
    assert_eq!(repair.stored, None);
    assert_eq!(
        (repair.next.version, repair.next.epoch),
        (10, Epoch::new(1, 3)),
        "of the loss number that was promised"
    );
    assert_eq!((repair.next.primary.as_str(), &repair.next.in_sync), ("replica-1", &highest.in_sync));
    assert_eq!(repair.next.change.cause, Cause::Rebuilt);
    let above = rebuild_of(&mut story, Some(40), 2).unwrap();
    assert_eq!((above.stored, above.next.version), (Some(40), 41), "above what is there, and above what members know");
}

#[test]
fn v3_the_process_that_leads_is_not_named_again_because_it_would_end_itself() {
    let mut story = Story::well();
    story.changes(0, |status| tail(status, 2, 90)).all_answer().store(Store::Missing);
    let repair = rebuild_of(&mut story, None, 2).unwrap();
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
    let repair = rebuild_of(&mut story, None, 2).unwrap();
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

fn rebuilt(story: &mut Story, epoch: u64) -> (Vec<String>, u64) {
    let stored = story.seen.view().map(|view| view.version);
    let repair = rebuild_of(story, stored, epoch).unwrap();
    assert!(set(&repair.next).contains(&repair.next.primary.as_str()), "{repair:?}");
    (set(&repair.next).into_iter().map(str::to_owned).collect(), repair.next.version)
}

#[test]
fn v3_a_store_set_back_and_written_on_leaves_only_the_disks_of_both_sets() {
    // replica-0, which leads by version 5, took replica-2 out of the set: what it committed then is not on that disk.
    let (highest, beside) = (led_by(2, &[1]), view().without(&[pod(2)].into()));
    let of_both = |version| (vec!["replica-1".to_owned()], version);
    let mut story = set_back_and_written_on(&highest, &beside);
    assert_eq!(rebuilt(&mut story, 3), of_both(7));
    story.store(Store::Missing);
    assert_eq!(rebuilt(&mut story, 3), of_both(7), "replica-0 tells of it still");
    let later = beside.with_members([pod(0), pod(1)].into(), 2);
    assert_eq!(rebuilt(&mut set_back_and_written_on(&highest, &later), 3), of_both(8), "above what any member knows");
    let another = led_by(1, &[0]);
    assert_eq!(
        rebuilt(&mut set_back_and_written_on(&highest, &another), 3),
        of_both(7),
        "of the same version and epoch"
    );
    let grown = View { version: 7, epoch: Epoch::new(0, 4), ..highest };
    assert_eq!(rebuilt(&mut set_back_and_written_on(&grown, &beside), 4), of_both(8), "two epochs cost two versions");
}

#[test]
fn v3_an_older_view_of_the_same_line_takes_no_disk_away() {
    let older = View { version: 5, ..view().without(&[pod(2)].into()) };
    let highest = View { version: 7, epoch: Epoch::new(0, 3), ..led_by(2, &[0, 1]) };
    let mut story = set_back_and_written_on(&highest, &older);
    assert_eq!(rebuilt(&mut story, 3).0, ["replica-0", "replica-1", "replica-2"]);
    // Two lines were settled by an earlier rebuild: what is below it counts no more.
    let settled = View { epoch: Epoch::new(1, 7), ..highest };
    assert_eq!(rebuilt(&mut set_back_and_written_on(&settled, &older), 7).0, ["replica-0", "replica-1", "replica-2"]);
}

#[test]
fn v3_without_a_disk_in_both_sets_the_view_is_not_rebuilt() {
    let alone = view().without(&[pod(1), pod(2)].into());
    let mut story = set_back_and_written_on(&led_by(2, &[1]), &alone);
    let refused = rebuild_of(&mut story, Some(6), 3);
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
    let repair = rebuild_of(&mut story, None, 2).unwrap();
    assert_eq!(repair.next.primary.as_str(), "replica-0", "it ends itself and costs a failover, but loses nothing");
}

#[test]
fn v3_a_rebuild_needs_the_expected_epoch_and_all_disks_of_the_set() {
    let mut story = Story::well();
    assert_eq!(rebuild_of(&mut story, None, 2), Err(CannotRepair::NotLost));
    story.store(Store::Missing);
    let (expected, is) = (1, Epoch::new(0, 2));
    assert_eq!(rebuild_of(&mut story, None, 1), Err(CannotRepair::Epoch { expected, is }));
    story.link(2, Link::Closed);
    assert_eq!(rebuild_of(&mut story, None, 2), Err(CannotRepair::Absent { pods: vec![pod(2)] }));
    let mut story = Story::begin();
    story.store(Store::Missing);
    assert_eq!(rebuild_of(&mut story, None, 2), Err(CannotRepair::NoView));
}

#[test]
fn v3_nothing_is_rebuilt_before_whoever_answers_has_promised_to_follow_nothing_older() {
    let mut story = Story::well();
    let outsider = View { in_sync: view().without(&[pod(2)].into()).in_sync, ..view() };
    for n in 0..3 {
        story.changes(n, |status| status.view = Some(outsider.clone()));
    }
    story.all_answer().store(Store::Missing);
    let wanted = fence(&story.seen, 2).unwrap();
    assert_eq!((wanted.group, wanted.epoch()), (GROUP, Epoch::new(1, 0)));
    let now = Now { mono: story.now, wall: 5 };
    let missing = |story: &Story| match rebuild(&story.seen, None, 2, &wanted, now) {
        Err(CannotRepair::Unfenced { pods }) => pods,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(&story), [pod(0), pod(1), pod(2)]);
    for n in 0..2 {
        story.changes(n, |status| status.promised = wanted.epoch()).answers(n);
    }
    assert_eq!(missing(&story), [pod(2)], "it may have been let in and promoted unheard");
    // Another operator was quicker to ask for more.
    story.changes(2, |status| status.promised = Epoch::new(2, 0)).answers(2);
    assert_eq!(missing(&story), [pod(2)]);
    story.changes(2, |status| (status.group, status.view) = (None, None)).answers(2);
    assert!(rebuild(&story.seen, None, 2, &wanted, now).is_ok(), "an empty disk was in no set");
}

#[test]
fn v3_each_attempt_to_rebuild_has_a_loss_number_of_its_own() {
    let mut story = Story::well();
    story.store(Store::Missing);
    assert_eq!(rebuild_of(&mut story, None, 2).unwrap().next.epoch, Epoch::new(1, 3));
    // Written, and lost unheard.
    let again = rebuild_of(&mut story, None, 2).unwrap().next;
    assert_eq!(again.epoch, Epoch::new(2, 3), "it can be told from the one that nobody has heard of");
    // The operator gave up, and forces a loss: the disk that is kept must be able to follow.
    let forced = force_loss(&story.seen, None, 2, &pod(1), Now { mono: story.now, wall: 5 }).unwrap();
    assert_eq!(forced.next.epoch, Epoch::new(3, 3));
}

#[test]
fn v3_a_rebuild_is_above_what_was_promised_by_members_that_are_away_now() {
    let mut story = Story::well();
    let smaller = View { in_sync: view().without(&[pod(2)].into()).in_sync, ..view() };
    for n in 0..3 {
        story.changes(n, |status| status.view = Some(smaller.clone()));
    }
    story.changes(2, |status| status.promised = Epoch::new(4, 0)).all_answer();
    story.store(Store::Missing).link(2, Link::Closed);
    assert_eq!(rebuild_of(&mut story, None, 2).unwrap().next.epoch, Epoch::new(5, 3), "or it could never follow");
    let wanted = fence(&story.seen, 2).unwrap();
    assert_eq!((wanted.continues, wanted.loss), (smaller.epoch, 6));
}

#[test]
fn v3_behind_a_fence_the_view_is_lost_even_if_it_comes_back() {
    let mut story = Story::well();
    story.store(Store::Missing);
    rebuild_of(&mut story, None, 2).unwrap();
    story.store(Store::Is(view()));
    assert!(matches!(story.decide(), Decision::Lost(Loss::Older { .. }) | Decision::ReadStore), "{:?}", story.decide());
    let unheard = rebuild_of(&mut story, Some(5), 2).expect("or nobody could lead any more").next;
    // Of two commands at once one wrote its view, and the other had everyone promise more before anyone heard of that.
    story.store(Store::Is(unheard.clone()));
    assert_eq!(fence(&story.seen, 2), Err(CannotRepair::NotLost), "they will follow it");
    for n in 0..3 {
        story.changes(n, |status| status.promised = Epoch::new(3, 0));
    }
    story.all_answer();
    let again = rebuild_of(&mut story, Some(unheard.version), 2).unwrap().next;
    assert_eq!((again.version, again.epoch), (unheard.version + 1, Epoch::new(4, 3)));
}

#[test]
fn v3_an_older_view_in_the_store_or_another_groups_is_lost() {
    let mut story = Story::well();
    let above = View { group: GroupId(8), version: 90, epoch: Epoch::new(3, 9), ..view() };
    for stored in [View { version: 4, ..view() }, View { version: 4, epoch: Epoch::new(0, 1), ..view() }, above] {
        story.store(Store::Is(stored.clone()));
        assert!(fence(&story.seen, 2).is_ok(), "{stored:?}");
    }
    story.store(Store::Is(view()));
    assert_eq!(fence(&story.seen, 2), Err(CannotRepair::NotLost));
    let later = View { version: 6, ..view() };
    story.store(Store::Is(later));
    assert_eq!(fence(&story.seen, 2), Err(CannotRepair::NotLost), "nobody has told of it yet");
}

#[test]
fn v3_disks_from_outside_that_could_have_gone_on_alone_must_answer() {
    let mut story = Story::well();
    let alone = |min_in_sync| View { in_sync: [(pod(0), StorageId(0))].into(), min_in_sync, ..view() };
    let mut silent = |min: usize, gone: &[usize]| {
        for n in 0..3 {
            story
                .link(n, Link::Up)
                .changes(n, |status| (status.view, status.promised) = (Some(alone(min)), view().epoch));
        }
        story.all_answer().store(Store::Missing);
        for n in gone {
            story.link(*n, Link::Closed);
        }
        rebuild_of(&mut story, None, 2).map(|_| ())
    };
    assert_eq!(silent(2, &[2]), Ok(()), "one disk is not the minimum");
    assert_eq!(silent(2, &[1, 2]), Err(CannotRepair::Unheard { pods: vec![pod(1), pod(2)], spare: 1 }));
    assert_eq!(silent(1, &[2]), Err(CannotRepair::Unheard { pods: vec![pod(2)], spare: 0 }));
    assert_eq!(silent(1, &[]), Ok(()));
}

#[test]
fn p5_a_fence_leaves_what_is_known_to_be_committed_known() {
    let mut story = Story::well();
    story.store(Store::Missing).changes(0, |status| status.promised = Epoch::new(1, 0)).answers(0);
    story.pass(100).all_answer().restarts(1).changes(1, |status| {
        tail(status, 2, 49);
        status.commit = 40;
    });
    story.pass(100).all_answer().pass(100).all_answer();
    let repair = rebuild_of(&mut story, None, 2).unwrap();
    assert_eq!(repair.next.primary.as_str(), "replica-2", "replica-1 was set back");
}

#[test]
fn u1_a_forced_loss_keeps_one_disk_even_one_from_outside_the_set() {
    let mut story = Story::well();
    let shrunk = view().without(&[pod(2)].into());
    story.store(Store::Is(shrunk)).link(0, Link::Closed).link(1, Link::Closed);
    let force = |story: &Story, n| force_loss(&story.seen, Some(6), 2, &pod(n), Now { mono: story.now, wall: 5 });
    let repair = force(&story, 2).unwrap();
    assert_eq!((repair.stored, repair.next.version, repair.next.epoch), (Some(6), 7, Epoch::new(1, 3)));
    assert_eq!(set(&repair.next), ["replica-2"]);
    assert!(matches!(force(&story, 1), Err(CannotRepair::CannotKeep { .. })), "it does not answer");
    story.changes(2, |status| status.unhealthy = Some("torn".into())).answers(2);
    assert!(matches!(force(&story, 2), Err(CannotRepair::CannotKeep { .. })), "its disk is not sound");
}
