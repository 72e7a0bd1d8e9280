//! What a disk tells when a process starts: snapshot, log and superblock put together. Decides what can be relied on; loads nothing.
use super::error::{Place, StorageError};
use crate::disk::Disk;
use crate::log::{Replay, Whose, replay};
use crate::mistake::planted;
use crate::snapshot::{Ending, SnapshotFile, SnapshotId};
use crate::superblock::{Facts, Superblock};
use group::{Entry, Epoch, EpochStart, GroupId, Position, Reign, Seq, StorageId, View};
use std::collections::VecDeque;

/// What was found. All of it is on the disk.
pub struct Recovered {
    /// The identity of the disk.
    pub storage: StorageId,
    /// The group, unless the disk is blank.
    pub group: Option<GroupId>,
    /// The epoch promised (W2).
    pub promised: Epoch,
    /// The newest view seen (V3).
    pub view: Option<View>,
    /// What to load into the machine first, if there is anything.
    pub snapshot: Option<SnapshotFile>,
    /// Where it ends; the default if there is none.
    pub base: Position,
    /// The epoch-start table up to `base`.
    pub starts: Vec<EpochStart>,
    /// The last reigns up to `base`, oldest first.
    pub reigns: Vec<Reign>,
    /// The log format in force at `base` (F1); 1 if there is no snapshot.
    pub format: u16,
    /// The entries after `base`, chained.
    pub entries: Vec<Entry>,
    /// Bytes of the whole segments behind `base`, but for the one that is written.
    pub log_bytes: usize,
    /// The highest commit index found: everything up to here is certainly committed.
    pub commit: Seq,
    /// Why the disk cannot be trusted, if it cannot: more may have been acknowledged than is here. It takes no writes until
    /// a snapshot is installed or it is formatted anew.
    pub unhealthy: Option<String>,
}

impl Recovered {
    /// The end of the log.
    pub fn tail(&self) -> Position {
        self.entries.last().map_or(self.base, Entry::position)
    }
}

/// The log format of a log that says nothing of it.
const FIRST_FORMAT: u16 = 1;

pub(super) fn recover(
    disk: &dyn Disk,
    place: &Place,
    superblock: &mut Superblock,
    whose: Whose,
) -> Result<(Replay, Recovered), StorageError> {
    let (snapshot, ending, mut unhealthy) = newest_snapshot(disk, place, superblock)?;
    let mut replay = replay(disk, place, Whose { base: ending.at.seq, ..whose })?;
    let after = entries_after(ending.at, std::mem::take(&mut replay.entries));
    let entries = after.unwrap_or_else(|why| {
        unhealthy = unhealthy.take().or(replay.unsound.clone()).or(Some(why));
        vec![]
    });
    let entries = if planted(32) { entries.split_last().map_or(vec![], |(_, rest)| rest.to_vec()) } else { entries };
    let unhealthy = unhealthy.or(replay.unsound.clone());
    if let Some(why) = &unhealthy {
        tracing::error!(directory = place.name(), why, "the disk is not sound");
    }
    let Facts { storage, group, promised, view, .. } = superblock.facts().clone();
    let Ending { at: base, starts, reigns, format } = ending;
    let tail = entries.last().map_or(base.seq, |last| last.seq);
    let commit = replay.commit.max(base.seq).min(tail);
    let found = Recovered {
        log_bytes: replay.whole_segments_after(base.seq) * whose.segment_bytes as usize,
        storage,
        group,
        promised,
        view,
        snapshot,
        base,
        starts,
        reigns,
        format,
        entries,
        commit,
        unhealthy,
    };
    Ok((replay, found))
}

/// The newest snapshot that is undamaged. If it is not the newest one, it becomes that: the log reaches back to it.
fn newest_snapshot(
    disk: &dyn Disk,
    place: &Place,
    superblock: &mut Superblock,
) -> Result<(Option<SnapshotFile>, Ending, Option<String>), StorageError> {
    let nothing = Ending { format: FIRST_FORMAT, ..Ending::default() };
    let Facts { snapshot, previous, .. } = *superblock.facts();
    let Some(newest) = snapshot else { return Ok((None, nothing, None)) };
    let damage = match verified(disk, place, newest) {
        Ok((file, ending)) => return Ok((Some(file), ending, None)),
        Err(error) => error.to_string(),
    };
    tracing::warn!(directory = place.name(), damage, "the newest snapshot is damaged");
    let Some((file, ending)) = previous.and_then(|previous| verified(disk, place, previous).ok()) else {
        return Ok((None, nothing, Some(damage)));
    };
    superblock.save(Facts { snapshot: previous, previous: None, ..superblock.facts().clone() })?;
    Ok((Some(file), ending, None))
}

fn verified(disk: &dyn Disk, place: &Place, id: SnapshotId) -> Result<(SnapshotFile, Ending), StorageError> {
    let file = SnapshotFile::open(disk, id, &id.name(), place)?;
    let ending = file.verify()?;
    Ok((file, ending))
}

/// The entries that follow `base`, checked to be of its chain.
fn entries_after(base: Position, mut entries: VecDeque<Entry>) -> Result<Vec<Entry>, String> {
    let mut covered = None;
    while entries.front().is_some_and(|entry| entry.seq <= base.seq) {
        covered = entries.pop_front().map(|entry| entry.position());
    }
    let joins = match (covered, entries.front()) {
        (Some(last), _) => last == base,
        (None, Some(first)) => (first.seq, first.prev_hash) == (base.seq + 1, base.hash),
        (None, None) => true,
    };
    if joins { Ok(entries.into()) } else { Err(format!("the log does not fit the snapshot, which ends at {base:?}")) }
}
