//! The replica's own order book, with two things changed: the secret of a new book is the same in every run, because nothing may be left to
//! luck that is not the seed's; and slices of snapshots are small, so that orders are placed between the first and the last of one.
use api::record;
use bytes::Bytes;
use group::{Seq, Wall};
use member::{Executed, LoadError, Machine, Slice};
use order::OrderId;
use order::order::Order;
use order::state::State;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// Records in one slice.
const SLICE_RECORDS: usize = 40;

/// The order book, replicated.
#[derive(Debug)]
pub struct Orders {
    book: replica::Orders,
    /// Hashes of orders as they were when books were compared last: most have not changed since, and hashing them is dear.
    hashes: RefCell<HashMap<OrderId, (Arc<Order>, u64)>>,
}

impl Orders {
    /// An empty book.
    pub(crate) fn new() -> Orders {
        Orders { book: replica::Orders::with_luck(|| [7; 32]), hashes: RefCell::default() }
    }
    /// The book itself.
    pub(crate) fn state(&self) -> &State {
        self.book.state()
    }
}

impl Machine for Orders {
    fn blank(&self) -> Orders {
        Orders { book: self.book.blank(), hashes: RefCell::default() }
    }
    fn execute(&self, at: Wall, command: &[u8]) -> Executed {
        self.book.execute(at, command)
    }
    fn apply(&mut self, at: Wall, seq: Seq, delta: &[u8]) {
        self.book.apply(at, seq, delta);
    }
    fn query(&self, at: Wall, request: &[u8]) -> Bytes {
        self.book.query(at, request)
    }
    fn due(&self, at: Wall, max: usize) -> Vec<Bytes> {
        self.book.due(at, max)
    }
    fn resumed(&self, at: Wall, outage_ms: u64) -> Option<Bytes> {
        self.book.resumed(at, outage_ms)
    }
    fn slice(&self, from: Option<&[u8]>, budget: usize) -> Slice {
        self.book.slice(from, budget.min(SLICE_RECORDS * record::RECORD_BYTES))
    }
    fn load(&mut self, slice: &[u8]) -> Result<(), LoadError> {
        self.book.load(slice)
    }
    fn digest(&self) -> u64 {
        let mut hashes = self.hashes.borrow_mut();
        let digest = self.book.state().digest_by(|order| match hashes.get(&order.id) {
            Some((known, hash)) if Arc::ptr_eq(known, order) => *hash,
            _ => {
                let hash = order.digest();
                hashes.insert(order.id, (order.clone(), hash));
                hash
            }
        });
        (digest >> 64) as u64 ^ digest as u64
    }
}
