//! The machine of these tests: a set of numbers, each taken once. A command is a number; a question is answered with how many there are.
use bytes::Bytes;
use group::{Seq, Wall};
use member::{Executed, LoadError, Machine, Slice};
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Ledger {
    numbers: BTreeMap<u64, Seq>,
}

const PADDING: usize = 200;

impl Machine for Ledger {
    fn execute(&self, _: Wall, command: &[u8]) -> Executed {
        let Ok(number) = command.try_into().map(u64::from_le_bytes) else {
            return Executed::Unchanged { reply: Bytes::from_static(b"not a number") };
        };
        if self.numbers.contains_key(&number) {
            return Executed::Unchanged { reply: Bytes::from_static(b"again") };
        }
        let mut delta = command.to_vec();
        delta.resize(8 + PADDING, 0);
        Executed::Changed { delta: delta.into(), reply: Bytes::from_static(b"taken") }
    }
    fn apply(&mut self, _: Wall, seq: Seq, delta: &[u8]) {
        let number = number(delta);
        self.numbers.entry(number).or_insert(seq);
    }
    fn query(&self, _: Wall, _: &[u8]) -> Bytes {
        Bytes::copy_from_slice(&(self.numbers.len() as u64).to_le_bytes())
    }
    fn blank(&self) -> Ledger {
        Ledger::default()
    }
    fn slice(&self, from: Option<&[u8]>, budget: usize) -> Slice {
        let first = from.map_or(0, number);
        let mut bytes = Vec::new();
        let mut next = None;
        for (number, seq) in self.numbers.range(first..) {
            if bytes.len() >= budget {
                next = Some(Bytes::copy_from_slice(&number.to_le_bytes()));
                break;
            }
            bytes.extend_from_slice(&number.to_le_bytes());
            bytes.extend_from_slice(&seq.to_le_bytes());
        }
        Slice { bytes: bytes.into(), next }
    }
    fn load(&mut self, slice: &[u8]) -> Result<(), LoadError> {
        for pair in slice.chunks(16) {
            if pair.len() != 16 {
                return Err(LoadError { what: "half a pair".into() });
            }
            self.numbers.insert(number(pair), number(&pair[8..]));
        }
        Ok(())
    }
    fn digest(&self) -> u64 {
        self.numbers.iter().fold(0, |sum, (number, seq)| sum ^ number.wrapping_mul(31).wrapping_add(*seq))
    }
}

pub(crate) fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))
}
