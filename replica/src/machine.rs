//! The order book as the group's machine: bytes to commands, deltas and answers, and back. Decides nothing: `order` does.
use api::cluster::{self, book};
use api::record;
use bytes::Bytes;
use group::{Seq, Wall};
use member::{Executed, LoadError, Machine, Slice};
use order::command::{Action, Command};
use order::delta::RecordKey;
use order::state::State;

/// The order book, replicated.
#[derive(Debug)]
pub struct Orders {
    state: State,
    /// Where the secret of a new book's quotes comes from.
    random: fn() -> [u8; 32],
}

impl Orders {
    /// An empty book.
    pub fn new() -> Orders {
        Orders::with_luck(random)
    }
    /// An empty book whose secret, should it be the first to need one, comes from here: for runs that are repeated exactly.
    pub fn with_luck(random: fn() -> [u8; 32]) -> Orders {
        Orders { state: State::default(), random }
    }
    /// The book itself.
    pub fn state(&self) -> &State {
        &self.state
    }
}

impl Default for Orders {
    fn default() -> Orders {
        Orders::new()
    }
}

impl Machine for Orders {
    fn blank(&self) -> Orders {
        Orders::with_luck(self.random)
    }

    fn execute(&self, at: Wall, command: &[u8]) -> Executed {
        let (delta, reply) = book::execute(&self.state, at, command);
        let reply = Bytes::from(reply);
        match delta {
            Some(delta) => Executed::Changed { delta: Bytes::from(record::delta_to_bytes(&delta)), reply },
            None => Executed::Unchanged { reply },
        }
    }

    fn apply(&mut self, _: Wall, seq: Seq, delta: &[u8]) {
        // A member that cannot read what the group has committed must not go on: its copy would be another one.
        let delta = record::delta_from_bytes(delta).unwrap_or_else(|garbled| panic!("apply entry {seq}: {garbled}"));
        self.state.apply(&delta);
    }

    fn query(&self, at: Wall, request: &[u8]) -> Bytes {
        Bytes::from(book::answer(&self.state, at, request))
    }

    fn due(&self, at: Wall, max: usize) -> Vec<Bytes> {
        // Whoever leads a new book first draws the secret of its quotes; from then on it is a record like any other.
        let birth = self.state.needs_secret().then(|| Command::begin((self.random)()));
        let due = birth.into_iter().chain(self.state.due(at, max)).take(max);
        due.map(|command| Bytes::from(cluster::command_to_bytes(&command))).collect()
    }

    fn resumed(&self, at: Wall, outage_ms: u64) -> Option<Bytes> {
        let outage = Action::Outage { from_ms: at.saturating_sub(outage_ms), to_ms: at };
        Some(Bytes::from(cluster::command_to_bytes(&Command::system(outage))))
    }

    fn slice(&self, from: Option<&[u8]>, budget: usize) -> Slice {
        let after: Option<RecordKey> =
            from.map(|place| record::place_from_bytes(place).expect("a place that this machine gave"));
        let (records, next) = self.state.slice(after.as_ref(), (budget / record::RECORD_BYTES).max(1));
        Slice {
            bytes: Bytes::from(record::slice_to_bytes(&records)),
            next: next.map(|next| Bytes::from(record::place_to_bytes(&next))),
        }
    }

    fn load(&mut self, slice: &[u8]) -> Result<(), LoadError> {
        let records = record::slice_from_bytes(slice).map_err(|garbled| LoadError { what: garbled.to_string() })?;
        records.into_iter().for_each(|record| self.state.load(record));
        Ok(())
    }

    fn digest(&self) -> u64 {
        let digest = self.state.digest();
        (digest >> 64) as u64 ^ digest as u64
    }
}

/// 256 bits that nobody can guess.
fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes once it has started");
    bytes
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
