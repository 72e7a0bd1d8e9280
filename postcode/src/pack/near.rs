//! Which postcodes are nearest to a point. Knows the pack's points; nothing of latitude and longitude.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Entry, Pack};
use crate::grid::GridPoint;

/// The rectangle around a sector's points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    west: u32,
    south: u32,
    east: u32,
    north: u32,
}

/// A postcode and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// In canonical form.
    pub postcode: String,
    /// Metres.
    pub distance_m: u32,
    /// What the pack knows of it.
    pub entry: Entry,
}

impl Pack {
    /// The `most` live postcodes nearest to a point, none farther than `within_m`, the nearest first.
    ///
    /// The first call measures the sectors, which takes some 20 ms; later ones take some 50 µs.
    #[must_use]
    pub fn nearest(&self, point: GridPoint, most: usize, within_m: u32) -> Vec<Neighbour> {
        let bounds = self.bounds.get_or_init(|| self.measure());
        let limit = u64::from(within_m).pow(2);
        let away = (0..).zip(bounds.iter()).map(|(index, bounds)| (bounds.distance_squared(point), index));
        let mut sectors: BinaryHeap<Reverse<(u64, usize)>> =
            away.filter(|(away, _)| *away <= limit).map(Reverse).collect();
        let mut found: BinaryHeap<(u64, String)> = BinaryHeap::new();
        let mut entries = std::collections::HashMap::new();
        while let Some(Reverse((away, index))) = sectors.pop() {
            let is_full = found.len() >= most;
            if most == 0 || is_full && found.peek().is_some_and(|(farthest, _)| away > *farthest) {
                break;
            }
            self.visit_texts(index..index + 1, |text, entry| {
                let Some(at) = entry.point else { return };
                let distance = squared(at.easting_m, point.easting_m) + squared(at.northing_m, point.northing_m);
                let is_near = found.len() < most || found.peek().is_some_and(|(farthest, _)| distance < *farthest);
                if distance <= limit && is_near {
                    found.push((distance, text.to_owned()));
                    entries.insert(text.to_owned(), entry);
                    if found.len() > most {
                        found.pop();
                    }
                }
            });
        }
        let neighbour = |(distance, postcode): (u64, String)| {
            let entry = *entries.get(&postcode)?;
            Some(Neighbour { postcode, distance_m: distance.isqrt() as u32, entry })
        };
        found.into_sorted_vec().into_iter().filter_map(neighbour).collect()
    }

    fn measure(&self) -> Box<[Bounds]> {
        let of_sector = |index: usize| {
            let nowhere = Bounds { west: u32::MAX, south: u32::MAX, east: 0, north: 0 };
            let mut bounds = nowhere;
            self.visit(index..index + 1, |_, _, entry| {
                let Some(GridPoint { easting_m, northing_m }) = entry.point else { return };
                bounds.west = bounds.west.min(easting_m);
                bounds.east = bounds.east.max(easting_m);
                bounds.south = bounds.south.min(northing_m);
                bounds.north = bounds.north.max(northing_m);
            });
            bounds
        };
        (0..self.keys.len()).map(of_sector).collect()
    }
}

impl Bounds {
    fn distance_squared(self, point: GridPoint) -> u64 {
        let outside = |at: u32, low: u32, high: u32| u64::from(low.saturating_sub(at).max(at.saturating_sub(high)));
        let east = outside(point.easting_m, self.west, self.east);
        let north = outside(point.northing_m, self.south, self.north);
        // A sector without any point is nowhere: its bounds are inside out.
        if self.west > self.east { u64::MAX } else { east * east + north * north }
    }
}

fn squared(a: u32, b: u32) -> u64 {
    u64::from(a.abs_diff(b)).pow(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DURHAM: GridPoint = GridPoint { easting_m: 427_300, northing_m: 542_500 };

    /// Every postcode looked at, the slow and certain way.
    fn by_looking_at_all(pack: &Pack, point: GridPoint, most: usize, within_m: u32) -> Vec<u32> {
        let mut all = Vec::new();
        pack.each(|_, entry| {
            let Some(at) = entry.point else { return };
            let away = squared(at.easting_m, point.easting_m) + squared(at.northing_m, point.northing_m);
            if away <= u64::from(within_m).pow(2) {
                all.push(away.isqrt() as u32);
            }
        });
        all.sort_unstable();
        all.truncate(most);
        all
    }

    #[test]
    fn the_nearest_are_those_that_looking_at_all_finds() {
        let pack = Pack::embedded();
        let found = pack.nearest(DURHAM, 10, 20_000);
        let metres: Vec<u32> = found.iter().map(|near| near.distance_m).collect();
        assert_eq!(metres, by_looking_at_all(&pack, DURHAM, 10, 20_000));
    }

    #[test]
    fn far_out_at_sea_there_is_none() {
        let pack = Pack::embedded();
        assert!(pack.nearest(GridPoint { easting_m: 0, northing_m: 1_250_000 }, 10, 20_000).is_empty());
        assert!(pack.nearest(DURHAM, 0, 20_000).is_empty());
        assert_eq!(pack.nearest(DURHAM, 50, 20_000).len(), 50);
    }
}
