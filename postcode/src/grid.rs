//! The British National Grid, and its conversion to the latitude and longitude of satellite positioning (WGS84).
//! Pure geometry; knows no postcode. Not valid for Northern Ireland, whose grid is the Irish one.

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
    /// Ordnance Survey's seven-parameter Helmert transformation: within about 5 m of the exact (OSTN15) position
    /// everywhere, mostly within 2 m. A delivery radius does not need better.
    fn from(point: GridPoint) -> Self {
        let (latitude, longitude) = on_airy(f64::from(point.easting_m), f64::from(point.northing_m));
        let (latitude, longitude) = from_cartesian(WGS84, to_wgs84(to_cartesian(AIRY, latitude, longitude)));
        Self { latitude: latitude.to_degrees(), longitude: longitude.to_degrees() }
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
        let degrees = |east: f64, north: f64| {
            let (latitude, longitude) = on_airy(east, north);
            let (latitude, longitude) = from_cartesian(WGS84, to_wgs84(to_cartesian(AIRY, latitude, longitude)));
            (latitude.to_degrees(), longitude.to_degrees())
        };
        let (mut east, mut north) = (400_000.0, 400_000.0);
        // The error is squared every round: from any point of Britain five rounds are exact to a millimetre.
        for _ in 0..6 {
            let (latitude, longitude) = degrees(east, north);
            let (by_east, by_north) = (degrees(east + 1.0, north), degrees(east, north + 1.0));
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

const AIRY: Ellipsoid = Ellipsoid { major_m: 6_377_563.396, minor_m: 6_356_256.909 };
const WGS84: Ellipsoid = Ellipsoid { major_m: 6_378_137.0, minor_m: 6_356_752.314_245 };

// The projection of the National Grid ("A guide to coordinate systems in Great Britain", Ordnance Survey, annexe A).
const SCALE: f64 = 0.999_601_271_7;
const TRUE_ORIGIN_LATITUDE: f64 = 49.0;
const TRUE_ORIGIN_LONGITUDE: f64 = -2.0;
const TRUE_ORIGIN_EASTING_M: f64 = 400_000.0;
const TRUE_ORIGIN_NORTHING_M: f64 = -100_000.0;

/// Grid to latitude and longitude in radians on the Airy ellipsoid, by the series of the guide's annexe C.
fn on_airy(easting_m: f64, northing_m: f64) -> (f64, f64) {
    let e2 = AIRY.eccentricity_squared();
    let latitude = foot_latitude(northing_m);
    let (sin, cos, tan) = (latitude.sin(), latitude.cos(), latitude.tan());
    let nu = AIRY.major_m * SCALE / (1.0 - e2 * sin * sin).sqrt();
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
fn foot_latitude(northing_m: f64) -> f64 {
    let mut latitude = TRUE_ORIGIN_LATITUDE.to_radians();
    // The error shrinks by a factor of about 300 a round: five rounds suffice over the whole of the grid.
    for _ in 0..5 {
        let short_m = northing_m - TRUE_ORIGIN_NORTHING_M - meridian_arc(latitude);
        latitude += short_m / (AIRY.major_m * SCALE);
    }
    latitude
}

/// Metres along the central meridian from the true origin.
fn meridian_arc(latitude: f64) -> f64 {
    let n = (AIRY.major_m - AIRY.minor_m) / (AIRY.major_m + AIRY.minor_m);
    let origin = TRUE_ORIGIN_LATITUDE.to_radians();
    let (minus, plus) = (latitude - origin, latitude + origin);
    AIRY.minor_m
        * SCALE
        * ((1.0 + n + 1.25 * n.powi(2) + 1.25 * n.powi(3)) * minus
            - (3.0 * n + 3.0 * n.powi(2) + 2.625 * n.powi(3)) * minus.sin() * plus.cos()
            + (1.875 * n.powi(2) + 1.875 * n.powi(3)) * (2.0 * minus).sin() * (2.0 * plus).cos()
            - 35.0 / 24.0 * n.powi(3) * (3.0 * minus).sin() * (3.0 * plus).cos())
}

/// OSGB36 to WGS84, both in metres from the centre of the Earth.
fn to_wgs84([x, y, z]: [f64; 3]) -> [f64; 3] {
    let scale = 1.0 - 20.4894e-6;
    let seconds = |arc: f64| (arc / 3600.0).to_radians();
    let (rx, ry, rz) = (seconds(0.1502), seconds(0.2470), seconds(0.8421));
    [
        446.448 + x * scale - y * rz + z * ry,
        -125.157 + x * rz + y * scale - z * rx,
        542.060 - x * ry + y * rx + z * scale,
    ]
}

fn to_cartesian(ellipsoid: Ellipsoid, latitude: f64, longitude: f64) -> [f64; 3] {
    let e2 = ellipsoid.eccentricity_squared();
    let nu = ellipsoid.major_m / (1.0 - e2 * latitude.sin().powi(2)).sqrt();
    [nu * latitude.cos() * longitude.cos(), nu * latitude.cos() * longitude.sin(), nu * (1.0 - e2) * latitude.sin()]
}

fn from_cartesian(ellipsoid: Ellipsoid, [x, y, z]: [f64; 3]) -> (f64, f64) {
    let e2 = ellipsoid.eccentricity_squared();
    let across = x.hypot(y);
    let mut latitude = z.atan2(across * (1.0 - e2));
    // Near the Earth's surface two rounds are exact to a micrometre; the third is for certainty.
    for _ in 0..3 {
        let nu = ellipsoid.major_m / (1.0 - e2 * latitude.sin().powi(2)).sqrt();
        latitude = (z + e2 * nu * latitude.sin()).atan2(across);
    }
    (latitude, y.atan2(x))
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
        let (latitude, longitude) = on_airy(651_409.903, 313_177.270);
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

    /// Ordnance Survey's test points for the exact transformation, from corner to corner.
    #[test]
    fn points_from_scilly_to_inverness_are_met_within_five_metres() {
        let points = [
            ((91_492, 11_319), (49.922_263_94, -6.299_777_52)),
            ((424_639, 565_013), (54.979_122_74, -1.616_576_85)),
            ((267_057, 846_177), (57.486_250_01, -4.219_263_99)),
        ];
        for ((easting_m, northing_m), (latitude, longitude)) in points {
            let distance_m = distance_m(GridPoint { easting_m, northing_m }.into(), latitude, longitude);
            assert!(distance_m < 5.0, "{easting_m} {northing_m}: {distance_m} m");
        }
    }
}
