//! What a simulated file holds, in the cache and on the device, and what of it survives. Knows sectors, not names.
use crate::disk::SECTOR;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

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

/// What a file holds: as a process sees it, on the device, and in which sectors the two differ. Copies share their bytes until one is
/// written.
#[derive(Clone, Default)]
pub(super) struct Contents {
    cached: Arc<Vec<u8>>,
    /// None: the same as in the cache.
    durable: Option<Vec<u8>>,
    /// Sectors that will be written back, sooner or later.
    dirty: BTreeSet<usize>,
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
    /// Its bytes, as a process reads them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.cached
    }
    /// How many sectors were written and are not durable.
    pub(super) fn unsynced(&self) -> usize {
        self.dirty.len()
    }
    /// What is left after a power cut, if `keep` says of each sector that was not synced whether it is.
    pub(super) fn survive(&self, mut keep: impl FnMut() -> bool) -> Contents {
        let Some(durable) = &self.durable else { return self.clone() };
        let mut durable = durable.clone();
        for sector in &self.dirty {
            if keep() {
                self.land(*sector, &mut durable);
            }
        }
        Contents { cached: Arc::new(durable), durable: None, dirty: BTreeSet::new() }
    }
    /// Copies one sector from the cache to the device.
    fn land(&self, sector: usize, durable: &mut Vec<u8>) {
        let start = sector * SECTOR;
        let end = (start + SECTOR).min(self.cached.len());
        put(durable, start, &self.cached[start..end]);
    }
    /// Writes to the cache.
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        self.durable.get_or_insert_with(|| self.cached.to_vec());
        put(Arc::make_mut(&mut self.cached), at, bytes);
        self.dirty.extend(sectors(at, bytes.len()));
    }
    /// Writes to cache and device, and nothing else to the device.
    pub(super) fn write_through(&mut self, at: usize, bytes: &[u8]) {
        put(Arc::make_mut(&mut self.cached), at, bytes);
        if let Some(durable) = &mut self.durable {
            put(durable, at, bytes);
            self.forget(at, bytes.len());
        }
    }
    /// Linux after a failed sync: the cache has these bytes, the device has not, and nobody will write them any more.
    pub(super) fn forget(&mut self, at: usize, length: usize) {
        for sector in sectors(at, length) {
            self.dirty.remove(&sector);
        }
    }
    /// The same for all of the file.
    pub(super) fn forget_all(&mut self) {
        self.dirty.clear();
    }
    pub(super) fn sync(&mut self) {
        let Some(mut durable) = self.durable.take() else { return };
        for sector in std::mem::take(&mut self.dirty) {
            self.land(sector, &mut durable);
        }
        // What an earlier failure forgot is still not there.
        self.durable = (durable != *self.cached).then_some(durable);
    }
    /// Reads, `direct` past the cache: what the device holds, once dirty pages were written back for the reader. `None`: it is not
    /// that long.
    pub(super) fn read(&self, at: usize, into: &mut [u8], direct: bool) -> Option<()> {
        let end = at + into.len();
        let device = self.durable.as_ref().filter(|_| direct).map(|durable| {
            let mut device = durable.clone();
            self.dirty.iter().for_each(|sector| self.land(*sector, &mut device));
            device
        });
        into.copy_from_slice(device.as_ref().unwrap_or(&self.cached).get(at..end)?);
        Some(())
    }
    /// Inverts one bit, wherever it is held.
    pub(super) fn flip(&mut self, byte: usize, bit: u8) {
        self.everywhere(|bytes| bytes[byte] ^= 1 << bit);
    }
    pub(super) fn resize(&mut self, length: usize) {
        self.everywhere(|bytes| bytes.resize(length, 0));
    }
    fn everywhere(&mut self, change: impl Fn(&mut Vec<u8>)) {
        change(Arc::make_mut(&mut self.cached));
        self.durable.iter_mut().for_each(change);
    }
}

fn sectors(at: usize, length: usize) -> Range<usize> {
    at / SECTOR..(at + length).div_ceil(SECTOR)
}

/// Writes where it belongs; what is missing before it becomes zeros.
fn put(target: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if target.len() < end {
        target.resize(end, 0);
    }
    target[at..end].copy_from_slice(bytes);
}
