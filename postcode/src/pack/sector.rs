//! One sector of the pack ("DH1 3"): its postcodes in groups by the first of their last two letters, each group with
//! coordinates just wide enough for it. Knows the layout within a sector; knows nothing of the file around it.

use super::bits::Bits;
use crate::grid::GridPoint;

/// The district number that says: the postcodes of this sector lie in several districts.
const MIXED: u32 = 511;

pub(super) struct Sector {
    base: (u32, u32),
    widths: (u32, u32),
    districts: Districts,
    firsts: u32,
    bits: Bits,
}

/// Where the numbers of the districts of a sector's postcodes stand.
#[derive(Clone, Copy)]
enum Districts {
    One(u32),
    /// A list of them begins at `list`; postcodes hold an index into it of `choice` bits.
    Several {
        list: Bits,
        choice: u32,
    },
}

struct Group {
    seconds: u32,
    holes: u32,
    widths: (u32, u32),
    base: (u32, u32),
    district: District,
    units: Bits,
}

#[derive(Clone, Copy)]
enum District {
    Shared(u32),
    PerUnit { list: Bits, choice: u32 },
}

impl Sector {
    pub(super) fn new(packed: u64, mut bits: Bits) -> Self {
        let field = |at: u32, width: u32| (packed >> at & ((1 << width) - 1)) as u32;
        let districts = match field(51, 9) {
            MIXED => several(&mut bits),
            one => Districts::One(one),
        };
        let firsts = bits.take(20);
        Self { base: (field(0, 20), field(20, 21)), widths: (field(41, 5), field(46, 5)), districts, firsts, bits }
    }

    /// The point and district number of the postcode that ends in these letters (indices of `UNIT_LETTERS`).
    pub(super) fn find(mut self, first: u32, second: u32) -> Option<(Option<GridPoint>, u32)> {
        if self.firsts >> first & 1 == 0 {
            return None;
        }
        for _ in 0..rank(self.firsts, first) {
            self.group();
        }
        let group = self.group();
        (group.seconds >> second & 1 == 1).then(|| group.unit(rank(group.seconds, second)))
    }

    /// Every postcode of the sector: its two letters, point and district number.
    pub(super) fn each(mut self, mut visit: impl FnMut(u32, u32, Option<GridPoint>, u32)) {
        for first in ones(self.firsts) {
            let group = self.group();
            for (index, second) in (0..).zip(ones(group.seconds)) {
                let (point, district) = group.unit(index);
                visit(first, second, point, district);
            }
        }
    }

    /// Reads the next group's head and moves behind the group.
    fn group(&mut self) -> Group {
        let bits = &mut self.bits;
        let seconds = bits.take(20);
        let district = match self.districts {
            Districts::One(number) => District::Shared(number),
            Districts::Several { list, choice } if bits.take(1) == 1 => {
                District::Shared(listed(list, bits.take(choice)))
            }
            Districts::Several { list, choice } => District::PerUnit { list, choice },
        };
        let holes = bits.take(1);
        let widths = (bits.take(5), bits.take(5));
        let base = (self.base.0 + bits.take(self.widths.0), self.base.1 + bits.take(self.widths.1));
        let group = Group { seconds, holes, widths, base, district, units: *bits };
        bits.skip(seconds.count_ones() * group.unit_bits());
        group
    }
}

impl Group {
    fn unit_bits(&self) -> u32 {
        let choice = if let District::PerUnit { choice, .. } = self.district { choice } else { 0 };
        self.widths.0 + self.widths.1 + choice
    }

    fn unit(&self, index: u32) -> (Option<GridPoint>, u32) {
        let mut bits = self.units;
        bits.skip(index * self.unit_bits());
        let (east, north) = (bits.take(self.widths.0), bits.take(self.widths.1));
        let district = match self.district {
            District::Shared(number) => number,
            District::PerUnit { list, choice } => listed(list, bits.take(choice)),
        };
        // In a group with holes, eastings are one higher and 0 means: this postcode has no point.
        let point = east.checked_sub(self.holes);
        (point.map(|east| GridPoint { easting_m: self.base.0 + east, northing_m: self.base.1 + north }), district)
    }
}

fn several(bits: &mut Bits) -> Districts {
    let count = bits.take(5);
    let list = *bits;
    bits.skip(count * 9);
    Districts::Several { list, choice: u32::BITS - (count - 1).leading_zeros() }
}

fn listed(mut list: Bits, index: u32) -> u32 {
    list.skip(index * 9);
    list.take(9)
}

/// How many bits of the mask stand below this one.
fn rank(mask: u32, bit: u32) -> u32 {
    (mask & ((1 << bit) - 1)).count_ones()
}

fn ones(mask: u32) -> impl Iterator<Item = u32> {
    (0..20).filter(move |bit| mask >> bit & 1 == 1)
}
