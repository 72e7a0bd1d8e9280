//! The embedded pack: every live postcode of Great Britain, read in place from the bytes of `pack/gb.pack`.
//! Knows the format of pack/README.md; knows no provider, no cache and no clock.

mod bits;
mod near;
mod prefix;
mod sector;

use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::grid::GridPoint;
use bits::Bits;
use near::Bounds;
pub use near::Neighbour;
use sector::Sector;

/// The last two letters of a postcode are of these twenty, so two masks of 20 bits tell which exist.
pub(crate) const UNIT_LETTERS: &[u8; 20] = b"ABDEFGHJLNPQRSTUWXYZ";

const BYTES: &[u8] = include_bytes!("../pack/gb.pack");
const MAGIC: &[u8] = b"JHPACK01";
const SECTOR_BYTES: usize = 16;

/// Every live postcode of Great Britain. Opening it builds a small index (about 50 kB); the rest stays in the program's
/// own image, shared by all its processes.
pub struct Pack {
    keys: Box<[u32]>,
    districts: Box<[&'static str]>,
    sectors_at: usize,
    bits_at: usize,
    edition: u32,
    postcodes: u32,
    pointless: u32,
    /// Around each sector's points; measured when the first neighbour is looked for.
    bounds: OnceLock<Box<[Bounds]>>,
}

/// What the pack knows of one live postcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The mean position of its addresses; absent for the few whose published position is none.
    pub point: Option<GridPoint>,
    /// The name of its local authority district, as the Office for National Statistics spells it.
    pub district: Option<&'static str>,
}

/// What the pack knows of one outcode (the first half of a postcode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcode {
    /// How many live postcodes it has.
    pub postcodes: u32,
    /// The mean of their points; absent if none has one.
    pub centre: Option<GridPoint>,
}

impl Pack {
    /// The pack that is part of this program; opened once.
    #[must_use]
    pub fn embedded() -> Arc<Self> {
        static OPENED: LazyLock<Arc<Pack>> = LazyLock::new(|| Arc::new(Pack::open()));
        Arc::clone(&OPENED)
    }

    fn open() -> Self {
        assert!(BYTES.starts_with(MAGIC), "the embedded pack is of another format");
        let [sectors, postcodes, pointless, districts, districts_at, sectors_at, bits_at, bytes, _crc32, edition] =
            header();
        assert_eq!(bytes as usize, BYTES.len(), "the embedded pack is cut short");
        let sectors_at = sectors_at as usize;
        let key = |i: usize| word(sectors_at + i * SECTOR_BYTES);
        Self {
            keys: (0..sectors as usize).map(key).collect(),
            districts: district_names(districts_at as usize, districts as usize),
            sectors_at,
            bits_at: bits_at as usize,
            edition,
            postcodes,
            pointless,
            bounds: OnceLock::new(),
        }
    }

    /// How many live postcodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.postcodes as usize
    }

    /// Never true: a pack without postcodes is not made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.postcodes == 0
    }

    /// How many of them have no point.
    #[must_use]
    pub fn pointless(&self) -> usize {
        self.pointless as usize
    }

    /// The first moment of the day of the data, in ms since 1970.
    #[must_use]
    pub fn edition_ms(&self) -> u64 {
        let (year, month, day) = (self.edition / 10_000, self.edition / 100 % 100, self.edition % 100);
        days_since_1970(year, month, day) * 24 * 3_600 * 1_000
    }

    /// Looks one postcode up: `outcode` as "DH1", `incode` as "3LE", both in capitals. `None` if it is not live.
    #[must_use]
    pub fn find(&self, outcode: &str, incode: &str) -> Option<Entry> {
        let &[digit, first, second] = incode.as_bytes() else { return None };
        let key = sector_key(outcode.as_bytes(), digit)?;
        let index = self.keys.binary_search(&key).ok()?;
        let (first, second) = (unit_letter(first)?, unit_letter(second)?);
        let (point, district) = self.sector(index).find(first, second)?;
        Some(Entry { point, district: self.district(district) })
    }

    /// Sums an outcode up from all its postcodes (some microseconds). `None` if it has no live one.
    #[must_use]
    pub fn outcode(&self, outcode: &str) -> Option<Outcode> {
        let first = sector_key(outcode.as_bytes(), b'0')?;
        let from = self.keys.partition_point(|key| *key < first);
        let to = self.keys.partition_point(|key| *key < first + 10);
        let (mut postcodes, mut points, mut east, mut north) = (0_u32, 0_u64, 0_u64, 0_u64);
        self.visit(from..to, |_, _, entry| {
            postcodes += 1;
            if let Some(point) = entry.point {
                points += 1;
                east += u64::from(point.easting_m);
                north += u64::from(point.northing_m);
            }
        });
        let mean = |sum: u64| u32::try_from(sum / points).expect("a mean of u32 is a u32");
        let centre = (points > 0).then(|| GridPoint { easting_m: mean(east), northing_m: mean(north) });
        (postcodes > 0).then_some(Outcode { postcodes, centre })
    }

    /// Calls `visit` with every postcode in canonical form and its entry, in the pack's order.
    pub fn each(&self, mut visit: impl FnMut(&str, Entry)) {
        self.visit_texts(0..self.keys.len(), |text, entry| visit(text, entry));
    }

    fn visit_texts(&self, sectors: Range<usize>, mut visit: impl FnMut(&str, Entry)) {
        let mut text = String::with_capacity(8);
        self.visit(sectors, |key, letters, entry| {
            text.clear();
            write_postcode(&mut text, key, letters);
            visit(&text, entry);
        });
    }

    fn visit(&self, sectors: Range<usize>, mut visit: impl FnMut(u32, [u8; 2], Entry)) {
        for index in sectors {
            let key = self.keys[index];
            self.sector(index).each(|first, second, point, district| {
                let letters = [UNIT_LETTERS[first as usize], UNIT_LETTERS[second as usize]];
                visit(key, letters, Entry { point, district: self.district(district) });
            });
        }
    }

    fn sector(&self, index: usize) -> Sector {
        let at = self.sectors_at + index * SECTOR_BYTES;
        let packed = u64::from(word(at + 8)) | u64::from(word(at + 12)) << 32;
        Sector::new(packed, Bits::new(BYTES, self.bits_at * 8 + word(at + 4) as usize))
    }

    /// District 0 stands for "none": a few live postcodes are not in the directory of districts.
    fn district(&self, number: u32) -> Option<&'static str> {
        self.districts.get((number as usize).checked_sub(1)?).copied()
    }
}

fn header() -> [u32; 10] {
    std::array::from_fn(|i| word(MAGIC.len() + i * 4))
}

fn word(at: usize) -> u32 {
    u32::from_le_bytes(BYTES[at..at + 4].try_into().expect("four bytes were taken"))
}

fn district_names(mut at: usize, count: usize) -> Box<[&'static str]> {
    let mut next = || {
        let from = at + 1;
        at = from + usize::from(BYTES[at]);
        std::str::from_utf8(&BYTES[from..at]).expect("district names are written as UTF-8")
    };
    (0..count).map(|_| next()).collect()
}

/// The index in [`UNIT_LETTERS`].
fn unit_letter(letter: u8) -> Option<u32> {
    UNIT_LETTERS.binary_search(&letter).ok().map(|i| i as u32)
}

/// The outcode padded with spaces to four characters and the sector's digit, as a number in base 37.
fn sector_key(outcode: &[u8], digit: u8) -> Option<u32> {
    if !(2..=4).contains(&outcode.len()) || !digit.is_ascii_digit() {
        return None;
    }
    let padded = outcode.iter().copied().chain(std::iter::repeat(b' ')).take(4).chain([digit]);
    padded.into_iter().try_fold(0, |key, character| Some(key * 37 + character_value(character)?))
}

fn character_value(character: u8) -> Option<u32> {
    match character {
        b' ' => Some(0),
        b'0'..=b'9' => Some(u32::from(character - b'0') + 1),
        b'A'..=b'Z' => Some(u32::from(character - b'A') + 11),
        _ => None,
    }
}

/// Counts days in years that begin in March, so that the leap day is the last.
fn days_since_1970(year: u32, month: u32, day: u32) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    u64::from(days - 719_468)
}

/// A sector as "DH1 3".
fn sector_text(key: u32) -> String {
    let mut text = String::with_capacity(8);
    write_postcode(&mut text, key, *b"AA");
    text.truncate(text.len() - 2);
    text
}

fn write_postcode(text: &mut String, key: u32, letters: [u8; 2]) {
    let character = |place: u32| b" 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(key / 37_u32.pow(place) % 37) as usize];
    text.extend((1..5).rev().map(character).filter(|c| *c != b' ').map(char::from));
    text.extend([b' ', character(0), letters[0], letters[1]].map(char::from));
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
