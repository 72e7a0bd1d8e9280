//! What a simulated file holds, in the cache and on the device, and what of it survives. Knows sectors, not names.
use crate::disk::SECTOR;
use std::collections::BTreeSet;

/// What a power cut leaves of the sectors and names that were written and not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Luck {
    /// None of it.
    Nothing,
    /// All of it.
    Everything,
    /// Each sector by the throw of a coin with this seed; of the changes of names the first few.
    Seed(u64),
}

/// What a file holds: on the device, as a process sees it, and in which sectors the two differ.
#[derive(Clone, Default)]
pub(super) struct Contents {
    pub(super) durable: Vec<u8>,
    pub(super) cached: Vec<u8>,
    /// Sectors that will be written back, sooner or later.
    pub(super) dirty: BTreeSet<usize>,
}

/// The same seed throws the same sides.
pub(super) struct Coin(u64);

impl Coin {
    pub(super) fn new(luck: Luck) -> Coin {
        Coin(if let Luck::Seed(seed) = luck { seed } else { 0 })
    }
    pub(super) fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 31)
    }
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.throw() % bound as u64).expect("below a usize")
    }
}

impl Contents {
    /// What is left after a power cut, if `keep` says of each sector that was not synced whether it is.
    pub(super) fn survive(&self, mut keep: impl FnMut() -> bool) -> Contents {
        let mut durable = self.durable.clone();
        for sector in &self.dirty {
            if keep() {
                self.land(*sector, &mut durable);
            }
        }
        Contents { cached: durable.clone(), durable, dirty: BTreeSet::new() }
    }
    /// Copies one sector from the cache to the device.
    fn land(&self, sector: usize, durable: &mut Vec<u8>) {
        let start = sector * SECTOR;
        let end = (start + SECTOR).min(self.cached.len());
        if durable.len() < end {
            durable.resize(end, 0);
        }
        durable[start..end].copy_from_slice(&self.cached[start..end]);
    }
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[at..end].copy_from_slice(bytes);
        self.dirty.extend(at / SECTOR..end.div_ceil(SECTOR));
    }
    /// Makes these bytes durable and nothing else.
    pub(super) fn write_through(&mut self, at: usize, length: usize) {
        let mut durable = std::mem::take(&mut self.durable);
        for sector in at / SECTOR..(at + length).div_ceil(SECTOR) {
            self.land(sector, &mut durable);
            self.dirty.remove(&sector);
        }
        self.durable = durable;
    }
    /// Linux after a failed sync: the cache has these bytes, the device has not, and nobody will write them any more.
    pub(super) fn forget(&mut self, at: usize, length: usize) {
        for sector in at / SECTOR..(at + length).div_ceil(SECTOR) {
            self.dirty.remove(&sector);
        }
    }
    pub(super) fn sync(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            let mut durable = std::mem::take(&mut self.durable);
            self.land(sector, &mut durable);
            self.durable = durable;
        }
    }
    /// What the device holds, once dirty pages were written back for the reader.
    pub(super) fn device(&self) -> Vec<u8> {
        let mut device = self.durable.clone();
        for sector in &self.dirty {
            self.land(*sector, &mut device);
        }
        device
    }
}
