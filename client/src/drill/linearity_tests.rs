//! Histories that are known to be good or bad, and small ones drawn at random that are judged a second time by trying
//! every order of their calls.

use proptest::prelude::*;

use super::*;

fn call(begun_us: u64, done_us: impl Into<Option<u64>>, asked: Asked, answered: Answered) -> Call {
    Call { order: "A".to_owned(), begun_us, done_us: done_us.into(), asked, answered }
}

fn place(begun_us: u64, done_us: u64) -> Call {
    call(begun_us, done_us, Asked::Place, Answered::Version(1))
}

fn change(begun_us: u64, done_us: u64, version: u64) -> Call {
    call(begun_us, done_us, Asked::Change, Answered::Version(version))
}

fn look(begun_us: u64, done_us: u64, version: u64) -> Call {
    call(begun_us, done_us, Asked::Look, Answered::Version(version))
}

fn look_in_vain(begun_us: u64, done_us: u64) -> Call {
    call(begun_us, done_us, Asked::Look, Answered::Nothing)
}

/// A call that nobody heard of again.
fn open(begun_us: u64, asked: Asked) -> Call {
    call(begun_us, None, asked, Answered::Nothing)
}

fn verdict(calls: &[Call]) -> Verdict {
    judge(calls.to_vec()).verdict
}

#[test]
fn what_one_copy_could_have_answered_is_linearizable() {
    let refused = |version| call(12, 30, Asked::Change, Answered::Refused(version));
    let done = call(12, 30, Asked::Change, Answered::Done);
    for (what, calls) in [
        ("nothing", vec![]),
        ("one after the other", vec![place(0, 10), look(11, 12, 1), change(13, 20, 2), look(21, 22, 2)]),
        ("a look during the placing sees it or not", vec![place(0, 10), look(2, 5, 1), look_in_vain(1, 3)]),
        (
            "a look during a change sees before or after",
            vec![place(0, 9), change(10, 30, 2), look(11, 12, 1), look(13, 14, 2)],
        ),
        (
            "two changes at once, in either order",
            vec![place(0, 9), change(10, 30, 3), change(10, 30, 2), look(31, 32, 3)],
        ),
        (
            "a no that was right when it was said",
            vec![place(0, 9), change(10, 30, 2), refused(Some(1)), look(31, 32, 2)],
        ),
        ("a no that tells nothing", vec![place(0, 9), refused(None), look(31, 32, 1)]),
        ("done, and a later look says what", vec![place(0, 9), done, look(31, 32, 2)]),
        ("what ends as another begins may have come after it", vec![place(0, 10), look_in_vain(10, 12)]),
    ] {
        assert_eq!(verdict(&calls), Verdict::Linearizable, "{what}");
    }
}

#[test]
fn what_no_single_copy_could_have_answered_is_told() {
    let refused = |version| call(40, 45, Asked::Change, Answered::Refused(Some(version)));
    for (what, calls) in [
        ("an acknowledged order is lost", vec![place(0, 10), look_in_vain(11, 12)]),
        ("a look into the past", vec![place(0, 10), change(11, 20, 2), look(21, 22, 1)]),
        ("it was there and then it was not", vec![open(0, Asked::Place), look(5, 6, 1), look_in_vain(7, 8)]),
        (
            "seen, then unseen, during one change",
            vec![place(0, 9), change(10, 50, 2), look(20, 21, 2), look(30, 31, 1)],
        ),
        ("two changes made one version", vec![place(0, 10), change(11, 20, 2), change(12, 19, 2)]),
        ("a change skipped a version", vec![place(0, 10), change(11, 20, 3)]),
        ("a version nobody made", vec![place(0, 10), look(11, 12, 2)]),
        ("a change of nothing", vec![change(0, 10, 1), look_in_vain(11, 12)]),
        ("a change that was acknowledged is lost", vec![place(0, 10), change(11, 20, 2), change(21, 30, 2)]),
        ("a no that was wrong", vec![place(0, 10), change(11, 20, 2), refused(1)]),
        (
            "a no that changed something",
            vec![place(0, 10), call(11, 20, Asked::Change, Answered::Refused(None)), look(21, 22, 2)],
        ),
        ("done, and nothing was", vec![place(0, 10), call(11, 20, Asked::Change, Answered::Done), look(21, 22, 1)]),
        ("placed twice", vec![place(0, 10), place(11, 20)]),
        ("an open call does one thing at most", vec![place(0, 9), open(10, Asked::Change), look(20, 21, 3)]),
        ("an open call does nothing before it begins", vec![place(0, 9), look(10, 11, 2), open(12, Asked::Change)]),
    ] {
        let linearity = judge(calls);
        assert_eq!(linearity.verdict, Verdict::Not, "{what}");
        assert_eq!(linearity.not.len(), 1, "{what}");
    }
}

#[test]
fn a_call_without_an_answer_may_have_happened_at_any_time_or_never() {
    let unsure = |looks: &[Call]| verdict(&[&[place(0, 9), open(10, Asked::Change)], looks].concat());
    assert_eq!(unsure(&[look(20, 21, 1), look(9_000, 9_001, 1)]), Verdict::Linearizable, "never");
    assert_eq!(unsure(&[look(20, 21, 2)]), Verdict::Linearizable, "at once");
    assert_eq!(unsure(&[look(20, 21, 1), look(9_000, 9_001, 2)]), Verdict::Linearizable, "late");
    assert_eq!(unsure(&[look(20, 21, 2), look(30, 31, 1)]), Verdict::Not, "and never undone");
    assert_eq!(verdict(&[open(0, Asked::Place), look_in_vain(5, 6), look(50, 51, 1)]), Verdict::Linearizable);
}

#[test]
fn orders_are_judged_apart_and_one_bad_one_is_named() {
    let other = |call: Call| Call { order: "B".to_owned(), ..call };
    let linearity = judge([place(0, 10), other(place(0, 5)), other(look_in_vain(7, 8)), look(11, 12, 1)]);
    assert_eq!((linearity.verdict, linearity.orders, linearity.calls), (Verdict::Not, 2, 4));
    assert_eq!(linearity.not, ["order B: place 0–5 µs: version 1; look 7–8 µs: no such order"]);
}

#[test]
fn too_much_at_once_is_not_judged_rather_than_judged_wrongly() {
    let many_open: Vec<Call> = (0..7).map(|_| open(1, Asked::Change)).collect();
    assert_eq!(verdict(&many_open), Verdict::Unknown);
    let many: Vec<Call> = (0..33).map(|at| look(at, at + 1, 1)).collect();
    assert_eq!(verdict(&many), Verdict::Unknown);
    // Twenty changes at once, of which no order is right: all orders would have to be tried.
    let hopeless: Vec<Call> =
        std::iter::once(place(0, 1)).chain((0..20).map(|_| call(2, 9, Asked::Change, Answered::Done))).collect();
    let hopeless = [hopeless, vec![look(10, 11, 77)]].concat();
    let linearity = judge(hopeless);
    assert_eq!((linearity.verdict, linearity.unknown), (Verdict::Unknown, vec!["A".to_owned()]));
}

/// Tries every order of the calls, and every choice of those that were not answered.
fn by_trying_all(calls: &[Call], version: Option<u64>) -> bool {
    if calls.iter().all(|call| call.done_us.is_none()) {
        return true;
    }
    (0..calls.len()).any(|at| {
        let call = &calls[at];
        // Nothing may come before what had ended when it began.
        if calls.iter().any(|other| other.done_us.is_some_and(|done_us| done_us < call.begun_us)) {
            return false;
        }
        let rest = [&calls[..at], &calls[at + 1..]].concat();
        after(call, version).into_iter().any(|version| by_trying_all(&rest, version))
    })
}

/// The version after a call, if it may come now.
fn after(call: &Call, version: Option<u64>) -> Option<Option<u64>> {
    let next = match (call.asked, version) {
        (Asked::Place, None) => Some(1),
        (Asked::Change, Some(version)) => Some(version + 1),
        (_, version) => version,
    };
    match (call.done_us, call.asked, call.answered) {
        (None, ..) => Some(next),
        (_, Asked::Look, Answered::Version(seen)) => (version == Some(seen)).then_some(version),
        (_, Asked::Look, Answered::Done) => None,
        (_, _, Answered::Version(made)) => (next != version && next == Some(made)).then_some(next),
        (_, _, Answered::Done) => (next != version).then_some(next),
        (_, _, Answered::Nothing) => version.is_none().then_some(version),
        (_, _, Answered::Refused(told)) => (told.is_none() || told == version).then_some(version),
    }
}

fn any_call() -> impl Strategy<Value = Call> {
    let asked = prop_oneof![Just(Asked::Place), Just(Asked::Change), Just(Asked::Look)];
    let answered = prop_oneof![
        4 => (1_u64..4).prop_map(Answered::Version),
        1 => Just(Answered::Done),
        1 => Just(Answered::Nothing),
        1 => proptest::option::of(1_u64..3).prop_map(Answered::Refused),
    ];
    (0_u64..12, proptest::option::weighted(0.85, 0_u64..12), asked, answered)
        .prop_map(|(begun, length, asked, answered)| call(begun, length.map(|length| begun + length), asked, answered))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_checker_agrees_with_trying_all_orders(calls in proptest::collection::vec(any_call(), 0..6)) {
        let expected = if by_trying_all(&calls, None) { Verdict::Linearizable } else { Verdict::Not };
        prop_assert_eq!(verdict(&calls), expected, "{:?}", calls);
    }
}
