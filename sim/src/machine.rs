//! The replica's own order book, with two things changed: the secret of a new book is the same in every run, because nothing may be left to
//! luck that is not the seed's; and slices of snapshots are small, so that orders are placed between the first and the last of one.
use api::record;
use bytes::Bytes;
use group::{Seq, Wall};
use member::{Executed, LoadError, Machine, Slice};
use order::state::State;

/// Records in one slice.
const SLICE_RECORDS: usize = 40;

/// The order book, replicated.
#[derive(Debug)]
pub struct Orders(replica::Orders);

impl Orders {
    /// An empty book.
    pub(crate) fn new() -> Orders {
        Orders(replica::Orders::with_luck(|| [7; 32]))
    }
    /// The book itself.
    pub(crate) fn state(&self) -> &State {
        self.0.state()
    }
}

impl Machine for Orders {
    fn blank(&self) -> Orders {
        Orders(self.0.blank())
    }
    fn execute(&self, at: Wall, command: &[u8]) -> Executed {
        self.0.execute(at, command)
    }
    fn apply(&mut self, at: Wall, seq: Seq, delta: &[u8]) {
        self.0.apply(at, seq, delta);
    }
    fn query(&self, at: Wall, request: &[u8]) -> Bytes {
        self.0.query(at, request)
    }
    fn due(&self, at: Wall, max: usize) -> Vec<Bytes> {
        self.0.due(at, max)
    }
    fn resumed(&self, at: Wall, outage_ms: u64) -> Option<Bytes> {
        self.0.resumed(at, outage_ms)
    }
    fn slice(&self, from: Option<&[u8]>, budget: usize) -> Slice {
        self.0.slice(from, budget.min(SLICE_RECORDS * record::RECORD_BYTES))
    }
    fn load(&mut self, slice: &[u8]) -> Result<(), LoadError> {
        self.0.load(slice)
    }
    fn digest(&self) -> u64 {
        self.0.digest()
    }
}
