//! The history that a member tells: what is committed, a page at a time, to whoever asks, and to subscribers.
use crate::caller::{Caller, Request, Told};
use crate::hand::{ByHand, followed, led_by, peer};
use group::limits::TICK_MS;
use group::{Epoch, Peer, View};
use member::disk::simulated::SimulatedDisk;
use member::limits::{FEED_ALIVE_MS, PAGE_BYTES, PAGE_ENTRIES, SUBSCRIBERS};
use member::{BEGINNING, Cursor, History, Page, Rejection};

fn me() -> Peer {
    peer("replica-0", 10, 1)
}
fn at(seq: u64) -> Cursor {
    Cursor { loss: 0, seq }
}
/// A primary alone in its set, with the start of its epoch and as many entries of this length.
fn with(entries: usize, length: usize) -> ByHand {
    let mut member = ByHand::without_snapshots(&SimulatedDisk::new(), &me());
    member.sees(led_by(&me(), 1, 1));
    for _ in 0..entries {
        drop(member.told(length, 8));
        member.turn(|_| ());
    }
    member.rest();
    member
}
fn page(member: &mut ByHand, after: u64, max: usize) -> Page {
    match member.history(at(after), max) {
        History::Page(page) => page,
        other => panic!("{other:?}"),
    }
}
fn numbers(page: &Page) -> Vec<u64> {
    page.entries.iter().map(|entry| entry.cursor.seq).collect()
}

#[test]
fn entries_are_told_in_order_as_many_as_asked_and_those_of_the_protocol_are_passed_over() {
    let mut member = with(3, 8);
    let all = page(&mut member, 0, 9);
    assert_eq!((numbers(&all), all.next, all.commit), (vec![2, 3, 4], at(4), 4));
    let two = page(&mut member, 0, 2);
    assert_eq!((numbers(&two), two.next), (vec![2, 3], at(3)));
    let rest = page(&mut member, 3, 9);
    assert_eq!((numbers(&rest), rest.next), (vec![4], at(4)));
    let none = page(&mut member, 4, 9);
    assert_eq!((numbers(&none), none.next), (vec![], at(4)));
}

#[test]
fn a_page_ends_before_it_is_too_large_but_has_an_entry() {
    let mut member = with(3, PAGE_BYTES / 2);
    assert_eq!(numbers(&page(&mut member, 0, 9)), [2]);
    assert_eq!(numbers(&page(&mut member, 2, 9)), [3]);
    let mut member = with(2, PAGE_BYTES + 1);
    assert_eq!(numbers(&page(&mut member, 1, 9)), [2]);
}

#[test]
fn no_entry_is_left_out_until_a_page_is_full_to_the_last_byte_or_the_last_entry() {
    let around = with(1, 8).driven.core().entries(1, 2).next().unwrap().weight() - 8;
    let mut member = with(2, PAGE_BYTES / 2 - around);
    assert_eq!(numbers(&page(&mut member, 1, 9)), [2, 3]);
    let mut member = with(PAGE_ENTRIES + 1, 1);
    let full: Vec<u64> = (2..).take(PAGE_ENTRIES).collect();
    assert_eq!(numbers(&page(&mut member, 1, usize::MAX)), full);
}

#[test]
fn what_is_not_committed_is_not_told() {
    let (mut member, mut backup) = followed(&me(), &peer("replica-1", 20, 2));
    drop(member.told(8, 8));
    member.turn(|_| ());
    assert_eq!(member.tail().seq, 2);
    assert_eq!(numbers(&page(&mut member, 1, 9)), []);
    assert_eq!(member.history(at(2), 9), History::NotYet);
    backup.follow(&mut member);
    assert_eq!(numbers(&page(&mut member, 1, 9)), [2]);
}

#[test]
fn a_cursor_of_another_history_or_before_the_log_is_told_so() {
    let mut member = ByHand::start(&SimulatedDisk::new(), &me());
    member.sees(View { epoch: Epoch::new(2, 1), ..led_by(&me(), 1, 1) });
    member.rest();
    let cursor = |loss, seq| Cursor { loss, seq };
    let now = cursor(2, 1);
    assert_eq!(member.history(cursor(1, 0), 9), History::TooOld { now });
    assert_eq!(member.history(cursor(1, 7), 9), History::TooOld { now });
    assert_eq!(member.history(cursor(3, 0), 9), History::NotYet);
    assert_eq!(member.history(cursor(2, 2), 9), History::NotYet);
    assert!(matches!(member.history(cursor(2, 0), 9), History::Page(_)));
    // With every second snapshot the log is trimmed.
    for _ in 0..4 {
        drop(member.told(8, 8));
        member.rest();
    }
    let first = member.driven.core().first_seq();
    assert!(first > 2);
    let now = cursor(2, member.tail().seq);
    assert_eq!(member.history(cursor(2, first - 2), 9), History::TooOld { now });
    assert!(matches!(member.history(cursor(2, first - 1), 9), History::Page(_)));
}

const NUMBER: u64 = 7;
const OTHER_NUMBER: u64 = 8;
/// After so many turns subscribers are told that nothing is new.
const ALIVE: u64 = FEED_ALIVE_MS / TICK_MS;

fn subscribe(after: impl Into<Option<Cursor>>) -> Request {
    Request::Subscribe { after: after.into() }
}
/// A front end that subscribes, with what it is told first.
fn subscriber(of: &mut ByHand, after: impl Into<Option<Cursor>>) -> (Caller, Vec<(u64, History)>) {
    let caller = Caller::front_end(of, 1);
    caller.asks(of, NUMBER, subscribe(after));
    let first = caller.reads();
    (caller, first)
}
/// These entries of a history without a loss, and how far it is committed.
fn is_page(history: &History, seqs: &[u64], next: u64) -> bool {
    matches!(history, History::Page(page) if (&numbers(page)[..], page.next, page.commit) == (seqs, at(next), next))
}
fn is_told(told: &[(u64, History)], number: u64, seqs: &[u64], next: u64) -> bool {
    matches!(told, [(of, history)] if *of == number && is_page(history, seqs, next))
}
/// The subscriber, who is there already, has just been told that nothing is new.
fn just_told(of: &mut ByHand, subscriber: &Caller) {
    subscriber.takes();
    let told = (0..ALIVE).any(|_| {
        of.turn(|_| ());
        subscriber.takes() > 0
    });
    assert!(told, "the time has passed");
}

#[test]
fn a_subscriber_is_told_what_comes_after_its_cursor_at_once_when_it_is_committed_and_once() {
    let (mut member, mut backup) = followed(&me(), &peer("replica-1", 20, 2));
    let (caller, first) = subscriber(&mut member, BEGINNING);
    assert!(is_told(&first, NUMBER, &[], 1), "{first:?}");
    just_told(&mut member, &caller);
    drop(member.told(8, 8));
    member.turn(|_| ());
    assert_eq!(caller.reads(), []);
    backup.hear(&mut member);
    member.hears(backup.me(), &backup.ack());
    let told = caller.reads();
    assert!(is_told(&told, NUMBER, &[2], 2), "{told:?}");
    member.turn(|_| ());
    assert_eq!(caller.reads(), []);
}

#[test]
fn subscriptions_of_one_connection_each_go_on_from_their_cursor_until_they_are_ended() {
    let mut member = with(2, 8);
    let others = Caller::greeted(&mut member, 2);
    let (caller, first) = subscriber(&mut member, None);
    assert!(is_told(&first, NUMBER, &[], 3), "it begins where the history is: {first:?}");
    caller.asks(&mut member, OTHER_NUMBER, subscribe(at(1)));
    let first = caller.reads();
    assert!(is_told(&first, OTHER_NUMBER, &[2, 3], 3), "{first:?}");
    just_told(&mut member, &caller);
    drop(member.told(8, 8));
    (0..2).for_each(|_| member.turn(|_| ()));
    let both = caller.reads();
    assert!(is_told(&both[..1], NUMBER, &[4], 4) && is_told(&both[1..], OTHER_NUMBER, &[4], 4), "{both:?}");
    caller.asks(&mut member, 9, Request::Unsubscribe { number: NUMBER });
    drop(member.told(8, 8));
    (0..2).for_each(|_| member.turn(|_| ()));
    let one = caller.reads();
    assert!(is_told(&one, OTHER_NUMBER, &[5], 5), "{one:?}");
    assert_eq!(others.hears(), []);
}

#[test]
fn a_subscriber_is_told_every_so_often_that_nothing_is_new_but_not_beside_what_is() {
    let mut member = with(1, 8);
    let (caller, first) = subscriber(&mut member, at(1));
    assert!(is_told(&first, NUMBER, &[2], 2), "{first:?}");
    just_told(&mut member, &caller);
    for _ in 0..3 {
        (1..ALIVE).for_each(|_| member.turn(|_| ()));
        assert_eq!(caller.reads(), []);
        member.turn(|_| ());
        let told = caller.reads();
        assert!(is_told(&told, NUMBER, &[], 2), "{told:?}");
    }
    (2..ALIVE).for_each(|_| member.turn(|_| ()));
    drop(member.told(8, 8));
    (0..2).for_each(|_| member.turn(|_| ()));
    let told = caller.reads();
    assert!(is_told(&told, NUMBER, &[3], 3), "{told:?}");
}

#[test]
fn a_subscriber_that_is_ahead_is_told_so_until_the_member_has_come_as_far() {
    let mut member = with(1, 8);
    let (caller, first) = subscriber(&mut member, at(3));
    assert_eq!(first, [], "not at once");
    just_told(&mut member, &caller);
    (0..ALIVE).for_each(|_| member.turn(|_| ()));
    assert_eq!(caller.reads(), [(NUMBER, History::NotYet)]);
    for _ in 0..2 {
        drop(member.told(8, 8));
        (0..2).for_each(|_| member.turn(|_| ()));
    }
    let told = caller.reads();
    assert!(is_told(&told, NUMBER, &[4], 4), "{told:?}");
}

#[test]
fn a_subscriber_of_a_history_that_is_no_more_is_told_so_once_and_goes_on_from_there() {
    let mut member = ByHand::without_snapshots(&SimulatedDisk::new(), &me());
    member.sees(View { epoch: Epoch::new(2, 1), ..led_by(&me(), 1, 1) });
    member.rest();
    let (caller, first) = subscriber(&mut member, Cursor { loss: 1, seq: 7 });
    let now = Cursor { loss: 2, seq: 1 };
    assert_eq!(first, [(NUMBER, History::TooOld { now })]);
    just_told(&mut member, &caller);
    drop(member.told(8, 8));
    (0..2).for_each(|_| member.turn(|_| ()));
    let told = caller.reads();
    assert!(matches!(&told[..], [(NUMBER, History::Page(page))] if numbers(page) == [2]), "{told:?}");
}

#[test]
fn a_subscriber_that_does_not_take_its_pages_is_told_no_more_until_it_has() {
    /// How many bytes tell a subscriber of an entry of this length.
    fn told(length: usize) -> usize {
        let mut member = with(1, length);
        let caller = Caller::greeted(&mut member, 1);
        caller.asks(&mut member, NUMBER, subscribe(at(1)));
        caller.takes()
    }
    let around = told(PAGE_BYTES / 2) - PAGE_BYTES / 2;
    for (length, pages) in [(PAGE_BYTES - around, 1), (PAGE_BYTES - around - 1, 2)] {
        let mut member = with(5, length);
        let caller = Caller::greeted(&mut member, 1);
        caller.asks(&mut member, NUMBER, subscribe(at(1)));
        (0..3 * ALIVE).for_each(|_| member.turn(|_| ()));
        let first = caller.takes();
        assert_eq!(first, pages * (length + around), "a page's bytes wait already");
        (0..ALIVE).for_each(|_| member.turn(|_| ()));
        let next = caller.reads();
        assert!(
            matches!(&next[0].1, History::Page(page) if numbers(page) == [pages as u64 + 2]),
            "nothing is left out"
        );
    }
}

#[test]
fn so_many_subscribe_and_others_are_told_to_come_again_until_one_ends() {
    let mut member = with(0, 8);
    let callers = [1, 2].map(|connection| Caller::greeted(&mut member, connection));
    let numbers = 1..=SUBSCRIBERS as u64 / 2;
    for caller in &callers {
        caller.asks_all(&mut member, numbers.clone().map(|number| (number, subscribe(None))));
        assert_eq!(caller.reads().len(), SUBSCRIBERS / 2);
    }
    let busy = |member: &mut ByHand| {
        callers[0].takes();
        callers[0].asks(member, 999, subscribe(None));
        let told = callers[0].hears();
        told.contains(&(999, Told::Rejected(Rejection::Busy)))
    };
    assert!(busy(&mut member));
    callers[0].asks(&mut member, 1_000, Request::Unsubscribe { number: 1 });
    assert!(!busy(&mut member) && busy(&mut member));
    member.turn(|driven| driven.closed(2));
    assert!(!busy(&mut member), "what ended with its connection leaves room");
}
