//! Who answers reads, and when it may: a member driven by hand, asked over a connection of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#[path = "cluster/ledger.rs"]
mod ledger;
use group::{BootId, Cause, Change, Epoch, GroupId, Message, Now, Peer, Pod, StorageId, Time, View};
use ledger::Ledger;
use member::Consistency::{Eventual, Strong};
use member::disk::BLOCK;
use member::disk::simulated::SimulatedDisk;
use member::store::Opening;
use member::{Begin, Consistency, Driven, Hand, Seen};
use std::sync::Arc;

fn peer(pod: &str, storage: u128, boot: u128) -> Peer {
    Peer { pod: Pod::new(pod), storage: StorageId(storage), boot: BootId(boot) }
}

/// This process leads this epoch alone.
fn led_by(peer: &Peer, epoch: u64) -> View {
    View {
        group: GroupId(1),
        version: epoch,
        epoch: Epoch::new(0, epoch),
        in_sync: [(peer.pod.clone(), peer.storage)].into(),
        members: ["replica-0", "replica-1"].map(Pod::new).into(),
        primary: peer.pod.clone(),
        primary_boot: peer.boot,
        min_in_sync: 1,
        change: Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 },
    }
}

/// A process of replica-0, and the connection on which it is asked.
struct Asked {
    driven: Driven<Ledger>,
    hand: Hand,
    ms: u64,
}

const CONNECTION: u64 = 1;
const NUMBER: u64 = 7;
/// The second kind of request is a read; of what is told, the first is an answer, and the second a rejection.
const READ: u32 = 1;
const ANSWER: u32 = 0;
const REJECTED: u32 = 1;

impl Asked {
    fn start(disk: &SimulatedDisk, boot: u128) -> Asked {
        let (pod, speaks) = (Pod::new("replica-0"), group::limits::FORMAT);
        let opening = Opening::new(BootId(boot), StorageId(10));
        let disk = Arc::new(disk.clone());
        let mut driven = Driven::start(Begin {
            pod,
            disk,
            opening,
            machine: Ledger::default(),
            snapshot_every_bytes: BLOCK,
            speaks,
        })
        .unwrap();
        let hand = driven.client_up(CONNECTION, false);
        Asked { driven, hand, ms: 0 }
    }
    fn turn(&mut self, happens: impl FnOnce(&mut Driven<Ledger>)) {
        self.ms += 1;
        self.driven.begin(Now { mono: Time(self.ms * 1_000), wall: self.ms });
        happens(&mut self.driven);
        self.driven.end(true);
        while self.driven.has_write() || self.driven.has_chore() {
            assert!(self.driven.write());
            self.driven.keep();
        }
    }
    fn sees(&mut self, view: View) {
        self.turn(|driven| driven.seen(Seen::View(view)));
        (0..50).for_each(|_| self.turn(|_| ()));
    }
    /// Whether the read is answered: neither refused, nor sent to another, nor held for ever.
    fn answers(&mut self, consistency: Consistency) -> bool {
        self.told(consistency) == Some(ANSWER)
    }
    /// The kind of what is said to a read.
    fn told(&mut self, consistency: Consistency) -> Option<u32> {
        drop(self.hand.take());
        let bytes = frame(&(NUMBER, READ, consistency, [0u8; 0].as_slice()));
        self.turn(|driven| driven.requests(CONNECTION, &bytes).unwrap());
        (0..5).for_each(|_| self.turn(|_| ()));
        let said = self.hand.take().unwrap();
        let mut frames = vec![];
        let mut rest = said.as_slice();
        while let Some((length, more)) = rest.split_first_chunk::<4>() {
            let (frame, others) = more.split_at(u32::from_le_bytes(*length) as usize);
            frames.push(postcard::take_from_bytes::<(u64, u32)>(frame).unwrap().0);
            rest = others;
        }
        frames.into_iter().find_map(|(number, told)| (number == NUMBER).then_some(told))
    }
}

/// As it goes over a connection.
fn frame(what: &impl serde::Serialize) -> Vec<u8> {
    let body = postcard::to_stdvec(what).unwrap();
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_le_bytes()[..], &body].concat()
}

#[test]
fn a_primary_answers_all_reads_and_who_has_no_entry_yet_answers_none() {
    let (other, me) = (peer("replica-1", 20, 2), peer("replica-0", 10, 1));
    let mut asked = Asked::start(&SimulatedDisk::new(), 1);
    assert!(!asked.answers(Strong) && !asked.answers(Eventual), "nobody knows a view");
    asked.sees(led_by(&other, 2));
    assert!(!asked.answers(Strong) && !asked.answers(Eventual), "its state is none that the group ever had");
    asked.sees(led_by(&me, 3));
    assert!(asked.answers(Strong) && asked.answers(Eventual));
}

#[test]
fn who_follows_answers_what_need_not_be_new_but_not_while_a_snapshot_takes_its_place() {
    let (other, me) = (peer("replica-1", 20, 2), peer("replica-0", 10, 1));
    let disk = SimulatedDisk::new();
    Asked::start(&disk, 1).sees(led_by(&me, 2));
    let mut asked = Asked::start(&disk, 3);
    asked.sees(led_by(&other, 3));
    assert!(asked.answers(Eventual));
    assert_eq!(asked.told(Strong), Some(REJECTED), "R1: only a primary knows what is newest");
    let bytes = frame(&Message::TakeSnapshot { epoch: Epoch::new(0, 3) });
    asked.turn(|driven| driven.peer_said(&other, &bytes).unwrap());
    assert!(asked.driven.fetches().is_some() && !asked.answers(Eventual));
}
