//! The superblock: the few facts that a disk must never forget, kept in two copies. Knows bytes and checksums, not when to save.
//!
//! ```text
//! file `superblock`: copy 0 at 0, copy 1 at 64 KiB, each
//!   0  8  magic "JHMEMBER"
//!   8  4  format                 little-endian, as all numbers
//!  12  4  length of the body
//!  16  8  sequence number
//!  24  4  crc32c of bytes 0..24 and the body
//!  28  …  body: postcard of `Facts`
//! ```
//!
//! **Both copies are written at every save, one after the other, each synced before the next begins.** A crash can spoil only
//! the copy that is being written, and the other one holds either the same facts or those before, which are the right ones,
//! because a save is acknowledged after its second copy. Damage to one copy later leaves the other with the same facts.
//! Writing the copies in turn, one a save, would survive the crash but not the damage: the disk would fall back to the
//! promise before its last one (W2).
use crate::disk::{Aligned, BLOCK, Disk, File};
use crate::limits::SUPERBLOCK_BYTES;
use crate::snapshot::SnapshotId;
use crate::store::error::{Place, StorageError};
use group::{Epoch, GroupId, StorageId, View};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;

/// The file's name.
pub(crate) const NAME: &str = "superblock";
/// The first superblock, until it is whole.
pub(crate) const NEW: &str = "superblock.new";
const MAGIC: &[u8; 8] = b"JHMEMBER";
/// The format of directory, log and snapshots that this build writes.
pub(crate) const FORMAT: u32 = 1;
const HEADER: usize = 28;
const COPIES: usize = 2;

/// What a disk must never forget.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Drawn at random when the disk was formatted.
    pub storage: StorageId,
    /// The size of every segment of the log, in bytes.
    pub segment_bytes: u32,
    /// The group; none while the disk is blank.
    pub group: Option<GroupId>,
    /// The epoch promised (W2); never falls.
    pub promised: Epoch,
    /// The newest view seen (V3).
    pub view: Option<View>,
    /// The newest snapshot.
    pub snapshot: Option<SnapshotId>,
    /// The one before, from whose end on the log is kept.
    pub previous: Option<SnapshotId>,
    /// Where the log begins.
    pub log: LogStart,
    /// This disk is to be formatted anew (P5, U1): whatever else it holds counts for nothing.
    pub reset: bool,
}

/// Where the log begins: everything in lower segments is done with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogStart {
    /// The first segment.
    pub segment: u32,
    /// The sequence number of its first batch.
    pub batch: u64,
}

impl Facts {
    /// The facts of a disk that holds nothing.
    pub fn blank(storage: StorageId, segment_bytes: u32) -> Facts {
        Facts {
            storage,
            segment_bytes,
            group: None,
            promised: Epoch::default(),
            view: None,
            snapshot: None,
            previous: None,
            log: LogStart { segment: 1, batch: 1 },
            reset: false,
        }
    }
}

/// The superblock's file and what it holds.
pub(crate) struct Superblock {
    file: Arc<dyn File>,
    sequence: u64,
    facts: Facts,
    place: Place,
}

/// What was found in one copy.
enum Copy {
    Good { sequence: u64, facts: Box<Facts> },
    Newer(u32),
    Bad(&'static str),
}

impl Superblock {
    /// Puts the first superblock on a disk. Until its name is durable the disk counts as blank.
    pub(crate) fn create(disk: &dyn Disk, facts: Facts, place: &Place) -> Result<Superblock, StorageError> {
        let fails = |source| place.error("create the superblock", source);
        let file = disk.create(NEW).map_err(fails)?;
        let mut superblock = Superblock { file, sequence: 0, facts: facts.clone(), place: place.clone() };
        superblock.save(facts)?;
        superblock.file.sync().map_err(fails)?;
        disk.rename(NEW, NAME).map_err(fails)?;
        disk.sync_names().map_err(fails)?;
        Ok(superblock)
    }

    /// Reads the superblock and writes it again, so that what it says is on the disk and in both copies.
    /// `None`: there is none.
    pub(crate) fn open(disk: &dyn Disk, place: &Place) -> Result<Option<Superblock>, StorageError> {
        let fails = |source| place.error("read the superblock", source);
        let file = match disk.open(NAME) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fails(error)),
        };
        file.sync().map_err(fails)?;
        let (sequence, facts) = choose(read_copies(&*file).map_err(fails)?, place)?;
        let mut superblock = Superblock { file, sequence, facts: facts.clone(), place: place.clone() };
        superblock.save(facts)?;
        Ok(Some(superblock))
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Replaces the facts; they are durable when this returns.
    pub(crate) fn save(&mut self, facts: Facts) -> Result<(), StorageError> {
        self.sequence += 1;
        let copy = encode(self.sequence, &facts);
        for slot in 0..COPIES {
            let at = (slot * SUPERBLOCK_BYTES) as u64;
            self.file.write_through(at, &copy).map_err(|source| self.place.error("write the superblock", source))?;
        }
        self.facts = facts;
        Ok(())
    }
}

fn encode(sequence: u64, facts: &Facts) -> Aligned {
    let body = postcard::to_stdvec(facts).expect("facts are plain data");
    assert!(HEADER + body.len() <= SUPERBLOCK_BYTES, "a view of a handful of pods fits");
    let mut copy = Aligned::zeroed(HEADER + body.len());
    copy[..8].copy_from_slice(MAGIC);
    copy[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    copy[12..16].copy_from_slice(&u32::try_from(body.len()).expect("bounded above").to_le_bytes());
    copy[16..24].copy_from_slice(&sequence.to_le_bytes());
    copy[HEADER..HEADER + body.len()].copy_from_slice(&body);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&copy[..24]), &body);
    copy[24..28].copy_from_slice(&crc.to_le_bytes());
    copy
}

fn read_copies(file: &dyn File) -> io::Result<Vec<Copy>> {
    let length = usize::try_from(file.length()?).unwrap_or(usize::MAX);
    let mut copies = vec![];
    for slot in 0..COPIES {
        let at = slot * SUPERBLOCK_BYTES;
        // A copy ends with its last block, so the second one may be shorter than its place.
        let found = length.saturating_sub(at).min(SUPERBLOCK_BYTES) / BLOCK * BLOCK;
        let mut bytes = Aligned::zeroed(found);
        file.read(at as u64, &mut bytes)?;
        copies.push(decode(&bytes));
    }
    Ok(copies)
}

fn decode(copy: &[u8]) -> Copy {
    let word = |at: usize| u32::from_le_bytes(copy[at..at + 4].try_into().expect("four bytes"));
    if copy.len() < HEADER {
        return Copy::Bad("it is too short");
    }
    if copy[..8] != *MAGIC {
        return Copy::Bad("it does not begin like a superblock");
    }
    let Some(body) = copy.get(HEADER..HEADER + word(12) as usize) else { return Copy::Bad("its length is impossible") };
    if crc32c::crc32c_append(crc32c::crc32c(&copy[..24]), body) != word(24) {
        return Copy::Bad("its checksum does not fit");
    }
    if word(8) != FORMAT {
        return Copy::Newer(word(8));
    }
    let sequence = u64::from_le_bytes(copy[16..24].try_into().expect("eight bytes"));
    postcard::from_bytes(body)
        .map_or(Copy::Bad("its body cannot be read"), |facts| Copy::Good { sequence, facts: Box::new(facts) })
}

fn choose(copies: Vec<Copy>, place: &Place) -> Result<(u64, Facts), StorageError> {
    let mut best: Option<(u64, Facts)> = None;
    let mut found = vec![];
    for copy in copies {
        match copy {
            Copy::Good { sequence, facts } if best.as_ref().is_none_or(|(held, _)| sequence > *held) => {
                best = Some((sequence, *facts));
            }
            Copy::Good { .. } => {}
            Copy::Newer(found) => return Err(StorageError::Newer { dir: place.name(), found, known: FORMAT }),
            Copy::Bad(why) => found.push(why),
        }
    }
    best.ok_or_else(|| StorageError::Damaged { dir: place.name(), found: found.join("; ") })
}
