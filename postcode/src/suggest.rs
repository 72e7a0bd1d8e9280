//! Guesses what a mistyped postcode meant: look-alikes that exist. Never corrects anything by itself. Pure look-ups in
//! the pack; knows no HTTP.

use order::postcode::{Postcode, suggestions};

use crate::limits;
use crate::pack::Pack;

/// Live postcodes that this well-formed but unknown one may have meant, the likeliest first.
#[must_use]
pub fn near(pack: &Pack, postcode: Postcode) -> Vec<String> {
    let text = characters(postcode);
    let swapped = suggestions(&postcode.to_string()).into_iter().map(|other| (Slip::Confused, characters(other)));
    ranked(pack, &text, swapped)
}

/// Live postcodes one slip away from a text that has not the shape of a postcode, such as one letter too many.
#[must_use]
pub fn close(pack: &Pack, text: &str) -> Vec<String> {
    let bare: Vec<u8> =
        text.bytes().filter(|byte| !byte.is_ascii_whitespace()).map(|b| b.to_ascii_uppercase()).collect();
    let is_near = (5..=8).contains(&bare.len()) && bare.iter().all(u8::is_ascii_alphanumeric);
    if is_near { ranked(pack, &bare, std::iter::empty()) } else { Vec::new() }
}

/// The live ones among these and among all that one slip makes of the text; if they are few, also those that two of the
/// commonest slips make of it.
fn ranked(pack: &Pack, text: &[u8], first: impl Iterator<Item = (Slip, Vec<u8>)>) -> Vec<String> {
    let mut found: Vec<(Slip, String)> = Vec::new();
    let mut look = |slip: Slip, candidate: &[u8]| {
        if candidate != text
            && let Some(live) = live(pack, candidate)
            && !found.iter().any(|(better, known)| *known == live && *better <= slip)
        {
            found.retain(|(_, known)| *known != live);
            found.push((slip, live));
        }
        found.len()
    };
    let mut count = 0;
    for (slip, candidate) in first.chain(slips(text)) {
        count = look(slip, &candidate);
    }
    if count < limits::SUGGESTIONS_MAX {
        for (_, once) in slips(text).filter(|(slip, _)| *slip <= Slip::Transposed) {
            for (_, twice) in slips(&once).filter(|(slip, _)| *slip <= Slip::Transposed) {
                look(Slip::Twice, &twice);
            }
        }
    }
    found.sort_by_key(|(slip, _)| *slip);
    found.truncate(limits::SUGGESTIONS_MAX);
    found.into_iter().map(|(_, live)| live).collect()
}

/// Live postcodes that a text of another shape may have meant: letters for digits, or signs between the halves.
#[must_use]
pub fn meant(pack: &Pack, text: &str) -> Vec<String> {
    let bare: String = text.chars().filter(|c| !matches!(c, '-' | '.' | '_' | '/' | ',' | '+')).collect();
    let plain = Postcode::parse(&bare).ok();
    let candidates = plain.into_iter().chain(suggestions(&bare));
    candidates.filter_map(|candidate| live(pack, &characters(candidate))).take(limits::SUGGESTIONS_MAX).collect()
}

/// How a typed text differs from the one that was meant; the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slip {
    /// Letters and digits that look alike.
    Confused,
    /// Two neighbouring characters in the wrong order.
    Transposed,
    /// The key beside the right one.
    BesideKey,
    /// One character too many, or one left out.
    Counted,
    /// Any other single character.
    Replaced,
    /// Two of the first two kinds.
    Twice,
}

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Pairs that are mistaken for one another in print, in handwriting and on the telephone.
const ALIKE: [&[u8; 2]; 16] =
    [b"0O", b"0D", b"0Q", b"OQ", b"1I", b"1L", b"IL", b"17", b"2Z", b"4A", b"5S", b"6G", b"8B", b"UV", b"MN", b"FS"];
const KEYBOARD: [&[u8]; 4] = [b"1234567890", b"QWERTYUIOP", b"ASDFGHJKL", b"ZXCVBNM"];

/// Every text that one slip turns into this one: about 600.
fn slips(text: &[u8]) -> impl Iterator<Item = (Slip, Vec<u8>)> {
    let replaced = (0..text.len()).flat_map(move |at| {
        ALPHABET.iter().map(move |with| {
            let mut other = text.to_vec();
            let slip = replacement(std::mem::replace(&mut other[at], *with), *with);
            (slip, other)
        })
    });
    let transposed = (1..text.len()).map(move |at| {
        let mut other = text.to_vec();
        other.swap(at - 1, at);
        (Slip::Transposed, other)
    });
    let shortened = (0..text.len()).map(move |at| {
        let mut other = text.to_vec();
        other.remove(at);
        (Slip::Counted, other)
    });
    let lengthened = (0..=text.len()).flat_map(move |at| {
        ALPHABET.iter().map(move |with| {
            let mut other = text.to_vec();
            other.insert(at, *with);
            (Slip::Counted, other)
        })
    });
    transposed.chain(replaced).chain(shortened).chain(lengthened)
}

fn replacement(typed: u8, meant: u8) -> Slip {
    if ALIKE.iter().any(|pair| pair.contains(&typed) && pair.contains(&meant)) {
        Slip::Confused
    } else if beside(typed, meant) {
        Slip::BesideKey
    } else {
        Slip::Replaced
    }
}

/// Whether two keys touch on a British keyboard, where each row begins half a key to the right of the one above.
fn beside(a: u8, b: u8) -> bool {
    let place = |key: u8| {
        let mut rows = (0_i32..).zip(KEYBOARD);
        rows.find_map(|(row, keys)| Some((row, keys.iter().position(|k| *k == key)? as i32 * 2 + row)))
    };
    let (Some((row, x)), Some((other_row, other_x))) = (place(a), place(b)) else { return false };
    (row - other_row).abs() <= 1 && (x - other_x).abs() <= 2
}

fn live(pack: &Pack, characters: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(characters).ok()?;
    let (outcode, incode) = text.split_at_checked(text.len().checked_sub(3)?)?;
    pack.find(outcode, incode).map(|_| format!("{outcode} {incode}"))
}

fn characters(postcode: Postcode) -> Vec<u8> {
    [postcode.outcode().as_str().as_bytes(), postcode.incode().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near_text(text: &str) -> Vec<String> {
        near(&Pack::embedded(), Postcode::parse(text).unwrap())
    }

    #[test]
    fn look_alikes_that_exist_come_first() {
        assert_eq!(near_text("DH7 3LE")[0], "DH1 3LE");
        assert_eq!(near_text("SV1A 2AA"), ["SW1A 2AA"]);
    }

    #[test]
    fn neighbours_in_the_wrong_order_are_found() {
        assert_eq!(near_text("EN1 7RU")[0], "NE1 7RU");
        assert!(near_text("DH1 3LS").contains(&"DH1 3SL".to_owned()));
    }

    #[test]
    fn two_common_slips_are_seen_through_where_one_is_not_enough() {
        let pack = Pack::embedded();
        // 7 for 1, and the last letters swapped.
        let slipped = |text: &str| {
            format!(
                "{}{}{}",
                text[..text.len() - 2].replace('1', "7"),
                &text[text.len() - 1..],
                &text[text.len() - 2..text.len() - 1]
            )
        };
        let all = pack.starting("ZE1 ", 100);
        let seen_through = all.iter().filter(|text| near_text(&slipped(text)).contains(text)).count();
        assert!(seen_through * 2 > all.len(), "{seen_through} of {}", all.len());
    }

    #[test]
    fn a_letter_too_many_or_too_few_is_seen_through() {
        let pack = Pack::embedded();
        assert_eq!(close(&pack, "EC1A1BBX")[0], "EC1A 1BB");
        assert!(close(&pack, "dh1 3l e x").contains(&"DH1 3LE".to_owned()));
        assert!(close(&pack, "W1A 1A").iter().all(|text| text.starts_with('W') || text.contains("1A")));
        for nonsense in ["", "FOO", "12345", "🍕🍕", "../..", "%2e%2", "\0\0\0\0\0", &"A".repeat(10_000)] {
            assert!(close(&pack, nonsense).is_empty(), "{nonsense:.20}");
        }
    }

    #[test]
    fn a_letter_left_out_is_found() {
        assert!(near_text("W1A 2AA").contains(&"SW1A 2AA".to_owned()), "{:?}", near_text("W1A 2AA"));
    }

    #[test]
    fn an_unknown_last_letter_suggests_those_beside_its_key() {
        assert_eq!(near_text("DH1 3LC")[..2], ["DH1 3LD", "DH1 3LF"]);
    }

    #[test]
    fn suggestions_exist_are_few_and_never_the_same_twice() {
        let pack = Pack::embedded();
        for text in ["ID1 1QE", "DN55 1PT", "W1A 0AX", "AB1 0AA", "L1 1AA", "ZZ9 9ZZ", "M1 1CC"] {
            let postcode = Postcode::parse(text).unwrap();
            let mut found = near(&pack, postcode);
            assert!(found.len() <= limits::SUGGESTIONS_MAX, "{found:?}");
            for live in &found {
                assert_ne!(live, text);
                let (outcode, incode) = live.split_once(' ').unwrap();
                assert!(pack.find(outcode, incode).is_some(), "{live}");
            }
            let count = found.len();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found.len(), count, "{text}");
        }
    }

    #[test]
    fn letters_for_digits_and_signs_between_the_halves_are_seen_through() {
        let pack = Pack::embedded();
        assert_eq!(meant(&pack, "SWIA 2AA"), ["SW1A 2AA"]);
        assert_eq!(meant(&pack, "SW1A OAA"), ["SW1A 0AA"]);
        assert_eq!(meant(&pack, "SW1A-1AA"), ["SW1A 1AA"]);
        for nonsense in ["", "FOO", "12345", "🍕", "../", "%2e", "\0\0\0\0\0", "ééé ééé", &"A".repeat(10_000)] {
            assert!(meant(&pack, nonsense).is_empty(), "{nonsense}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_does_harm(text in "\\PC{0,12}|[A-Za-z0-9 .-]{0,9}", outcode in "\\PC{0,5}", incode in "\\PC{0,4}") {
            let pack = Pack::embedded();
            let _ = meant(&pack, &text);
            let _ = pack.find(&outcode, &incode);
            let _ = pack.outcode(&outcode);
            if let Ok(postcode) = Postcode::parse(&text) {
                proptest::prop_assert!(near(&pack, postcode).len() <= limits::SUGGESTIONS_MAX);
            }
        }
    }

    #[test]
    fn keys_that_touch_are_beside_one_another() {
        for (a, b) in [(b'Q', b'W'), (b'Q', b'A'), (b'A', b'Z'), (b'2', b'W'), (b'P', b'0')] {
            assert!(beside(a, b) && beside(b, a), "{} {}", char::from(a), char::from(b));
        }
        assert!(!beside(b'Q', b'P') && !beside(b'1', b'Z') && !beside(b'A', b'G'));
    }
}
