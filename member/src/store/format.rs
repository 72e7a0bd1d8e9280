//! Makes a blank disk a member's, and a member's disk blank. Knows which files are ours; touches no others.
use super::Opening;
use super::error::{Place, StorageError};
use crate::disk::{DataDir, Disk};
use crate::limits::FORMAT_PAUSE_US;
use crate::log;
use crate::snapshot;
use crate::superblock::{self, Facts, Superblock};
use std::io;
use std::path::Path;
use std::time::Duration;

/// What a file system puts into a directory that is otherwise empty.
const NOT_FOREIGN: &str = "lost+found";
/// The segments that a blank disk begins with: one to write to, and the one behind it.
const FIRST_SEGMENTS: [u32; 2] = [1, 2];

/// The superblock of this disk, formatting it first if it is blank or marked to be formatted anew.
pub(super) fn open_superblock(disk: &dyn Disk, place: &Place, opening: Opening) -> Result<Superblock, StorageError> {
    match Superblock::open(disk, place)? {
        Some(superblock) if !superblock.facts().reset => Ok(superblock),
        Some(_) => {
            remove_all(disk, place)?;
            format(disk, place, opening)
        }
        None => {
            must_be_blank(disk, place)?;
            remove_all(disk, place)?;
            format(disk, place, opening)
        }
    }
}

/// The superblock comes last: without it the disk still counts as blank, and formatting begins anew.
fn format(disk: &dyn Disk, place: &Place, opening: Opening) -> Result<Superblock, StorageError> {
    let pause = || disk.pause(Duration::from_micros(FORMAT_PAUSE_US));
    for number in FIRST_SEGMENTS {
        log::prepare(disk, place, number, opening.segment_bytes, None, pause)?;
    }
    let superblock = Superblock::create(disk, Facts::blank(opening.fresh, opening.segment_bytes), place)?;
    tracing::info!(directory = place.name(), storage = %opening.fresh, "formatted a blank disk");
    Ok(superblock)
}

/// Without a superblock there may be nothing but what formatting leaves when it is interrupted.
fn must_be_blank(disk: &dyn Disk, place: &Place) -> Result<(), StorageError> {
    let names = names(disk, place)?;
    let dir = place.name();
    if let Some(foreign) = names.iter().find(|name| !is_ours(name) && *name != NOT_FOREIGN) {
        return Err(StorageError::Foreign { dir, found: format!("the file {foreign}") });
    }
    let used = |name: &&String| {
        let later = log::number(name).is_some_and(|number| !FIRST_SEGMENTS.contains(&number));
        later || name.starts_with(snapshot::PREFIX)
    };
    match names.iter().find(used) {
        Some(name) => Err(StorageError::Damaged { dir, found: format!("they are missing, but {name} is there") }),
        None => Ok(()),
    }
}

fn is_ours(name: &str) -> bool {
    let begins = [snapshot::PREFIX, snapshot::PART_PREFIX].iter().any(|prefix| name.starts_with(prefix));
    begins || is_unfinished(name) || log::number(name).is_some()
}
fn is_unfinished(name: &str) -> bool {
    [snapshot::NEW, log::NEW, superblock::NEW].contains(&name)
}

/// Removes everything of ours but the superblock.
fn remove_all(disk: &dyn Disk, place: &Place) -> Result<(), StorageError> {
    remove(disk, place, is_ours)
}

/// Removes what interrupted work left behind. Done when a disk is opened, before anything new is begun.
pub(super) fn clean(disk: &dyn Disk, facts: &Facts, place: &Place) -> Result<(), StorageError> {
    let kept: Vec<String> = [facts.snapshot, facts.previous].into_iter().flatten().map(|id| id.name()).collect();
    let orphan = |name: &str| name.starts_with(snapshot::PREFIX) && !kept.iter().any(|kept| kept == name);
    remove(disk, place, |name| is_unfinished(name) || orphan(name))
}

fn remove(disk: &dyn Disk, place: &Place, which: impl Fn(&str) -> bool) -> Result<(), StorageError> {
    let names: Vec<String> = names(disk, place)?.into_iter().filter(|name| which(name)).collect();
    for name in &names {
        disk.remove(name).map_err(|source| place.error(format!("remove {name}"), source))?;
    }
    if names.is_empty() { Ok(()) } else { disk.sync_names().map_err(|source| place.error("remove old files", source)) }
}

fn names(disk: &dyn Disk, place: &Place) -> Result<Vec<String>, StorageError> {
    disk.names().map_err(|source| place.error("list its files", source))
}

/// Opens a data directory for this process alone.
pub(super) fn lock(dir: &Path) -> Result<DataDir, StorageError> {
    let name = dir.display().to_string();
    DataDir::open(dir).map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => StorageError::Locked { dir: name },
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            StorageError::Foreign { dir: name, found: "a file".to_owned() }
        }
        io::ErrorKind::StorageFull => Place::new(name).error("open the data directory", source),
        _ => StorageError::Unusable { dir: name, source },
    })
}

/// Marks the disk in this directory to be formatted anew when a member opens it next, without a member running (U1).
///
/// # Errors
/// The directory is in use or cannot be read or written. One that holds no member is left as it is.
pub fn mark_reset(dir: &Path) -> Result<(), StorageError> {
    let disk = lock(dir)?;
    let place = Place::new(dir.display().to_string());
    let Some(mut superblock) = Superblock::open(&disk, &place)? else { return Ok(()) };
    let facts = Facts { reset: true, ..superblock.facts().clone() };
    superblock.save(facts)
}
