//! Countries as far as postcodes go: the shapes of their codes and where on the globe they lie. A table; knows no service.

use crate::grid::Position;

/// A country's two letters (ISO 3166-1), in capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// Great Britain, where nothing else is said.
pub const BRITAIN: Country = Country(*b"GB");

/// One country of the table.
struct Land {
    country: Country,
    /// `9` stands for a digit, `A` for a letter; anything else is written between them, and may be left out by people.
    shape: &'static str,
    /// South, west, north, east, in degrees; generous by some kilometres.
    bounds: [f64; 4],
}

const fn land(letters: &[u8; 2], shape: &'static str, bounds: [f64; 4]) -> Land {
    Land { country: Country(*letters), shape, bounds }
}

/// Where the shape is known. Elsewhere any three to ten letters and digits will do.
const LANDS: [Land; 22] = [
    land(b"AT", "9999", [46.2, 9.3, 49.2, 17.3]),
    land(b"AU", "9999", [-55.2, 72.0, -9.0, 168.2]),
    land(b"BE", "9999", [49.4, 2.4, 51.6, 6.5]),
    land(b"BR", "99999-999", [-34.0, -74.1, 5.4, -28.6]),
    land(b"CH", "9999", [45.7, 5.8, 47.9, 10.6]),
    land(b"CZ", "999 99", [48.5, 12.0, 51.1, 18.9]),
    land(b"DE", "99999", [47.2, 5.7, 55.2, 15.2]),
    land(b"DK", "9999", [54.4, 7.9, 58.0, 15.4]),
    land(b"ES", "99999", [27.4, -18.4, 44.0, 4.5]),
    land(b"FI", "99999", [59.3, 19.0, 70.3, 31.7]),
    // The overseas departments have codes of the same kind, so the bounds are the globe's.
    land(b"FR", "99999", [-90.0, -180.0, 90.0, 180.0]),
    land(b"GB", "", [49.0, -9.5, 61.5, 2.5]),
    land(b"IT", "99999", [35.2, 6.5, 47.2, 18.6]),
    land(b"JP", "999-9999", [20.0, 122.0, 46.0, 154.5]),
    land(b"LI", "9999", [47.0, 9.4, 47.4, 9.7]),
    land(b"LU", "9999", [49.4, 5.7, 50.3, 6.6]),
    land(b"NL", "9999 AA", [50.6, 3.2, 53.8, 7.4]),
    land(b"PL", "99-999", [48.9, 14.0, 55.1, 24.3]),
    land(b"PT", "9999-999", [29.8, -31.6, 42.3, -6.0]),
    land(b"SE", "999 99", [55.1, 10.8, 69.2, 24.4]),
    land(b"SG", "999999", [1.1, 103.5, 1.6, 104.5]),
    land(b"US", "99999", [13.0, -180.0, 72.0, 180.0]),
];

impl Country {
    /// Reads two letters of any case. Jersey, Guernsey and Man count as Britain, whose postcodes they have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Country> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        let letters = letters.map(|letter| letter.to_ascii_uppercase());
        match &letters {
            b"JE" | b"GG" | b"IM" | b"UK" => Some(BRITAIN),
            _ => letters.iter().all(u8::is_ascii_uppercase).then_some(Country(letters)),
        }
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII is stored")
    }

    /// The shape of its codes, if it is in the table.
    #[must_use]
    pub fn shape(self) -> Option<&'static str> {
        LANDS.iter().find(|land| land.country == self).map(|land| land.shape)
    }

    /// Whether a position can lie in it. Nothing is known of countries outside the table: there, anywhere will do.
    #[must_use]
    pub fn contains(self, position: Position) -> bool {
        let [south, west, north, east] =
            LANDS.iter().find(|land| land.country == self).map_or([-90.0, -180.0, 90.0, 180.0], |land| land.bounds);
        (south..=north).contains(&position.latitude) && (west..=east).contains(&position.longitude)
    }
}

impl std::fmt::Debug for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_islands_have_british_postcodes_and_nonsense_is_no_country() {
        assert!(["gb", "GB", "je", "GG", "im", "uk"].iter().all(|text| Country::parse(text) == Some(BRITAIN)));
        assert_eq!(Country::parse("nl").map(|nl| nl.as_str().to_owned()).as_deref(), Some("NL"));
        assert!(["", "N", "NLD", "1L", "🇳🇱", "é"].iter().all(|text| Country::parse(text).is_none()));
    }

    #[test]
    fn bounds_hold_their_capitals_and_not_each_other() {
        let at = |latitude, longitude| Position { latitude, longitude };
        let holds = |country, position| Country::parse(country).unwrap().contains(position);
        assert!(holds("GB", at(51.5, -0.1)) && holds("NL", at(52.4, 4.9)) && holds("SG", at(1.3, 103.8)));
        assert!(!holds("GB", at(0.0, 0.0)) && !holds("GB", at(48.86, 2.35)) && !holds("SG", at(52.4, 4.9)));
        assert!(holds("ZZ", at(-80.0, 170.0)) && !holds("GB", at(f64::NAN, 0.0)));
    }
}
