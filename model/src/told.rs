//! What clients were told and what the group has committed, as nobody inside knows it: the ground of the laws.
use crate::machine::Key;
use crate::node::{Answer, Broken};
use group::Seq;
use std::collections::BTreeMap;
use std::fmt;

/// A law that was broken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Law {
    /// Two members took different entries for committed (I1, I6).
    CommittedDiffer,
    /// The primary of the newest view lacks what was committed (I3).
    Lost,
    /// A disk of the set lacks what was committed (I5).
    Thin,
    /// An answer does not know what a client had been shown before it was asked for (I8).
    Stale,
    /// An operation took effect twice, or was answered differently (I9).
    Doubled,
    /// A member refused to go on because it would have dropped what is committed (P4).
    Halted,
    /// A member's own assertion failed.
    Asserts,
}

impl Law {
    /// All of them.
    pub const ALL: [Law; 7] =
        [Law::CommittedDiffer, Law::Lost, Law::Thin, Law::Stale, Law::Doubled, Law::Halted, Law::Asserts];
    /// As a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Law::CommittedDiffer => "committed entries are the same everywhere",
            Law::Lost => "a new primary holds all that was committed",
            Law::Thin => "every disk of the set holds all that was committed",
            Law::Stale => "an answer knows all that was shown before it was asked for",
            Law::Doubled => "an operation takes effect once and is answered alike",
            Law::Halted => "nobody is asked to drop what is committed",
            Law::Asserts => "no assertion fails",
        }
    }
}
impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

/// All that was told. A forced loss begins it anew (U1).
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Told {
    /// Entries that someone took for committed: chain and key by number.
    pub(crate) committed: BTreeMap<Seq, (u64, Option<Key>)>,
    /// The answer to each key.
    answers: BTreeMap<Key, Seq>,
    /// The last entry whose effect a client was shown.
    pub(crate) shown: Seq,
    pub(crate) broken: Option<Law>,
    /// The loss number from which on things count.
    pub(crate) era: u64,
}

impl Told {
    pub(crate) fn breaks(&mut self, law: Law) {
        self.broken.get_or_insert(law);
    }
    pub(crate) fn broken(&mut self, how: Broken) {
        self.breaks(match how {
            Broken::Halted => Law::Halted,
            Broken::Asserts => Law::Asserts,
        });
    }
    pub(crate) fn commits(&mut self, known: Vec<(Seq, u64, Option<Key>)>) {
        for (seq, hash, key) in known {
            let before = self.committed.insert(seq, (hash, key));
            if before.is_some_and(|before| before != (hash, key)) {
                self.breaks(Law::CommittedDiffer);
            }
            let twice = key.is_some() && self.committed.iter().any(|(at, (_, other))| *at != seq && *other == key);
            if before.is_none() && twice {
                self.breaks(Law::Doubled);
            }
        }
    }
    /// A client was answered; `true` if it had been answered before under the same key.
    pub(crate) fn answered(&mut self, answer: &Answer) -> bool {
        if answer.index < answer.floor {
            self.breaks(Law::Stale);
        }
        self.shown = self.shown.max(answer.index);
        let Some((key, seq)) = answer.key else { return false };
        let before = self.answers.insert(key, seq);
        if before.is_some_and(|before| before != seq) {
            self.breaks(Law::Doubled);
        }
        before.is_some()
    }
    /// U1: what was told before counts for nothing.
    pub(crate) fn begin_anew(&mut self, era: u64) {
        *self = Told { broken: self.broken, era, ..Told::default() };
    }
}
