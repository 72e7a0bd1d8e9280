//! The log alone on a simulated disk: every single flipped bit, leftovers of earlier uses, and whatever is written is read again.
use super::batch::Draft;
use super::header::{Salt, Spot};
use super::segment::{name, prepare};
use super::*;
use crate::disk::simulated::SimulatedDisk;
use crate::disk::{Aligned, BLOCK, Disk, SECTOR};
use crate::store::error::{Place, StorageError};
use crate::superblock::LogStart;
use bytes::Bytes;
use group::{Body, BootId, Entry, Epoch, Position, Seq, StorageId};
use proptest::prelude::*;
use std::sync::Arc;

struct Made(Arc<SimulatedDisk>, Option<Segment>);
impl Supply for Made {
    fn order(&mut self, number: u32, bytes: u32, old: Option<u32>) -> Result<(), StorageError> {
        self.1 = Some(prepare(&*self.0, &place(), number, bytes, old, || ())?);
        Ok(())
    }
    fn take(&mut self) -> Result<Segment, StorageError> {
        Ok(self.1.take().unwrap())
    }
    fn is_ready(&mut self) -> bool {
        self.1.is_some()
    }
}

fn place() -> Place {
    Place::new("here")
}
fn whose(segment_bytes: u32) -> Whose {
    let start = LogStart { segment: 1, batch: 1 };
    Whose { storage: StorageId(0xD15C), boot: BootId(0xB007), segment_bytes, start, base: 0 }
}
fn blank(segment_bytes: u32) -> Arc<SimulatedDisk> {
    let disk = Arc::new(SimulatedDisk::new());
    for number in [1, 2] {
        prepare(&*disk, &place(), number, segment_bytes, None, || ()).unwrap();
    }
    disk
}
fn read(disk: &SimulatedDisk, whose: Whose) -> Replay {
    replay(disk, &place(), whose).unwrap()
}
fn resume(disk: &Arc<SimulatedDisk>, whose: Whose) -> Log {
    let found = read(disk, whose);
    assert_eq!(found.unsound, None);
    let tail = found.entries.back().map_or(0, |entry| entry.seq);
    Log::resume(found, tail, whose, place(), Box::new(Made(disk.clone(), None))).unwrap()
}
fn entries(mut at: Position, epoch: u64, sizes: &[usize]) -> Vec<Entry> {
    let next = |bytes: &usize| {
        let body = Body::App(Bytes::from(vec![0xE0 | (at.seq % 16) as u8; *bytes]));
        let entry = Entry { epoch: Epoch::new(0, epoch), seq: at.seq + 1, prev_hash: at.hash, at: at.seq, body };
        at = entry.position();
        entry
    };
    sizes.iter().map(next).collect()
}
fn end(entries: &[Entry]) -> Position {
    entries.last().map_or(Position::default(), Entry::position)
}
fn put(log: &mut Log, cut: Option<Seq>, entries: &[Entry]) {
    log.push(&Write { write: 1, cut, entries: entries.to_vec(), commit: 0 }).unwrap();
    log.flush().unwrap();
}

#[test]
fn every_single_flipped_bit_leaves_all_that_was_acknowledged_or_is_refused() {
    // Two batches of one block fill a segment, one of two blocks fills the next, and the last one leaves a block free.
    let whose = whose(2 * BLOCK as u32);
    let disk = blank(whose.segment_bytes);
    let mut log = resume(&disk, whose);
    let all = entries(Position::default(), 1, &[30, 40, 3_000, 3_000, 10, 20]);
    for (from, upto) in [(0, 1), (1, 2), (2, 4), (4, 6)] {
        put(&mut log, None, &all[from..upto]);
    }
    let (mut kept, mut refused) = (0, 0);
    for segment in 1..=4 {
        for byte in 0..whose.segment_bytes as usize {
            for bit in 0..8 {
                disk.flip(&name(segment), byte, bit);
                let found = read(&disk, whose);
                let whole = found.entries == all;
                assert!(
                    whole || found.unsound.is_some(),
                    "bit {bit} of byte {byte} of segment {segment}: silently shorter"
                );
                assert!(found.entries.iter().zip(&all).all(|(a, b)| a == b), "what is told is right");
                if found.unsound.is_some() {
                    refused += 1
                } else {
                    kept += 1
                }
                // What lies in free space was zeroed; anything else is still there.
                if disk.contents(&name(segment))[byte] & (1 << bit) != 0
                    || segment < 3
                    || (segment == 3 && byte < BLOCK)
                {
                    disk.flip(&name(segment), byte, bit);
                }
            }
        }
    }
    assert!(kept > 0 && refused > 100_000, "{kept} kept, {refused} refused");
    assert_eq!(read(&disk, whose).entries, all);
}

#[test]
fn a_batch_is_torn_if_a_sector_is_missing_and_corrupt_if_all_were_written() {
    let whose = whose(8 * BLOCK as u32);
    let first = entries(Position::default(), 1, &[100]);
    let second = entries(end(&first), 1, &[2_000, 2_000, 2_000]);
    let written = || {
        let disk = blank(whose.segment_bytes);
        let mut log = resume(&disk, whose);
        put(&mut log, None, &first);
        put(&mut log, None, &second);
        disk
    };
    let file = |disk: &SimulatedDisk| disk.open(&name(1)).unwrap();
    for sector in 8..24 {
        let disk = written();
        file(&disk).write((sector * SECTOR) as u64, &[0; SECTOR]).unwrap();
        let found = read(&disk, whose);
        assert_eq!((found.unsound, found.entries), (None, first.clone().into()), "sector {sector} is missing");
        assert!(disk.contents(&name(1))[BLOCK..].iter().all(|byte| *byte == 0), "its space is as new");

        let disk = written();
        file(&disk).write((sector * SECTOR) as u64 + 100, &[1; 300]).unwrap();
        let found = read(&disk, whose);
        assert!(found.unsound.is_some() && found.entries == first, "sector {sector} is damaged");
        let disk = written();
        file(&disk).write((sector * SECTOR) as u64, &[1; 512]).unwrap();
        assert!(read(&disk, whose).unsound.is_some(), "sector {sector} is another one");
    }
}

#[test]
fn a_bad_batch_before_a_good_one_is_corrupt_even_if_it_looks_torn() {
    let whose = whose(8 * BLOCK as u32);
    let disk = blank(whose.segment_bytes);
    let mut log = resume(&disk, whose);
    let all = entries(Position::default(), 1, &[100, 100, 100]);
    for entry in &all {
        put(&mut log, None, std::slice::from_ref(entry));
    }
    disk.open(&name(1)).unwrap().write(BLOCK as u64, &[0; BLOCK]).unwrap();
    let found = read(&disk, whose);
    assert!(found.unsound.is_some_and(|why| why.contains("batch 3 lies behind it")));
    assert_eq!(Vec::from(found.entries), all[..1]);
}

#[test]
fn batches_of_another_disk_or_of_another_place_never_count() {
    let mine = whose(4 * BLOCK as u32);
    let disk = blank(mine.segment_bytes);
    let all = entries(Position::default(), 1, &[100, 100]);
    let mut log = resume(&disk, mine);
    put(&mut log, None, &all);
    let theirs = Whose { storage: StorageId(0xA11E), ..mine };
    assert!(read(&disk, theirs).unsound.is_some() && read(&disk, theirs).entries.is_empty());
    // A copy of the first block in the second is neither the batch wanted there nor the proof of a later one.
    let copy = disk.contents(&name(1))[..BLOCK].to_vec();
    disk.open(&name(1)).unwrap().write(BLOCK as u64, &copy).unwrap();
    let found = read(&disk, mine);
    assert!(found.unsound.is_some() && found.entries == all);
}

#[test]
fn a_batch_that_drops_what_an_earlier_one_calls_committed_is_corrupt() {
    let whose = whose(4 * BLOCK as u32);
    let disk = blank(whose.segment_bytes);
    let mut log = resume(&disk, whose);
    let all = entries(Position::default(), 1, &[10; 5]);
    log.push(&Write { write: 1, cut: None, entries: all.clone(), commit: 3 }).unwrap();
    log.flush().unwrap();
    let lay = |first: usize| {
        let mut draft = Draft { cuts: true, ..Draft::default() };
        draft.push(&entries(end(&all[..first - 1]), 2, &[10])[0]);
        let mut blocks = Aligned::zeroed(BLOCK);
        draft.lay(Salt::new(whose.storage, whose.boot), Spot { segment: 1, block: 1 }, 2, &mut blocks);
        disk.open(&name(1)).unwrap().write_through(BLOCK as u64, &blocks).unwrap();
        read(&disk, whose)
    };
    assert!(lay(3).unsound.is_some_and(|why| why.contains("committed (P4)")));
    let found = lay(4);
    assert_eq!((found.unsound, found.entries.len(), found.commit), (None, 4, 3));
}

#[test]
fn what_a_segment_held_before_it_was_used_again_never_comes_back() {
    let whose = whose(2 * BLOCK as u32);
    let disk = blank(whose.segment_bytes);
    let mut log = resume(&disk, whose);
    let all = entries(Position::default(), 1, &[3_000; 40]);
    let mut start = whose.start;
    for (index, entry) in all.iter().enumerate() {
        put(&mut log, None, std::slice::from_ref(entry));
        if let Some(later) = log.start_after(index as u64 / 2) {
            start = later;
            log.began_at(start);
        }
        let found = read(&disk, Whose { start, ..whose });
        assert_eq!(found.unsound, None);
        assert_eq!(found.entries.back(), Some(entry), "not more, not less");
        assert!(found.entries.len() <= index / 2 + 4, "{} entries kept of {index}", found.entries.len());
    }
    assert!(disk.names().unwrap().len() < 20, "files are used again");
}

#[derive(Clone, Debug)]
struct Step {
    sizes: Vec<usize>,
    cut: Option<prop::sample::Index>,
    together: bool,
    restart: bool,
}
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sizes = proptest::collection::vec(prop_oneof![0..300usize, 0..8_000usize], 1..6);
    let cut = proptest::option::weighted(0.3, any::<prop::sample::Index>());
    let step = (sizes, cut, any::<bool>(), proptest::bool::weighted(0.2));
    let step = step.prop_map(|(sizes, cut, together, restart)| Step { sizes, cut, together, restart });
    proptest::collection::vec(step, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn what_is_written_is_read_again(steps in steps(), blocks in 4..8u32) {
        let whose = whose(blocks * BLOCK as u32);
        let disk = blank(whose.segment_bytes);
        let mut log = resume(&disk, whose);
        let mut expected: Vec<Entry> = vec![];
        for (epoch, Step { sizes, cut, together, restart }) in steps.into_iter().enumerate() {
            let cut = cut.map(|cut| cut.index(expected.len() + 1));
            expected.truncate(cut.unwrap_or(usize::MAX));
            let new = entries(end(&expected), epoch as u64, &sizes);
            let cut = cut.map(|cut| cut as Seq);
            log.push(&Write { write: 1, cut, entries: new.clone(), commit: 0 }).unwrap();
            expected.extend(new);
            if !together {
                log.flush().unwrap();
            }
            if restart {
                log.flush().unwrap();
                log = resume(&disk, whose);
            }
        }
        log.flush().unwrap();
        let found = read(&disk, whose);
        prop_assert_eq!(found.unsound, None);
        prop_assert_eq!(Vec::from(found.entries), expected);
    }
}
