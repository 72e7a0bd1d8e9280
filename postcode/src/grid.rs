//! The British National Grid, and its conversion to the latitude and longitude of satellite positioning (WGS84).
//! Pure geometry; knows no postcode. Not valid for Northern Ireland, whose grid is the Irish one.

mod shifts;

/// A point of the British National Grid (OSGB36), in whole metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridPoint {
    /// Metres east of the grid's false origin, south-west of Scilly.
    pub easting_m: u32,
    /// Metres north of it.
    pub northing_m: u32,
}

/// A position in WGS84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east; negative in the west.
    pub longitude: f64,
}

impl From<GridPoint> for Position {
    /// Ordnance Survey's transformation, OSTN15, from a table in steps of ten kilometres: within 0.4 m of the exact one
    /// at every live postcode (pack/shifts.py measures that).
    fn from(point: GridPoint) -> Self {
        let (latitude, longitude) = to_globe(f64::from(point.easting_m), f64::from(point.northing_m));
        Self { latitude, longitude }
    }
}

impl Position {
    /// Metres from here to there along the globe, taken as a ball: right to half a percent.
    #[must_use]
    pub fn distance_m(self, other: Position) -> f64 {
        const GLOBE_M: f64 = 6_371_000.0;
        let (here, there) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = ((there - here) / 2.0).sin().powi(2);
        let east = ((other.longitude - self.longitude).to_radians() / 2.0).sin().powi(2);
        2.0 * GLOBE_M * (north + here.cos() * there.cos() * east).sqrt().min(1.0).asin()
    }

    /// Rounded to six decimals (about 0.1 m), for people and for JSON.
    #[must_use]
    pub fn rounded(self) -> Self {
        let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
        Self { latitude: round(self.latitude), longitude: round(self.longitude) }
    }
}

impl GridPoint {
    /// The point of the grid at a position, to a metre; `None` off the grid, which begins south-west of Scilly.
    ///
    /// It is found by Newton's method over the conversion the other way, so the two agree whatever its errors.
    #[must_use]
    pub fn at(position: Position) -> Option<GridPoint> {
        let (mut east, mut north) = (400_000.0, 400_000.0);
        // The error is squared every round: from any point of Britain five rounds are exact to a millimetre.
        for _ in 0..6 {
            let (latitude, longitude) = to_globe(east, north);
            let (by_east, by_north) = (to_globe(east + 1.0, north), to_globe(east, north + 1.0));
            let (a, b) = (by_east.0 - latitude, by_north.0 - latitude);
            let (c, d) = (by_east.1 - longitude, by_north.1 - longitude);
            let (off_latitude, off_longitude) = (position.latitude - latitude, position.longitude - longitude);
            let determinant = a * d - b * c;
            east += (d * off_latitude - b * off_longitude) / determinant;
            north += (a * off_longitude - c * off_latitude) / determinant;
        }
        let within = (0.0..=700_000.0).contains(&east) && (0.0..=1_300_000.0).contains(&north);
        within.then(|| GridPoint { easting_m: east.round() as u32, northing_m: north.round() as u32 })
    }
}

#[derive(Clone, Copy)]
struct Ellipsoid {
    major_m: f64,
    minor_m: f64,
}

impl Ellipsoid {
    fn eccentricity_squared(self) -> f64 {
        1.0 - (self.minor_m * self.minor_m) / (self.major_m * self.major_m)
    }
}

/// The globe of satellite positioning. (The grid itself was drawn on another, Airy's; the shifts lead from one to the other.)
const GRS80: Ellipsoid = Ellipsoid { major_m: 6_378_137.0, minor_m: 6_356_752.314_140 };

// The projection of the National Grid ("A guide to coordinate systems in Great Britain", Ordnance Survey, annexe A).
const SCALE: f64 = 0.999_601_271_7;
const TRUE_ORIGIN_LATITUDE: f64 = 49.0;
const TRUE_ORIGIN_LONGITUDE: f64 = -2.0;
const TRUE_ORIGIN_EASTING_M: f64 = 400_000.0;
const TRUE_ORIGIN_NORTHING_M: f64 = -100_000.0;

/// Latitude and longitude in degrees of a point of the National Grid.
fn to_globe(easting_m: f64, northing_m: f64) -> (f64, f64) {
    let (east, north) = shifts::at(easting_m, northing_m);
    let (latitude, longitude) = unprojected(GRS80, easting_m - east, northing_m - north);
    (latitude.to_degrees(), longitude.to_degrees())
}

/// Latitude and longitude in radians of a point of the projection, by the series of the guide's annexe C.
fn unprojected(ellipsoid: Ellipsoid, easting_m: f64, northing_m: f64) -> (f64, f64) {
    let e2 = ellipsoid.eccentricity_squared();
    let latitude = foot_latitude(ellipsoid, northing_m);
    let (sin, cos, tan) = (latitude.sin(), latitude.cos(), latitude.tan());
    let nu = ellipsoid.major_m * SCALE / (1.0 - e2 * sin * sin).sqrt();
    let rho = nu * (1.0 - e2) / (1.0 - e2 * sin * sin);
    let eta2 = nu / rho - 1.0;
    let (t2, t4, t6) = (tan.powi(2), tan.powi(4), tan.powi(6));
    let vii = tan / (2.0 * rho * nu);
    let viii = tan / (24.0 * rho * nu.powi(3)) * (5.0 + 3.0 * t2 + eta2 - 9.0 * t2 * eta2);
    let ix = tan / (720.0 * rho * nu.powi(5)) * (61.0 + 90.0 * t2 + 45.0 * t4);
    let x = 1.0 / (cos * nu);
    let xi = 1.0 / (cos * 6.0 * nu.powi(3)) * (nu / rho + 2.0 * t2);
    let xii = 1.0 / (cos * 120.0 * nu.powi(5)) * (5.0 + 28.0 * t2 + 24.0 * t4);
    let xiia = 1.0 / (cos * 5040.0 * nu.powi(7)) * (61.0 + 662.0 * t2 + 1320.0 * t4 + 720.0 * t6);
    let east = easting_m - TRUE_ORIGIN_EASTING_M;
    (
        latitude - vii * east.powi(2) + viii * east.powi(4) - ix * east.powi(6),
        TRUE_ORIGIN_LONGITUDE.to_radians() + x * east - xi * east.powi(3) + xii * east.powi(5) - xiia * east.powi(7),
    )
}

/// The latitude on the central meridian with this northing, to a tenth of a millimetre.
fn foot_latitude(ellipsoid: Ellipsoid, northing_m: f64) -> f64 {
    let mut latitude = TRUE_ORIGIN_LATITUDE.to_radians();
    // The error shrinks by a factor of about 300 a round: five rounds suffice over the whole of the grid.
    for _ in 0..5 {
        let short_m = northing_m - TRUE_ORIGIN_NORTHING_M - meridian_arc(ellipsoid, latitude);
        latitude += short_m / (ellipsoid.major_m * SCALE);
    }
    latitude
}

/// Metres along the central meridian from the true origin.
fn meridian_arc(Ellipsoid { major_m, minor_m }: Ellipsoid, latitude: f64) -> f64 {
    let n = (major_m - minor_m) / (major_m + minor_m);
    let origin = TRUE_ORIGIN_LATITUDE.to_radians();
    let (minus, plus) = (latitude - origin, latitude + origin);
    minor_m
        * SCALE
        * ((1.0 + n + 1.25 * n.powi(2) + 1.25 * n.powi(3)) * minus
            - (3.0 * n + 3.0 * n.powi(2) + 2.625 * n.powi(3)) * minus.sin() * plus.cos()
            + (1.875 * n.powi(2) + 1.875 * n.powi(3)) * (2.0 * minus).sin() * (2.0 * plus).cos()
            - 35.0 / 24.0 * n.powi(3) * (3.0 * minus).sin() * (3.0 * plus).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metres between two positions; good enough over a few metres.
    fn distance_m(a: Position, latitude: f64, longitude: f64) -> f64 {
        let north = (a.latitude - latitude) * 111_200.0;
        let east = (a.longitude - longitude) * 111_200.0 * latitude.to_radians().cos();
        north.hypot(east)
    }

    #[test]
    fn the_worked_example_of_ordnance_survey_comes_out() {
        const AIRY: Ellipsoid = Ellipsoid { major_m: 6_377_563.396, minor_m: 6_356_256.909 };
        let (latitude, longitude) = unprojected(AIRY, 651_409.903, 313_177.270);
        let degrees = |d: f64, m: f64, s: f64| d + m / 60.0 + s / 3600.0;
        assert!((latitude.to_degrees() - degrees(52.0, 39.0, 27.2531)).abs() < 1e-8);
        assert!((longitude.to_degrees() - degrees(1.0, 43.0, 4.5177)).abs() < 1e-8);
    }

    #[test]
    fn the_position_that_statisticians_publish_for_br8_7re_comes_out() {
        let position: Position = GridPoint { easting_m: 551_626, northing_m: 170_342 }.into();
        assert!(distance_m(position, 51.411_831, 0.178_871) < 2.0, "{position:?}");
    }

    #[test]
    fn the_way_to_the_globe_and_back_ends_where_it_began() {
        for (easting_m, northing_m) in [(91_492, 11_319), (427_660, 541_886), (655_000, 310_000), (450_000, 1_200_000)]
        {
            let point = GridPoint { easting_m, northing_m };
            assert_eq!(GridPoint::at(point.into()), Some(point));
        }
        for (latitude, longitude) in [(0.0, 0.0), (48.86, 2.35), (90.0, 0.0), (f64::NAN, 1.0), (-54.0, 178.0)] {
            assert_eq!(GridPoint::at(Position { latitude, longitude }), None, "{latitude} {longitude}");
        }
    }

    #[test]
    fn a_distance_is_that_of_the_globe() {
        let (durham, london) = (54.776_f64, 51.507_f64);
        let at = |latitude, longitude| Position { latitude, longitude };
        let km = at(durham, -1.575).distance_m(at(london, -0.128)) / 1_000.0;
        assert!((375.0..378.0).contains(&km), "{km}");
    }

    /// Ordnance Survey's test points, from corner to corner.
    #[test]
    fn points_from_scilly_to_inverness_are_met() {
        let points = [
            ((91_492, 11_319), (49.922_263_94, -6.299_777_52)),
            ((424_639, 565_013), (54.979_122_74, -1.616_576_85)),
            ((267_057, 846_177), (57.486_250_01, -4.219_263_99)),
        ];
        for ((easting_m, northing_m), (latitude, longitude)) in points {
            // The points are given here to the metre alone.
            let distance_m = distance_m(GridPoint { easting_m, northing_m }.into(), latitude, longitude);
            assert!(distance_m < 0.9, "{easting_m} {northing_m}: {distance_m} m");
        }
    }

    #[test]
    fn postcodes_are_where_the_whole_table_of_ordnance_survey_has_them() {
        let pack = crate::pack::Pack::embedded();
        let mut count = 0;
        for line in include_str!("../pack/positions.tsv").lines() {
            let [postcode, latitude, longitude] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let (outcode, incode) = postcode.split_once(' ').unwrap();
            let point = pack.find(outcode, incode).unwrap().point.unwrap();
            let distance_m = distance_m(point.into(), latitude.parse().unwrap(), longitude.parse().unwrap());
            assert!(distance_m < 0.4, "{postcode}: {distance_m} m");
            count += 1;
        }
        assert_eq!(count, 501);
    }
}
