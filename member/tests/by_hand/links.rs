//! Who is there, as the connections tell: one that is dialled, and those on which others speak.
use crate::hand::{ByHand, led_by, peer};
use group::{Peer, Sign};
use member::disk::simulated::SimulatedDisk;

fn primary(boot: u128) -> Peer {
    peer("replica-1", 20, boot)
}

/// What speaks against the primary.
fn signs(member: &mut ByHand) -> Vec<Sign> {
    member.report().status.suspects.into_iter().map(|suspect| suspect.sign).collect()
}

#[test]
fn a_process_is_gone_when_its_last_connection_is_and_not_before() {
    let mut member = ByHand::start(&SimulatedDisk::new(), &peer("replica-0", 10, 1));
    member.sees(led_by(&primary(2), 1, 1));
    // Whoever is connected and is not the process of the view is another: its successor.
    let reborn = primary(3);
    let there = vec![Sign::Reborn];
    let mut hand = None;
    member.turn(|driven| hand = Some(driven.heard_up(1, primary(2))));
    let first = hand.unwrap();
    assert!(signs(&mut member).is_empty() && first.take().is_some());
    member.turn(|driven| drop(driven.heard_up(2, reborn.clone())));
    assert_eq!(signs(&mut member), there);
    assert!(first.take().is_none(), "what is left of the process before is cut");
    member.turn(|driven| driven.closed(1));
    member.turn(|driven| drop(driven.line_up(reborn.clone())));
    member.turn(|driven| driven.line_down(&reborn.pod, false));
    assert_eq!(signs(&mut member), there, "it still speaks");
    assert_eq!(member.report().figures.connections, 1);
    member.turn(|driven| driven.closed(2));
    assert!(signs(&mut member).is_empty(), "nobody is there");
    member.turn(|driven| drop(driven.line_up(reborn.clone())));
    member.turn(|driven| drop(driven.heard_up(3, reborn.clone())));
    member.turn(|driven| driven.closed(3));
    assert_eq!(signs(&mut member), there, "it is still spoken to");
    assert_eq!(member.report().figures.connections, 1);
}

#[test]
fn a_connection_that_ended_is_not_kept() {
    let mut member = ByHand::start(&SimulatedDisk::new(), &peer("replica-0", 10, 1));
    let mut connections = |happens: fn(&mut member::Driven<_>)| {
        member.turn(happens);
        member.report().figures.connections
    };
    assert_eq!(connections(|driven| drop(driven.client_up(1, false))), 1);
    assert_eq!(connections(|driven| drop(driven.client_up(2, true))), 2);
    assert_eq!(connections(|driven| driven.closed(1)), 1);
    assert_eq!(connections(|driven| driven.closed(2)), 0);
}

#[test]
fn a_refusal_counts_whatever_connection_may_linger() {
    let mut member = ByHand::start(&SimulatedDisk::new(), &peer("replica-0", 10, 1));
    member.sees(led_by(&primary(2), 1, 1));
    member.turn(|driven| drop(driven.heard_up(1, primary(2))));
    member.turn(|driven| drop(driven.line_up(primary(2))));
    member.turn(|driven| driven.line_down(&primary(2).pod, true));
    assert_eq!(signs(&mut member), [Sign::Refused]);
}
