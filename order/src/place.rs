//! Where food goes: points, distances, and what is known of a postcode and from whom. Resolves nothing itself.

use crate::postcode::Postcode;

/// A point on the earth in millionths of a degree: whole numbers, so that every replica computes the same distance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Point {
    /// Latitude, north positive, within ±90,000,000.
    pub lat_e6: i32,
    /// Longitude, east positive, within ±180,000,000.
    pub lon_e6: i32,
}

/// What the adapter found out about a postcode.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    /// It exists.
    Verified,
    /// Nobody could be asked; its shape is right.
    Unverified,
    /// It does not exist.
    Unknown,
    /// It existed once.
    Terminated,
}

/// How old the answer was when it was used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Freshness {
    /// Within its time.
    Fresh,
    /// Past its time, used because no one newer answered.
    Stale,
    /// From the data set that ships with the adapter.
    Embedded,
    /// No answer at all: the postcode was read locally.
    Local,
}

/// What the point stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Precision {
    /// The door.
    Premise,
    /// The building.
    Building,
    /// The middle of the postcode.
    Postcode,
    /// The middle of the outcode, or the outcode alone.
    Outcode,
}

/// A postcode with what is known of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// The postcode in canonical form.
    pub postcode: Postcode,
    /// Where it is, if known.
    pub point: Option<Point>,
    /// Whether it exists.
    pub standing: Standing,
    /// Who said so: a provider's name such as `postcodes.io`, or `local`.
    pub source: Box<str>,
    /// When it was said, in ms since 1970.
    pub fetched_at_ms: u64,
    /// How old the answer was when it was used.
    pub freshness: Freshness,
    /// What the point stands for.
    pub precision: Precision,
    /// Postcodes that may have been meant, if this one does not exist.
    pub suggestions: Vec<Postcode>,
}

impl Place {
    /// What can be said of a postcode when no one can be asked.
    pub fn unverified(postcode: Postcode, at_ms: u64) -> Place {
        Place {
            postcode,
            point: None,
            standing: Standing::Unverified,
            source: "local".into(),
            fetched_at_ms: at_ms,
            freshness: Freshness::Local,
            precision: Precision::Outcode,
            suggestions: Vec::new(),
        }
    }
}

impl Point {
    /// A point on the earth, none if a coordinate is out of range.
    pub fn new(lat_e6: i32, lon_e6: i32) -> Option<Point> {
        let on_earth = lat_e6.unsigned_abs() <= 90_000_000 && lon_e6.unsigned_abs() <= 180_000_000;
        on_earth.then_some(Point { lat_e6, lon_e6 })
    }

    /// Metres to another point, exact to about 0.1 % within 100 km, in whole-number arithmetic.
    pub fn distance_m(self, other: Point) -> u32 {
        let north = i64::from(self.lat_e6) - i64::from(other.lat_e6);
        let around = (i64::from(self.lon_e6) - i64::from(other.lon_e6)).abs();
        let east = around.min(360_000_000 - around.min(360_000_000));
        let middle = (i64::from(self.lat_e6) + i64::from(other.lat_e6)) / 2;
        let east = east * cosine_e6(middle) / 1_000_000;
        let squares = north.unsigned_abs().pow(2) + east.unsigned_abs().pow(2);
        // One millionth of a degree of a great circle is 0.111195 m.
        (squares.isqrt() * 111_195 / 1_000_000) as u32
    }
}

/// The cosine of a latitude in millionths of a degree, times a million: a table per degree, straight lines between.
fn cosine_e6(lat_e6: i64) -> i64 {
    let lat = lat_e6.abs().min(90_000_000);
    let (degree, rest) = ((lat / 1_000_000) as usize, lat % 1_000_000);
    let next = COSINES_E6[(degree + 1).min(90)];
    COSINES_E6[degree] + (next - COSINES_E6[degree]) * rest / 1_000_000
}

const COSINES_E6: [i64; 91] = {
    let mut table = [0; 91];
    let mut degree = 0;
    while degree <= 90 {
        table[degree] = cosine_by_series(degree as i128);
        degree += 1;
    }
    table
};

/// The series of the cosine in fixed point with twelve decimals, rounded to six.
const fn cosine_by_series(degree: i128) -> i64 {
    const ONE: i128 = 1_000_000_000_000;
    let angle = degree * 17_453_292_520;
    let square = angle * angle / ONE;
    let (mut term, mut sum, mut n) = (ONE, ONE, 1);
    while n <= 12 {
        term = -term * square / ONE / ((2 * n - 1) * (2 * n));
        sum += term;
        n += 1;
    }
    ((sum + 500_000) / 1_000_000) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(lat_e6: i32, lon_e6: i32) -> Point {
        Point::new(lat_e6, lon_e6).unwrap()
    }

    #[test]
    fn distances_are_those_of_the_map() {
        let (durham, newcastle) = (point(54_768_110, -1_571_870), point(54_980_320, -1_615_710));
        assert!((23_700..23_900).contains(&durham.distance_m(newcastle)), "{}", durham.distance_m(newcastle));
        let (here, there) = (point(51_500_000, 0), point(51_500_000, 10_000));
        assert!((690..695).contains(&here.distance_m(there)), "{}", here.distance_m(there));
        assert_eq!(point(0, 179_999_999).distance_m(point(0, -179_999_999)), 0);
    }

    #[test]
    fn the_table_of_cosines_is_right() {
        for (degree, value) in COSINES_E6.iter().enumerate() {
            assert!(((degree as f64).to_radians().cos() * 1e6 - *value as f64).abs() <= 1.0, "{degree}: {value}");
        }
    }

    proptest! {
        #[test]
        fn distance_is_the_same_both_ways_and_never_panics(a: i32, b: i32, c: i32, d: i32) {
            let (from, to) = (Point { lat_e6: a, lon_e6: b }, Point { lat_e6: c, lon_e6: d });
            prop_assert_eq!(from.distance_m(to), to.distance_m(from));
        }
    }
}
