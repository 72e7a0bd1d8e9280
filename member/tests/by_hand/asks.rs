//! What a member asks of the place where the view is kept, and what it makes of what is seen there (V3, V4, H1).
use crate::caller::Caller;
use crate::hand::{ByHand, followed, led_by, peer};
use group::{Cause, Peer};
use member::disk::simulated::SimulatedDisk;
use member::{Ask, Ended, Seen};

fn me() -> Peer {
    peer("replica-0", 10, 1)
}
fn asks(of: &mut ByHand) -> Vec<Ask> {
    std::iter::from_fn(|| of.driven.ask()).collect()
}

#[test]
fn h1_a_primary_that_leaves_asks_that_its_backup_be_written_and_goes_when_that_is_seen() {
    let (mut primary, backup) = followed(&me(), &peer("replica-1", 20, 2));
    let caller = Caller::front_end(&mut primary, 1);
    asks(&mut primary);
    primary.turn(|driven| driven.leave());
    let Some(Ask::Propose(proposal)) = asks(&mut primary).pop() else { panic!("there is a successor") };
    assert_eq!((proposal.base, &proposal.next.primary), (2, &backup.me().pod));
    assert_eq!(proposal.next.change.cause, Cause::Leaving);
    primary.turn(|_| ());
    assert!(primary.driven.ended().is_none(), "V4: what was asked for counts when it is seen");
    primary.sees(proposal.next);
    assert!(matches!(primary.driven.ended(), Some(Ended::Left)));
    caller.takes();
    assert!(caller.is_cut_off());
}

#[test]
fn v3_a_member_looks_every_so_often_whether_its_view_is_there_and_says_when_it_is_lost() {
    let mut member = ByHand::start(&SimulatedDisk::new(), &me());
    member.sees(led_by(&me(), 2, 2));
    member.rest();
    assert_eq!(asks(&mut member), [Ask::Read { held: 2 }]);
    for (view, lost) in [(None, true), (Some(led_by(&me(), 2, 2)), false)] {
        member.turn(|driven| driven.seen(Seen::Stored { held: 2, view }));
        assert_eq!(member.report().status.view_lost, lost);
    }
}
