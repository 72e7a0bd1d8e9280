//! Segments: their names, and making one ready. Knows nothing of batches but that they need zeros.
use crate::disk::{Aligned, Disk, File};
use crate::store::error::{Place, StorageError};
use std::sync::{Arc, LazyLock};

const PREFIX: &str = "log-";
/// A segment that is being zeroed for the first time.
pub(crate) const NEW: &str = "log.new";
/// Zeroed at a time, in bytes: large enough to be quick, small enough that the log's own writes get between.
pub(crate) const STRETCH: usize = 256 << 10;
/// What is written: made once, for all segments.
static ZEROS: LazyLock<Aligned> = LazyLock::new(|| Aligned::zeroed(STRETCH));

/// A segment and its open file.
#[derive(Clone)]
pub(crate) struct Segment {
    /// Its number.
    pub number: u32,
    pub(super) file: Arc<dyn File>,
}

pub(crate) fn name(number: u32) -> String {
    format!("{PREFIX}{number:08}")
}

/// The number of the segment with this name, if it is one.
pub(crate) fn number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix(PREFIX)?;
    (digits.len() == 8).then(|| digits.parse().ok()).flatten()
}

/// Makes segment `number`: all zeros, durable, and so is its name. `old` is a segment that is done with, whose file is used
/// again, which saves allocating space. `between` is called between two stretches of zeros, and may take its time. A crash leaves
/// either no segment of that number or a whole one.
///
/// # Errors
/// The disk refuses: the process must end.
pub(crate) fn prepare(
    disk: &dyn Disk,
    place: &Place,
    number: u32,
    bytes: u32,
    old: Option<u32>,
    between: impl FnMut(),
) -> Result<Segment, StorageError> {
    let fails = |source| place.error(format!("prepare segment {number} of the log"), source);
    let old = old.map(name);
    let file = match &old {
        Some(old) => disk.open(old),
        None => disk.create(NEW),
    };
    let file = file.map_err(fails)?;
    zero(&*file, 0, bytes as usize, between).map_err(fails)?;
    file.sync().map_err(fails)?;
    disk.rename(old.as_deref().unwrap_or(NEW), &name(number)).map_err(fails)?;
    disk.sync_names().map_err(fails)?;
    Ok(Segment { number, file })
}

/// Writes zeros through to the disk; `from` and `to` are multiples of a block.
pub(super) fn zero(file: &dyn File, from: usize, to: usize, mut between: impl FnMut()) -> std::io::Result<()> {
    let mut at = from;
    while at < to {
        if at > from {
            between();
        }
        let now = STRETCH.min(to - at);
        file.write_through(at as u64, &ZEROS[..now])?;
        at += now;
    }
    Ok(())
}
