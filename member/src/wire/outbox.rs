//! What waits to be written to one connection: filled by whoever has something to say, emptied by the connection's writer in one
//! write. Bounded: a reader that is too slow is cut off, and nobody ever waits for it.
use super::frame;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Nothing more goes in; what is in still goes out.
    closed: bool,
    /// Nothing more goes out either.
    cut: bool,
}

/// The write queue of a connection.
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    ready: Notify,
    max_bytes: usize,
}

impl Outbox {
    pub(crate) fn new(max_bytes: usize) -> Outbox {
        Outbox { waiting: Mutex::default(), ready: Notify::new(), max_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Encoding cannot leave the buffer half written: a poisoned lock means a bug elsewhere, and the bytes are whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut waiting = self.lock();
        if waiting.closed || waiting.cut {
            return;
        }
        let first = waiting.bytes.is_empty();
        write(&mut waiting.bytes);
        if waiting.bytes.len() > self.max_bytes {
            waiting.cut = true;
            waiting.bytes = Vec::new();
        }
        drop(waiting);
        if first {
            self.ready.notify_one();
        }
    }

    /// Adds a frame. Silently nothing if the connection has ended: its end is told elsewhere.
    pub(crate) fn push<T: Serialize>(&self, value: &T) {
        self.add(|bytes| frame::encode(bytes, value));
    }

    /// Adds the frame of a request that was written before.
    pub(crate) fn push_numbered(&self, number: u64, request: &[u8]) {
        self.add(|bytes| frame::encode_numbered(bytes, number, request));
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().bytes.len()
    }

    /// Nothing more goes in; the writer ends when all is out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_one();
    }

    /// The connection ends at once.
    pub(crate) fn cut(&self) {
        self.lock().cut = true;
        self.ready.notify_one();
    }

    /// Whether nothing waits and the connection has not ended.
    pub(crate) fn is_quiet(&self) -> bool {
        let waiting = self.lock();
        waiting.bytes.is_empty() && !waiting.cut && !waiting.closed
    }

    /// Everything that waits, without waiting for it; `None`: the connection has ended.
    pub(crate) fn take_now(&self) -> Option<Vec<u8>> {
        let mut waiting = self.lock();
        let ended = waiting.cut || (waiting.closed && waiting.bytes.is_empty());
        (!ended).then(|| std::mem::take(&mut waiting.bytes))
    }

    /// For the writer: everything that waits, in exchange for an empty buffer. `None`: stop.
    pub(crate) async fn take(&self, mut empty: Vec<u8>) -> Option<Vec<u8>> {
        empty.clear();
        loop {
            {
                let mut waiting = self.lock();
                if waiting.cut {
                    return None;
                }
                if !waiting.bytes.is_empty() {
                    return Some(std::mem::replace(&mut waiting.bytes, empty));
                }
                if waiting.closed {
                    return None;
                }
            }
            self.ready.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everything_that_waits_is_taken_at_once_and_a_closed_box_is_emptied_first() {
        let outbox = Outbox::new(100);
        outbox.push(&1u8);
        outbox.push(&2u8);
        outbox.close();
        outbox.push(&3u8);
        assert_eq!(outbox.take(Vec::new()).await, Some(vec![1, 0, 0, 0, 1, 1, 0, 0, 0, 2]));
        assert_eq!(outbox.take(Vec::new()).await, None);
    }

    #[tokio::test]
    async fn a_reader_that_is_too_slow_is_cut_off() {
        let outbox = Outbox::new(100);
        for _ in 0..50 {
            outbox.push(&1u8);
        }
        assert_eq!(outbox.take(Vec::new()).await, None);
    }
}
