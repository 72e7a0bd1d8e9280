//! What may follow a view, and who may write it: V1 to V5 and U1, one condition after the other. Knows no store and no member.
use group::{BootId, Cause, Change, Epoch, GroupId, Pod, Refusal, StorageId, View, Writer};

fn pods<const N: usize>(names: [&str; N]) -> impl Iterator<Item = Pod> {
    names.map(Pod::from).into_iter()
}

/// `a` leads `a`, `b` and `c`; `d` is a member outside the set.
fn held() -> View {
    View {
        group: GroupId(1),
        version: 5,
        epoch: Epoch::new(1, 3),
        primary: Pod::from("a"),
        primary_boot: BootId(7),
        in_sync: pods(["a", "b", "c"]).map(|pod| (pod, StorageId(1))).collect(),
        members: pods(["a", "b", "c", "d"]).collect(),
        min_in_sync: 2,
        change: Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 },
    }
}
/// The next version, with what is changed.
fn next(change: impl FnOnce(&mut View)) -> View {
    let mut next = View { version: 6, ..held() };
    change(&mut next);
    next
}
/// The same with `b` as primary, in the epoch that follows.
fn led_by_b(change: impl FnOnce(&mut View)) -> View {
    next(|next| {
        (next.primary, next.epoch) = (Pod::from("b"), Epoch::new(1, 4));
        change(next);
    })
}
fn with(view: &mut View, pod: &str, storage: u128) {
    view.in_sync.insert(Pod::from(pod), StorageId(storage));
}
fn without(view: &mut View, gone: &[&str]) {
    view.in_sync.retain(|pod, _| !gone.contains(&pod.as_str()));
}
fn by(pod: &str) -> Writer {
    Writer::Member(Pod::from(pod))
}
const CONTROLLER: &Writer = &Writer::Controller;
const OPERATOR: &Writer = &Writer::Operator;

fn is_taken(next: &View, writer: &Writer) -> bool {
    held().admits(next, writer).is_ok()
}

#[test]
fn v3_only_the_next_version_of_the_same_group_follows() {
    assert!(is_taken(&next(|_| ()), CONTROLLER));
    for version in [4, 5, 7] {
        let refused = Err(Refusal::Version { current: 5, next: version });
        assert_eq!(held().admits(&next(|next| next.version = version), CONTROLLER), refused);
    }
    let refused = Err(Refusal::Group { current: GroupId(1), next: GroupId(2) });
    assert_eq!(held().admits(&next(|next| next.group = GroupId(2)), OPERATOR), refused);
}

#[test]
fn v1_the_epoch_grows_by_one_with_every_primary_and_never_else() {
    let in_epoch = |number| led_by_b(|next| next.epoch = Epoch::new(1, number));
    let reborn = |number| next(|next| (next.primary_boot, next.epoch) = (BootId(8), Epoch::new(1, number)));
    assert!(is_taken(&in_epoch(4), CONTROLLER) && is_taken(&reborn(4), CONTROLLER));
    for number in [2, 3, 5] {
        assert!(!is_taken(&in_epoch(number), CONTROLLER) && !is_taken(&reborn(number), CONTROLLER), "{number}");
    }
    assert!(!is_taken(&next(|next| next.epoch = Epoch::new(1, 4)), CONTROLLER));
}

#[test]
fn u1_only_an_operator_accepts_a_loss_and_then_any_member_may_be_kept() {
    let lossy = |loss, number| {
        next(|next| {
            (next.primary, next.epoch) = (Pod::from("d"), Epoch::new(loss, number));
            next.in_sync.clear();
            with(next, "d", 9);
        })
    };
    assert!(
        is_taken(&lossy(2, 4), OPERATOR) && is_taken(&lossy(5, 4), OPERATOR),
        "some may have been promised in vain"
    );
    assert!(!is_taken(&lossy(2, 4), CONTROLLER) && !is_taken(&lossy(2, 4), &by("a")));
    for (loss, number) in [(1, 4), (2, 3), (2, 5), (0, 4)] {
        assert!(!is_taken(&lossy(loss, number), OPERATOR), "{loss}.{number}");
    }
    let mut stranger = lossy(2, 4);
    with(&mut stranger, "x", 1);
    assert!(!is_taken(&stranger, OPERATOR), "S2: no member");
}

#[test]
fn p1_the_next_primary_is_a_disk_of_the_set() {
    let outside = led_by_b(|next| {
        next.primary = Pod::from("d");
        with(next, "d", 1);
    });
    assert!(!is_taken(&outside, CONTROLLER));
    assert!(!is_taken(&led_by_b(|next| with(next, "b", 2)), CONTROLLER), "another disk of the same name");
    assert!(!is_taken(&led_by_b(|next| without(next, &["b"])), CONTROLLER), "it leads a set that it is not in");
    assert!(is_taken(&led_by_b(|next| without(next, &["a"])), CONTROLLER));
}

#[test]
fn v1_the_primary_lets_members_in_and_nobody_else_does() {
    let wider = next(|next| with(next, "d", 1));
    assert!(is_taken(&wider, &by("a")));
    assert!(!is_taken(&wider, &by("b")) && !is_taken(&wider, CONTROLLER) && !is_taken(&wider, OPERATOR));
    assert!(!is_taken(&led_by_b(|next| with(next, "d", 1)), &by("a")), "not together with another primary");
    assert!(!is_taken(&next(|next| with(next, "x", 1)), &by("a")), "S2: no member");
    assert!(is_taken(&next(|next| with(next, "c", 2)), &by("a")), "S2: a disk in the place of another");
}

#[test]
fn v1_the_primary_removes_disks_and_others_only_with_another_primary() {
    let smaller = next(|next| without(next, &["c"]));
    assert!(is_taken(&smaller, &by("a")) && !is_taken(&smaller, &by("b")) && !is_taken(&smaller, CONTROLLER));
    let promoted = led_by_b(|next| without(next, &["a"]));
    assert!(is_taken(&promoted, CONTROLLER) && is_taken(&promoted, &by("a")) && !is_taken(&promoted, &by("b")));
}

#[test]
fn v5_no_set_shrinks_below_the_minimum_and_no_minimum_rises_above_the_set() {
    assert!(!is_taken(&next(|next| without(next, &["b", "c"])), &by("a")));
    assert!(!is_taken(&led_by_b(|next| without(next, &["a", "c"])), CONTROLLER));
    let minimum = |minimum| next(|next| next.min_in_sync = minimum);
    assert!(is_taken(&minimum(3), CONTROLLER) && is_taken(&minimum(1), CONTROLLER));
    assert!(!is_taken(&minimum(4), CONTROLLER));
    let few = View { min_in_sync: 3, in_sync: pods(["a"]).map(|pod| (pod, StorageId(1))).collect(), ..held() };
    let as_few = View { version: 6, ..few.clone() };
    assert!(few.admits(&as_few, CONTROLLER).is_ok(), "it was so before");
    assert!(few.admits(&View { min_in_sync: 2, ..as_few }, CONTROLLER).is_ok(), "and may become less so");
}

#[test]
fn v1_members_and_minimum_are_the_controllers_business() {
    let fewer = next(|next| next.members.retain(|pod| pod.as_str() != "d"));
    let lower = next(|next| next.min_in_sync = 1);
    assert!(is_taken(&fewer, CONTROLLER) && is_taken(&lower, CONTROLLER) && is_taken(&fewer, OPERATOR));
    assert!(!is_taken(&fewer, &by("a")) && !is_taken(&lower, &by("a")));
}
