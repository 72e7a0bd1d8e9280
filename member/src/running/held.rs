//! Answers that were computed and may not leave yet (W4, R1). Pure: knows entries and tickets, not connections.
use crate::answer::{Answer, Rejection};
use crate::limits;
use group::{Seq, Time};
use std::collections::VecDeque;
use tokio::sync::oneshot;

/// Who waits for an answer.
#[derive(Debug)]
pub(super) enum Asker {
    /// A client: its connection, and its number for the request.
    Client { connection: u64, number: u64 },
    /// The application in this process.
    Here(oneshot::Sender<Result<Answer, Rejection>>),
    /// Nobody: a timer.
    Timer,
}

/// The answers, by what they wait for. Each queue grows at the end and is released from the front.
#[derive(Default, Debug)]
pub(super) struct Held {
    /// Until this entry is committed.
    writes: VecDeque<(Seq, Asker, Answer)>,
    /// Until this read ticket is ready.
    reads: VecDeque<(u64, Asker, Answer)>,
    /// Until this entry is committed, or until this moment: then they leave as they are, labelled.
    unsettled: VecDeque<(Seq, Time, Asker, Answer)>,
    bytes: usize,
    timers: usize,
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.writes.len() + self.reads.len() + self.unsettled.len()
    }
    pub(super) fn is_full(&self) -> bool {
        self.len() >= limits::HELD_ANSWERS || self.bytes >= limits::HELD_BYTES
    }

    /// Whether a timer's command is still under way.
    pub(super) fn has_timers(&self) -> bool {
        self.timers > 0
    }

    pub(super) fn write(&mut self, seq: Seq, asker: Asker, answer: Answer) {
        self.note(&asker, &answer);
        self.writes.push_back((seq, asker, answer));
    }
    pub(super) fn read(&mut self, ticket: u64, asker: Asker, answer: Answer) {
        self.note(&asker, &answer);
        self.reads.push_back((ticket, asker, answer));
    }
    pub(super) fn unsettled(&mut self, seq: Seq, until: Time, asker: Asker, answer: Answer) {
        self.note(&asker, &answer);
        self.unsettled.push_back((seq, until, asker, answer));
    }

    /// The next answer to a write that `upto` covers.
    pub(super) fn next_write(&mut self, upto: Seq) -> Option<(Asker, Answer)> {
        let (_, asker, answer) = pop_if(&mut self.writes, |(seq, ..)| *seq <= upto)?;
        self.let_go(asker, answer)
    }
    /// The next answer to a read whose ticket `upto` covers.
    pub(super) fn next_read(&mut self, upto: u64) -> Option<(Asker, Answer)> {
        let (_, asker, answer) = pop_if(&mut self.reads, |(ticket, ..)| *ticket <= upto)?;
        self.let_go(asker, answer)
    }
    /// The next answer to an eventual read that is committed.
    pub(super) fn next_settled(&mut self, upto: Seq) -> Option<(Asker, Answer)> {
        let (_, _, asker, answer) = pop_if(&mut self.unsettled, |(seq, ..)| *seq <= upto)?;
        self.let_go(asker, answer)
    }
    /// The next answer to an eventual read that has waited long enough.
    pub(super) fn next_unsettled(&mut self, now: Time) -> Option<(Asker, Answer)> {
        let (_, _, asker, answer) = pop_if(&mut self.unsettled, |(_, until, ..)| *until <= now)?;
        self.let_go(asker, answer)
    }

    fn note(&mut self, asker: &Asker, answer: &Answer) {
        self.bytes += answer.reply.len();
        self.timers += usize::from(matches!(asker, Asker::Timer));
    }
    fn let_go(&mut self, asker: Asker, answer: Answer) -> Option<(Asker, Answer)> {
        self.bytes -= answer.reply.len();
        self.timers -= usize::from(matches!(asker, Asker::Timer));
        Some((asker, answer))
    }
}

fn pop_if<T>(queue: &mut VecDeque<T>, ready: impl Fn(&T) -> bool) -> Option<T> {
    if queue.front().is_some_and(ready) { queue.pop_front() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Cursor, Freshness};
    use bytes::Bytes;

    fn answer(seq: Seq) -> Answer {
        let cursor = Cursor { loss: 0, seq };
        Answer { reply: Bytes::from_static(b"tea"), cursor, freshness: Freshness::Strong }
    }

    #[test]
    fn w4_an_answer_leaves_when_the_commit_index_covers_it_and_not_before() {
        let mut held = Held::default();
        (1..=3).for_each(|seq| held.write(seq, Asker::Timer, answer(seq)));
        held.read(1, Asker::Timer, answer(3));
        let left: Vec<Seq> = std::iter::from_fn(|| held.next_write(2)).map(|(_, answer)| answer.cursor.seq).collect();
        assert_eq!(left, [1, 2]);
        assert!(held.next_read(0).is_none() && held.next_read(1).is_some());
        assert_eq!((held.len(), held.bytes), (1, 3));
    }

    #[test]
    fn an_eventual_read_leaves_settled_or_when_its_time_is_over() {
        let mut held = Held::default();
        held.unsettled(5, Time(100), Asker::Timer, answer(5));
        assert!(held.next_settled(4).is_none() && held.next_unsettled(Time(99)).is_none());
        assert!(held.next_settled(5).is_some());
        held.unsettled(6, Time(200), Asker::Timer, answer(6));
        assert!(held.next_unsettled(Time(200)).is_some());
    }
}
