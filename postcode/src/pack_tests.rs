//! Tests of the pack: what it counts, what it answers, and that all of it is what the script put in.

use super::*;
use crate::grid::Position;

/// CRC-32 as in zip files, of a text given in pieces.
struct Crc32(u32);

impl Crc32 {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = TABLE[((self.0 ^ u32::from(*byte)) & 255) as usize] ^ (self.0 >> 8);
        }
    }
}

static TABLE: std::sync::LazyLock<[u32; 256]> = std::sync::LazyLock::new(|| {
    std::array::from_fn(|i| (0..8).fold(i as u32, |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 }))
});

fn find(postcode: &str) -> Option<Entry> {
    let (outcode, incode) = postcode.split_once(' ').unwrap();
    Pack::embedded().find(outcode, incode)
}

#[test]
fn the_pack_is_below_six_megabytes_and_whole() {
    assert!(BYTES.len() < 6_000_000, "{} bytes", BYTES.len());
    let mut crc = Crc32(u32::MAX);
    crc.add(&BYTES[64..]);
    assert_eq!(!crc.0, header()[8]);
}

/// The text that pack/make.py prints the digest of, written from what this reader sees.
#[test]
fn every_postcode_point_and_district_comes_out_as_it_was_packed() {
    use std::fmt::Write;
    let pack = Pack::embedded();
    let number = |name| pack.districts.iter().position(|district| *district == name).unwrap() + 1;
    let numbers: std::collections::HashMap<_, _> = pack.districts.iter().map(|name| (*name, number(*name))).collect();
    let (mut crc, mut line, mut count, mut pointless) = (Crc32(u32::MAX), String::new(), 0, 0);
    pack.each(|postcode, entry| {
        let point = entry.point.unwrap_or(GridPoint { easting_m: 0, northing_m: 0 });
        let district = entry.district.map_or(0, |name| numbers[name]);
        line.clear();
        writeln!(line, "{postcode} {} {} {district}", point.easting_m, point.northing_m).unwrap();
        crc.add(line.as_bytes());
        count += 1;
        pointless += usize::from(entry.point.is_none());
    });
    assert_eq!((count, pointless), (1_739_998, 964));
    assert_eq!((pack.len(), pack.pointless()), (1_739_998, 964));
    assert_eq!(!crc.0, 0x9339_5c23, "differs from the listing's digest in pack/README.md");
}

#[test]
fn looking_up_agrees_with_reading_through() {
    let pack = Pack::embedded();
    let mut at = 0;
    pack.each(|postcode, entry| {
        at += 1;
        // Every postcode of every 37th sector or so: a prime step meets every place within groups.
        if at % 37 == 0 {
            let (outcode, incode) = postcode.split_once(' ').unwrap();
            assert_eq!(pack.find(outcode, incode), Some(entry), "{postcode}");
        }
    });
}

#[test]
fn one_live_postcode_of_every_form_is_found() {
    let live = [
        "DH1 3LE", "NE1 7RU", "SW1A 2AA", "M1 1AE", "B33 8TH", "CR2 6XH", "SW12 8PW", "W1A 1AA", "EC1A 1BB", "N1C 4AG",
        "SE1P 5LX", "ZE1 0AA", "SW1A 0AA", "EX16 5BL", "DH1 4SG",
    ];
    for postcode in live {
        assert!(find(postcode).is_some(), "{postcode}");
    }
}

#[test]
fn postcodes_of_the_past_of_elsewhere_and_of_nowhere_are_not_found() {
    let absent = [
        "AB1 0AA", "E1W 1UU", "W1N 4DJ", "NE6 1YD", "L1 1AA", "DN55 1PT", "W1A 0AX", // no longer live
        "ID1 1QE", "PR3 9ZZ", // never were
        "BX1 1LT", "BT7 1NN", "JE2 4WD", "GY1 1AA", "GIR 0AA", "BFPO 1AA", "ASCN 1ZZ", // not Code-Point's
    ];
    for postcode in absent {
        assert_eq!(find(postcode), None, "{postcode}");
    }
}

#[test]
fn known_places_have_the_published_position_and_district() {
    // Latitudes and longitudes as the Office for National Statistics publishes them.
    let known = [
        ("BR8 7RE", 51.411_831, 0.178_871, "Sevenoaks"),
        ("DH1 3LE", 54.768_11, -1.571_87, "County Durham"),
        ("NE1 7RU", 54.980_32, -1.615_71, "Newcastle upon Tyne"),
        ("SW1A 2AA", 51.5035, -0.1277, "Westminster"),
    ];
    for (postcode, latitude, longitude, district) in known {
        let entry = find(postcode).unwrap();
        let position = Position::from(entry.point.unwrap());
        // The last two are given to four or five decimals only: 1e-4 of a degree is 11 m.
        assert!((position.latitude - latitude).abs() < 5e-5, "{postcode}: {position:?}");
        assert!((position.longitude - longitude).abs() < 8e-5, "{postcode}: {position:?}");
        assert_eq!(entry.district, Some(district), "{postcode}");
    }
    assert_eq!(find("BR8 7RE").unwrap().point, Some(GridPoint { easting_m: 551_626, northing_m: 170_342 }));
}

#[test]
fn a_postcode_published_at_zero_zero_has_no_point() {
    assert_eq!(find("AB43 1AG").unwrap().point, None);
}

#[test]
fn the_day_of_the_data_is_known() {
    assert_eq!(Pack::embedded().edition_ms(), 1_759_104_000_000, "2025-09-29T00:00:00Z");
    assert_eq!(
        (days_since_1970(1970, 1, 1), days_since_1970(2000, 2, 29), days_since_1970(2000, 3, 1)),
        (0, 11_016, 11_017)
    );
}

#[test]
fn every_point_lies_in_great_britain() {
    Pack::embedded().each(|postcode, entry| {
        if let Some(GridPoint { easting_m, northing_m }) = entry.point {
            assert!((60_000..660_000).contains(&easting_m), "{postcode}");
            assert!((5_000..1_220_000).contains(&northing_m), "{postcode}");
        }
    });
}

#[test]
fn an_outcode_is_summed_up_from_its_postcodes() {
    let pack = Pack::embedded();
    let durham = pack.outcode("DH1").unwrap();
    let centre = Position::from(durham.centre.unwrap());
    assert!((centre.latitude - 54.78).abs() < 0.02 && (centre.longitude + 1.57).abs() < 0.03, "{centre:?}");
    assert!((500..2_000).contains(&durham.postcodes), "{}", durham.postcodes);
    for absent in ["", "D", "DH", "DH77", "DH1 3", "dh1", "ÄÄ1", "BT7", "ZZZZZ"] {
        assert_eq!(pack.outcode(absent), None, "{absent}");
    }
}

#[test]
fn nonsense_is_not_found_and_does_no_harm() {
    let pack = Pack::embedded();
    for (outcode, incode) in [("", ""), ("DH1", ""), ("DH1", "3L"), ("DH1", "3LEE"), ("é1", "3LE"), ("DH1", "3é")] {
        assert_eq!(pack.find(outcode, incode), None);
    }
}
