//! What front ends and controllers are told, asked and unasked: views and seats, the status, answers, and where to go when a member ends.
use crate::caller::{Caller, Request, Told, UNASKED};
use crate::hand::{ByHand, followed, led_by, peer};
use crate::obliging::{Obliging, command, question};
use group::limits::{RESIGN_PATIENCE_MS, TICK_MS};
use group::{Epoch, Fence, Peer, Role, View};
use member::disk::simulated::SimulatedDisk;
use member::limits::STATUS_MS;
use member::{BEGINNING, Consistency, Driven, Event, History, Rejection, Seen};

fn me() -> Peer {
    peer("replica-0", 10, 1)
}
fn other() -> Peer {
    peer("replica-1", 20, 2)
}
fn blank() -> ByHand {
    ByHand::start(&SimulatedDisk::new(), &me())
}
/// It leads epoch 2, and its first entry is committed.
fn alone() -> ByHand {
    let mut primary = blank();
    primary.sees(led_by(&me(), 2, 2));
    primary.rest();
    primary
}
fn view(of: &ByHand) -> View {
    of.driven.core().view().unwrap().clone()
}
/// After so many turns controllers are told the status.
const EVERY: u64 = STATUS_MS / TICK_MS;
fn unasked(told: Told) -> (u64, Told) {
    (UNASKED, told)
}

#[test]
fn whoever_connects_is_told_the_view_and_who_leads_as_far_as_this_member_knows() {
    let mut member = blank();
    let greeted = |member: &mut ByHand, connection| Caller::front_end(member, connection).hears();
    assert_eq!(greeted(&mut member, 1), []);
    member.sees(led_by(&other(), 1, 1));
    assert_eq!(greeted(&mut member, 2), [unasked(Told::View(view(&member)))]);
    member.sees(led_by(&me(), 2, 2));
    let epoch = Epoch::new(0, 2);
    let greeting = |standing| [unasked(Told::View(led_by(&me(), 2, 2))), unasked(standing)];
    assert_eq!(greeted(&mut member, 3), greeting(Told::Serving(epoch)));
    member.turn(|driven| driven.leave());
    assert_eq!(greeted(&mut member, 4), greeting(Told::Draining(epoch)));
}

#[test]
fn everybody_is_told_at_once_of_a_view_and_of_a_seat_that_is_taken() {
    let mut member = blank();
    let callers = [Caller::front_end(&mut member, 1), Caller::front_end(&mut member, 2)];
    for (next, standing) in
        [(led_by(&other(), 1, 1), None), (led_by(&me(), 2, 2), Some(Told::Serving(Epoch::new(0, 2))))]
    {
        member.sees(next.clone());
        let news: Vec<_> = [Some(Told::View(next)), standing].into_iter().flatten().map(unasked).collect();
        assert!(callers.iter().all(|caller| caller.hears() == news), "{news:?}");
        member.rest();
        assert!(callers.iter().all(|caller| caller.hears().is_empty()), "nothing is said twice");
    }
    let again = led_by(&me(), 3, 2);
    member.sees(again.clone());
    let news = [unasked(Told::View(again))];
    assert!(callers.iter().all(|caller| caller.hears() == news), "the seat is the same");
}

#[test]
fn h1_everybody_is_told_that_a_primary_hands_over_and_that_it_serves_on_if_that_fails() {
    let (mut primary, _) = followed(&me(), &other());
    let epoch = Epoch::new(0, 2);
    let (asks, listens) = (Caller::greeted(&mut primary, 1), Caller::greeted(&mut primary, 2));
    asks.asks(&mut primary, 5, Request::HandOver { to: other().pod, epoch });
    let draining = unasked(Told::Draining(epoch));
    assert_eq!(asks.hears(), [draining.clone(), (5, Told::Noted)]);
    assert_eq!(listens.hears(), [draining]);
    listens.asks(&mut primary, 6, Request::Submit(command(8, 8)));
    assert_eq!(listens.hears(), [(6, Told::Rejected(Rejection::Draining { epoch }))]);
    // Nobody writes the view that it proposes.
    (0..RESIGN_PATIENCE_MS).for_each(|_| primary.turn(|_| ()));
    let serving = [unasked(Told::Serving(epoch))];
    assert_eq!((asks.hears(), listens.hears()), (serving.to_vec(), serving.to_vec()));
}

#[test]
fn d1_a_primary_that_is_replaced_drops_what_it_held_tells_everybody_who_leads_and_ends_the_connections() {
    let (mut primary, mut backup) = followed(&me(), &other());
    let callers = [Caller::front_end(&mut primary, 1), Caller::front_end(&mut primary, 2)];
    callers[0].asks(&mut primary, 5, Request::Submit(command(8, 8)));
    backup.hear(&mut primary);
    for caller in &callers {
        caller.takes();
    }
    let (next, epoch) = (led_by(&other(), 3, 3), Epoch::new(0, 3));
    primary.sees(next.clone());
    assert!(primary.driven.ended().is_some());
    let news = [Told::View(next), Told::NotPrimary { epoch, primary: Some(other().pod) }].map(unasked);
    for caller in callers {
        assert_eq!(caller.hears(), news);
        assert!(caller.is_cut_off());
    }
}

#[test]
fn a_member_that_ends_without_a_farewell_leaves_no_connection_open() {
    let mut member = alone();
    let caller = Caller::front_end(&mut member, 1);
    drop(member);
    assert!(caller.is_cut_off());
}

#[test]
fn v3_a_primary_behind_a_fence_says_that_it_takes_nothing_new() {
    let mut primary = alone();
    let (front_end, controller) = (Caller::greeted(&mut primary, 1), Caller::controller(&mut primary, 2));
    let View { group, epoch: continues, .. } = view(&primary);
    let fence = Fence { group, continues, loss: 1 };
    controller.asks(&mut primary, 5, Request::Fence(fence));
    let epoch = Epoch::new(0, 2);
    assert_eq!(front_end.hears(), [unasked(Told::Draining(epoch))]);
    assert!(controller.hears().contains(&(5, Told::Noted)));
    front_end.asks(&mut primary, 6, Request::Read(Consistency::Strong, question(8)));
    assert_eq!(front_end.hears(), [(6, Told::Rejected(Rejection::Draining { epoch }))]);
}

#[test]
fn an_answer_goes_to_whoever_asked_under_its_number_and_to_nobody_else() {
    let mut primary = alone();
    let (asks, listens) = (Caller::greeted(&mut primary, 1), Caller::greeted(&mut primary, 2));
    let requests = [
        Request::Submit(command(8, 9)),
        Request::Read(Consistency::Strong, question(10)),
        Request::Ping,
        Request::Report,
        Request::Log { after: BEGINNING, max: 1 },
        Request::HandOver { to: other().pod, epoch: Epoch::new(0, 1) },
        Request::Unsubscribe { number: 99 },
    ];
    asks.asks_all(&mut primary, (11..).zip(requests));
    primary.rest();
    let told = asks.hears();
    let told = |number| &told.iter().find(|(of, _)| *of == number).unwrap().1;
    assert!(matches!(told(11), Told::Answer(answer) if answer.reply.len() == 9));
    assert!(matches!(told(12), Told::Answer(answer) if answer.reply.len() == 10));
    assert_eq!((told(13), told(16)), (&Told::Pong, &Told::Noted));
    assert!(matches!(told(14), Told::Report(report) if report.status.me == me()));
    assert!(matches!(told(15), Told::History(History::Page(page)) if page.next.seq == 1));
    assert_eq!((asks.hears(), listens.hears()), (vec![], vec![]));
}

#[test]
fn who_does_not_lead_says_who_does_as_far_as_it_knows_and_takes_the_view_that_it_is_told() {
    let mut member = blank();
    let caller = Caller::front_end(&mut member, 1);
    let requests = || {
        let hand_over = Request::HandOver { to: other().pod, epoch: Epoch::new(0, 1) };
        [Request::Submit(command(8, 8)), Request::Read(Consistency::Strong, question(8)), hand_over]
    };
    let refused = |epoch, primary: Option<&Peer>| {
        let primary = primary.map(|peer| peer.pod.clone());
        [5, 6, 7].map(|number| (number, Told::Rejected(Rejection::NotPrimary { epoch, primary: primary.clone() })))
    };
    caller.asks_all(&mut member, (5..).zip(requests()));
    assert_eq!(caller.hears(), refused(Epoch::default(), None));
    let next = led_by(&other(), 1, 1);
    caller.asks(&mut member, 8, Request::PushView(next.clone()));
    assert_eq!(caller.hears(), [unasked(Told::View(next)), (8, Told::Noted)]);
    caller.asks_all(&mut member, (5..).zip(requests()));
    assert_eq!(caller.hears(), refused(Epoch::new(0, 1), Some(&other())));
}

#[test]
fn controllers_are_told_the_status_every_so_often_and_front_ends_never() {
    let mut member = alone();
    let front_end = Caller::greeted(&mut member, 1);
    let controllers = [Caller::controller(&mut member, 2), Caller::controller(&mut member, 3)];
    for controller in &controllers {
        controller.takes();
    }
    (0..10 * EVERY).for_each(|_| member.turn(|_| ()));
    for controller in &controllers {
        let (times, status) = controller.sees();
        assert_eq!((times, status.unwrap().role), (10, Role::Primary));
    }
    assert_eq!(front_end.hears(), []);
}

#[test]
fn controllers_are_told_the_status_at_once_when_a_view_a_seat_or_who_is_there_has_changed() {
    type Happens = fn(&mut Driven<Obliging>);
    let news: [(&str, Happens); 9] = [
        ("a controller connects", |driven| drop(driven.client_up(2, true))),
        ("a view", |driven| driven.seen(Seen::View(led_by(&other(), 2, 2)))),
        ("a line", |driven| drop(driven.line_up(other()))),
        ("it ends", |driven| driven.line_down(&other().pod, false)),
        ("a connection", |driven| drop(driven.heard_up(4, other()))),
        ("it ends", |driven| driven.closed(4)),
        ("a view with another seat", |driven| driven.seen(Seen::View(led_by(&me(), 3, 3)))),
        ("a view with the same", |driven| driven.seen(Seen::View(led_by(&me(), 4, 3)))),
        ("a seat", |driven| driven.leave()),
    ];
    let mut member = blank();
    let controller = Caller::controller(&mut member, 1);
    for (what, happens) in news {
        just_told(&mut member, &controller);
        member.turn(happens);
        let (times, status) = controller.sees();
        assert_eq!(times, 1, "{what}");
        let (status, core) = (status.unwrap(), member.driven.core());
        assert_eq!((status.role, status.view.as_ref()), (core.role(), core.view()), "{what}");
    }
    let nothing: [Happens; 2] = [|driven| drop(driven.client_up(3, false)), |driven| driven.closed(3)];
    for happens in nothing {
        just_told(&mut member, &controller);
        member.turn(happens);
        assert_eq!(controller.sees().0, 0, "front ends come and go");
    }
}
/// The next that this controller is told because time has passed is some turns away.
fn just_told(member: &mut ByHand, controller: &Caller) {
    member.rest();
    controller.takes();
    let told = (0..EVERY).any(|_| {
        member.turn(|_| ());
        controller.sees().0 > 0
    });
    assert!(told, "the time has passed");
}

#[test]
fn the_application_hears_of_every_view_and_seat_and_once_of_each_entry_that_is_committed() {
    let (mut primary, mut backup) = followed(&me(), &other());
    let mut events = primary.driven.member().events();
    let mut heard = move || std::iter::from_fn(|| events.try_recv().ok()).collect::<Vec<_>>();
    let mut delivers = |primary: &mut ByHand, seqs: &[u64]| {
        let seq = |event| if let Event::Delivered(entry) = event { Some(entry.cursor.seq) } else { None };
        assert_eq!(heard().into_iter().filter_map(seq).collect::<Vec<_>>(), []);
        backup.follow(primary);
        assert_eq!(heard().into_iter().filter_map(seq).collect::<Vec<_>>(), seqs);
    };
    for seqs in [&[2, 3][..], &[4, 5]] {
        seqs.iter().for_each(|_| drop(primary.told(8, 8)));
        primary.turn(|_| ());
        delivers(&mut primary, seqs);
    }
    let mut member = blank();
    let mut events = member.driven.member().events();
    let next = led_by(&me(), 1, 1);
    member.sees(next.clone());
    member.turn(|driven| driven.leave());
    let told: Vec<_> = std::iter::from_fn(|| events.try_recv().ok()).collect();
    let roles = [Role::Primary, Role::Draining].map(Event::RoleChanged);
    assert_eq!(told, [&[Event::ViewChanged(next)], &roles[..]].concat());
}
