//! One core by itself, where no story can tell: how much it keeps in memory, and messages that no member sends. What it asks of a disk is done
//! at once.
use bytes::Bytes;
use group::limits::{APPEND_BYTES, FORMAT, IN_FLIGHT_BYTES, LOG_BYTES};
use group::{
    Body, BootId, Cause, Change, Core, Entry, Epoch, EpochStart, GroupId, Input, Message, Now, Output, Peer, Pod,
    Position, Recovered, StorageId, View,
};

const NOW: Now = Now { mono: group::Time(0), wall: 1 };

struct One {
    core: Core,
    trimmed: u64,
    /// How many entries each of its appends had, if any.
    sent: Vec<usize>,
}

fn named(pod: &str) -> Peer {
    Peer { pod: Pod::new(pod), storage: StorageId(1), boot: BootId(1) }
}

impl One {
    /// The member `a` of a group in which this one leads alone.
    fn led_by(primary: &Peer, epoch: u64) -> One {
        let view = View {
            group: GroupId(1),
            version: 1,
            epoch: Epoch::new(0, epoch),
            primary: primary.pod.clone(),
            primary_boot: primary.boot,
            in_sync: [(primary.pod.clone(), primary.storage)].into(),
            members: ["a", "b"].map(Pod::new).into(),
            min_in_sync: 1,
            change: Change { cause: Cause::Birth, suspected_at: 0, decided_at: 0 },
        };
        let mut one = One { core: Core::new(blank(named("a"))), trimmed: 0, sent: vec![] };
        one.takes(Input::View(view));
        one
    }
    fn takes(&mut self, input: Input) {
        let mut inputs = vec![input];
        while !inputs.is_empty() {
            let mut out = vec![];
            inputs.drain(..).for_each(|input| self.core.step(NOW, input, &mut out));
            self.core.flush(NOW, &mut out);
            for output in out {
                match output {
                    Output::Write { write, .. } => inputs.push(Input::Written { write }),
                    Output::Save { save, .. } => inputs.push(Input::Saved { save }),
                    Output::Trim { upto } => self.trimmed = upto,
                    Output::Send { message: Message::Append { entries, .. }, .. } if !entries.is_empty() => {
                        self.sent.push(entries.len());
                    }
                    _ => {}
                }
            }
        }
    }
    fn proposes(&mut self, body: &Bytes) {
        self.takes(Input::Propose { at: 1, body: body.clone() });
    }
    fn takes_snapshot(&mut self) -> Position {
        let at = self.core.position(self.core.commit()).expect("in memory");
        self.takes(Input::SnapshotTaken { at });
        at
    }
}

fn blank(me: Peer) -> Recovered {
    let (group, promised, view, base) = (None, Epoch::default(), None, Position::default());
    let (starts, reigns, entries) = (vec![], vec![], vec![]);
    Recovered {
        me,
        group,
        promised,
        view,
        base,
        starts,
        reigns,
        format: 1,
        speaks: FORMAT,
        entries,
        commit: 0,
        unhealthy: None,
    }
}

#[test]
fn when_the_log_in_memory_is_too_heavy_it_goes_back_to_the_last_snapshot_and_no_further() {
    let mut alone = One::led_by(&named("a"), 1);
    let body = Bytes::from(vec![7; 2 << 20]);
    let fit = LOG_BYTES / body.len();
    (0..fit + 2).for_each(|_| alone.proposes(&body));
    assert_eq!(alone.core.first_seq(), 1, "no snapshot has them yet");
    let mut alone = One::led_by(&named("a"), 1);
    alone.proposes(&body);
    let snapshot = alone.takes_snapshot();
    (0..fit - 2).for_each(|_| alone.proposes(&body));
    assert_eq!((alone.core.first_seq(), alone.trimmed), (1, 0), "there is room: others may want them");
    (0..2).for_each(|_| alone.proposes(&body));
    assert_eq!((alone.core.first_seq(), alone.trimmed), (snapshot.seq + 1, snapshot.seq));
    alone.trimmed = 0;
    alone.proposes(&body);
    assert_eq!(alone.trimmed, 0, "once");
}

/// One that leads, and a learner that has told it of an empty log.
fn with_a_learner() -> One {
    let mut one = One::led_by(&named("a"), 1);
    let (epoch, tail) = (Epoch::new(0, 1), Position::default());
    let starts = vec![EpochStart { epoch: Epoch::default(), seq: 0 }];
    one.takes(Input::Connected(named("b")));
    let message = Message::Promised { epoch, starts, tail, commit: 0, format: FORMAT, clock: 1 };
    one.takes(Input::Receive { from: named("b"), message });
    assert_eq!(std::mem::take(&mut one.sent), [1], "the start of its epoch");
    one
}

#[test]
fn small_entries_are_sent_together_and_one_that_is_larger_than_an_append_alone() {
    let mut one = with_a_learner();
    one.proposes(&Bytes::from(vec![7; 2 * APPEND_BYTES]));
    assert_eq!(one.sent, [1]);
    let mut one = with_a_learner();
    let third = Bytes::from(vec![7; APPEND_BYTES / 3]);
    let mut out = vec![];
    for _ in 0..4 {
        one.core.step(NOW, Input::Propose { at: 1, body: third.clone() }, &mut out);
    }
    one.takes(Input::Tick);
    assert_eq!(one.sent, [2, 2]);
}

#[test]
fn no_more_is_sent_than_may_be_in_flight_until_it_is_acknowledged() {
    let mut one = with_a_learner();
    let body = Bytes::from(vec![7; 1 << 20]);
    let fit = IN_FLIGHT_BYTES / body.len();
    (0..3 * fit).for_each(|_| one.proposes(&body));
    assert_eq!(one.sent.len(), fit);
    let message = Message::Ack { epoch: Epoch::new(0, 1), durable: 3, nonce: 1, clock: 1 };
    one.takes(Input::Receive { from: named("b"), message });
    assert_eq!(one.sent.len(), fit + 2, "the start of the epoch, and two of these");
}

fn entry(after: Position, epoch: u64) -> Entry {
    let body = Body::App(Bytes::from_static(b"tea"));
    Entry { epoch: Epoch::new(0, epoch), seq: after.seq + 1, prev_hash: after.hash, at: 1, body }
}

#[test]
fn w3_of_entries_that_do_not_follow_one_another_only_those_before_are_taken() {
    let first = entry(Position::default(), 3);
    let second = entry(first.position(), 3);
    let taken = |wrong: Entry| {
        let mut one = One::led_by(&named("b"), 3);
        let entries = vec![first.clone(), wrong];
        let (epoch, prev) = (Epoch::new(0, 3), Position::default());
        let message = Message::Append { epoch, nonce: 1, prev, entries, commit: 0 };
        one.takes(Input::Receive { from: named("b"), message });
        one.core.tail().seq
    };
    assert_eq!(taken(second.clone()), 2);
    assert_eq!(taken(Entry { seq: 3, ..second.clone() }), 1, "one is missing");
    assert_eq!(taken(Entry { prev_hash: 7, ..second }), 1, "another stood before it");
    assert_eq!(taken(entry(first.position(), 2)), 1, "no epoch goes back");
}
