//! A machine that does what it is told: a command says how long its delta and its reply are to be, a question how long its answer.
use bytes::Bytes;
use group::{Seq, Wall};
use member::{Executed, LoadError, Machine, Slice};

/// A delta of this length begins an alarm: from then on so many commands are due at any time.
pub(crate) const ALARM: usize = 13;

#[derive(Default)]
pub(crate) struct Obliging {
    /// How long all its deltas are together; its state is as long.
    length: usize,
    alarm: bool,
    /// The log time of the last delta.
    pub(crate) at: Wall,
}

/// Without a delta nothing is changed.
pub(crate) fn command(delta: usize, reply: usize) -> Bytes {
    [lengths(delta), lengths(reply)].concat().into()
}
pub(crate) fn question(reply: usize) -> Bytes {
    lengths(reply).to_vec().into()
}
fn lengths(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap().to_le_bytes()
}
fn zeros(length: &[u8]) -> Bytes {
    vec![0; u32::from_le_bytes(length[..4].try_into().unwrap()) as usize].into()
}

impl Machine for Obliging {
    fn execute(&self, _: Wall, command: &[u8]) -> Executed {
        let (delta, reply) = (zeros(command), zeros(&command[4..]));
        if delta.is_empty() { Executed::Unchanged { reply } } else { Executed::Changed { delta, reply } }
    }
    fn apply(&mut self, at: Wall, _: Seq, delta: &[u8]) {
        self.at = at;
        self.length += delta.len();
        self.alarm |= delta.len() == ALARM;
    }
    fn query(&self, _: Wall, question: &[u8]) -> Bytes {
        zeros(question)
    }
    fn due(&self, _: Wall, max: usize) -> Vec<Bytes> {
        if self.alarm { vec![command(8, 0); max] } else { vec![] }
    }
    /// A delta as long as the outage, in seconds.
    fn resumed(&self, _: Wall, outage_ms: u64) -> Option<Bytes> {
        Some(command(usize::try_from(outage_ms / 1_000).unwrap(), 0))
    }
    fn blank(&self) -> Obliging {
        Obliging::default()
    }
    fn slice(&self, from: Option<&[u8]>, budget: usize) -> Slice {
        let from = from.map_or(0, |from| usize::from_le_bytes(from.try_into().unwrap()));
        let end = self.length.min(from + budget);
        let next = (end < self.length).then(|| end.to_le_bytes().to_vec().into());
        Slice { bytes: vec![0; end - from].into(), next }
    }
    fn load(&mut self, slice: &[u8]) -> Result<(), LoadError> {
        self.length += slice.len();
        Ok(())
    }
    fn digest(&self) -> u64 {
        self.length as u64
    }
}
