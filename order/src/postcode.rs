//! UK postcodes: reading them loosely, writing them in one form, and guessing what a mistyped one meant. Knows shapes only, not which ones exist.

use std::fmt;

use thiserror::Error;

use crate::limits;

/// A postcode of a right shape, in canonical form (`DH1 3LE`). That it exists is for the adapter to say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Postcode {
    outcode: Outcode,
    incode: [u8; 3],
}

/// The first half of a postcode: a post town's district (`DH1`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcode([u8; 4]);

/// The outcode and the first digit after it (`DH1 3`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sector {
    /// The outcode.
    pub outcode: Outcode,
    /// The digit, 0–9.
    pub digit: u8,
}

/// What an area's postcodes can be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// A place in Great Britain.
    Ordinary,
    /// BT: Northern Ireland, whose coordinates are on the Irish grid and not open data.
    NorthernIreland,
    /// JE, GY, IM: no open coordinates.
    CrownDependency,
    /// BX: a bank or office without a place; real, but nothing can be delivered there.
    NonGeographic,
    /// GIR 0AA: a bank, by history.
    Giro,
    /// BF1: forces post offices, anywhere in the world.
    Forces,
    /// ASCN 1ZZ and its like: overseas territories.
    Overseas,
}

/// Why a text is not a postcode. Each message says what to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PostcodeError {
    /// Nothing but blanks.
    #[error("give a postcode such as DH1 3LE")]
    Empty,
    /// Longer than any postcode with any blanks.
    #[error("give a postcode such as DH1 3LE; {0} bytes are too many for one")]
    TooLong(usize),
    /// The first half alone.
    #[error("give the whole postcode: {0} is only its first half")]
    OutcodeOnly(Outcode),
    /// A BFPO number.
    #[error("give the BF1 postcode in place of the BFPO number")]
    Bfpo,
    /// Not the shape of one.
    #[error("give a UK postcode such as DH1 3LE; this has another shape")]
    Shape,
}

const OVERSEAS: [&[u8]; 9] = [b"ASCN", b"BBND", b"BIQQ", b"FIQQ", b"PCRN", b"SIQQ", b"STHL", b"TDCU", b"TKCA"];
const GIRO: &[u8] = b"GIR";

impl Postcode {
    /// Reads a postcode: any case, blanks around it and before its last three characters, full-width letters.
    pub fn parse(text: &str) -> Result<Postcode, PostcodeError> {
        let typed = Typed::read(text)?;
        let all = typed.characters();
        let split = all.len().saturating_sub(3);
        if let Some(blank) = typed.blank_before
            && blank != split
        {
            return Err(typed.refusal());
        }
        let (front, back) = all.split_at(split);
        let incode: [u8; 3] = back.try_into().map_err(|_| typed.refusal())?;
        let shaped = incode[0].is_ascii_digit() && incode[1].is_ascii_alphabetic() && incode[2].is_ascii_alphabetic();
        match Outcode::of(front) {
            Some(outcode) if shaped => Ok(Postcode { outcode, incode }),
            None if (front == GIRO && &incode == b"0AA") || (OVERSEAS.contains(&front) && &incode == b"1ZZ") => {
                Ok(Postcode { outcode: Outcode::padded(front), incode })
            }
            _ => Err(typed.refusal()),
        }
    }

    /// The first half.
    pub fn outcode(self) -> Outcode {
        self.outcode
    }

    /// The last three characters.
    pub fn incode(&self) -> &str {
        std::str::from_utf8(&self.incode).expect("only ASCII is stored")
    }

    /// The outcode and the digit after it.
    pub fn sector(self) -> Sector {
        Sector { outcode: self.outcode, digit: self.incode[0] - b'0' }
    }

    /// What can be expected of its area.
    pub fn class(self) -> Class {
        self.outcode.class()
    }

    /// Seven bytes without a blank, the outcode padded with zeros to four: a compact key.
    pub fn to_bytes(self) -> [u8; 7] {
        let (o, i) = (self.outcode.0, self.incode);
        [o[0], o[1], o[2], o[3], i[0], i[1], i[2]]
    }

    /// Reads what `to_bytes` wrote.
    pub fn from_bytes(bytes: [u8; 7]) -> Option<Postcode> {
        let text = std::str::from_utf8(&bytes).ok()?.replace('\0', "");
        Postcode::parse(&text).ok().filter(|postcode| postcode.to_bytes() == bytes)
    }
}

impl Outcode {
    /// Reads an outcode such as `DH1`, any case, blanks around it.
    pub fn parse(text: &str) -> Result<Outcode, PostcodeError> {
        let typed = Typed::read(text)?;
        let all = typed.characters();
        Outcode::of(all).filter(|_| typed.blank_before.is_none()).ok_or(PostcodeError::Shape)
    }

    /// One or two letters, a digit, perhaps a letter or digit: looser than the rules, as the outside services are.
    fn of(front: &[u8]) -> Option<Outcode> {
        let letters = front.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let rest = &front[letters..];
        let shaped = matches!(rest, [d] | [d, _] if d.is_ascii_digit()) && (1..=2).contains(&letters);
        shaped.then(|| Outcode::padded(front))
    }

    fn padded(front: &[u8]) -> Outcode {
        Outcode(std::array::from_fn(|i| front.get(i).copied().unwrap_or(0)))
    }

    /// The text, `DH1`.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..length]).expect("only ASCII is stored")
    }

    /// The letters it begins with, `DH`.
    pub fn area(&self) -> &str {
        let letters = self.0.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        &self.as_str()[..letters]
    }

    /// What can be expected of its area.
    pub fn class(self) -> Class {
        match self.area() {
            "BT" => Class::NorthernIreland,
            "JE" | "GY" | "IM" => Class::CrownDependency,
            "BX" => Class::NonGeographic,
            "GIR" => Class::Giro,
            "BF" => Class::Forces,
            area if area.len() == 4 => Class::Overseas,
            _ => Class::Ordinary,
        }
    }
}

/// What was typed: upper case, blanks taken out, and where the only run of inner blanks was.
struct Typed {
    bytes: [u8; 8],
    length: usize,
    blank_before: Option<usize>,
}

impl Typed {
    fn read(text: &str) -> Result<Typed, PostcodeError> {
        if text.len() > limits::POSTCODE_INPUT_BYTES_MAX {
            return Err(PostcodeError::TooLong(text.len()));
        }
        let mut typed = Typed { bytes: [0; 8], length: 0, blank_before: None };
        let mut blank = false;
        for c in text.chars() {
            let Some(c) = narrow(c) else {
                blank = true;
                continue;
            };
            if blank && typed.length > 0 && typed.blank_before.replace(typed.length).is_some() {
                return Err(PostcodeError::Shape);
            }
            blank = false;
            if !c.is_ascii_alphanumeric() || typed.length == typed.bytes.len() {
                return Err(PostcodeError::Shape);
            }
            typed.bytes[typed.length] = (c as u8).to_ascii_uppercase();
            typed.length += 1;
        }
        if typed.length == 0 { Err(PostcodeError::Empty) } else { Ok(typed) }
    }

    fn characters(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn refusal(&self) -> PostcodeError {
        let all = self.characters();
        if all.starts_with(b"BFPO") {
            return PostcodeError::Bfpo;
        }
        match Outcode::of(all) {
            Some(outcode) if self.blank_before.is_none() => PostcodeError::OutcodeOnly(outcode),
            _ => PostcodeError::Shape,
        }
    }
}

/// Full-width forms become ASCII, as Unicode's compatibility form does; blanks of every kind become `None`.
fn narrow(c: char) -> Option<char> {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0),
        '\u{200B}' | '\u{2060}' | '\u{FEFF}' => None,
        c if c.is_whitespace() => None,
        c => Some(c),
    }
}

/// Postcodes that a text may have meant, taking O for 0 and I or L for 1 and the reverse, fewest changes first.
///
/// They are of the right shape; whether they exist is for the caller to check. The text itself is not among them.
pub fn suggestions(text: &str) -> Vec<Postcode> {
    let Ok(typed) = Typed::read(text) else { return Vec::new() };
    let places: Vec<usize> = (0..typed.length).filter(|i| twin(typed.bytes[*i]).is_some()).collect();
    let mut found: Vec<(u32, Postcode)> = (1u32..1 << places.len())
        .filter_map(|mask| {
            let mut bytes = typed.bytes;
            for (bit, place) in places.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1) {
                debug_assert!(bit < places.len());
                bytes[*place] = twin(bytes[*place])?;
            }
            let postcode = Postcode::parse(std::str::from_utf8(&bytes[..typed.length]).ok()?).ok()?;
            Some((mask.count_ones(), postcode))
        })
        .collect();
    found.sort_unstable();
    let mut postcodes: Vec<Postcode> = Vec::new();
    for (_, postcode) in found {
        if !postcodes.contains(&postcode) {
            postcodes.push(postcode);
        }
    }
    postcodes.truncate(limits::SUGGESTIONS_MAX);
    postcodes
}

fn twin(byte: u8) -> Option<u8> {
    match byte {
        b'O' => Some(b'0'),
        b'0' => Some(b'O'),
        b'I' | b'L' => Some(b'1'),
        b'1' => Some(b'I'),
        _ => None,
    }
}

impl fmt::Display for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.outcode.as_str(), self.incode())
    }
}

impl fmt::Debug for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Outcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Outcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.outcode, self.digit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        Postcode::parse(text).map(|postcode| postcode.to_string()).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn every_way_of_typing_a_postcode_gives_its_one_form() {
        for typed in
            ["DH1 3LE", "dh13le", " DH1  3LE ", "DH1\u{a0}3LE", "DH1\t3LE", "ＤＨ１　３ＬＥ", "\u{feff}dh1 3le\n"]
        {
            assert_eq!(canonical(typed), "DH1 3LE", "{typed:?}");
        }
        assert_eq!(canonical("M1  1AE"), "M1 1AE");
        assert_eq!(canonical("EX165BL"), "EX16 5BL");
    }

    #[test]
    fn every_format_and_edge_is_accepted() {
        let live =
            "NE1 7RU,SW1A 2AA,M1 1AE,B33 8TH,CR2 6XH,SW12 8PW,W1A 1AA,EC1A 1BB,N1C 4AG,SE1P 5LX,ZE1 0AA,AB43 1AG";
        let dead = "AB1 0AA,E1W 1UU,W1N 4DJ,NE6 1YD,L1 1AA,DN55 1PT,W1A 0AX,ID1 1QE";
        let special = "BX1 1LT,BT7 1NN,JE2 4WD,GY1 1AA,GIR 0AA,ASCN 1ZZ,BF1 2AA,BR8 7RE,PR3 0SG";
        for postcode in [live, dead, special].iter().flat_map(|list| list.split(',')) {
            assert_eq!(canonical(postcode), postcode);
            assert_eq!(canonical(&postcode.replace(' ', "").to_lowercase()), postcode);
        }
    }

    #[test]
    fn what_is_no_postcode_is_refused() {
        let long = "A".repeat(10_000);
        let texts = [
            "", "  ", "FOO", "12345", "M1 1A", "EC1A1BBX", "SW1A-1AA", &long, "../", "%2e", "🍕", "S W1A2AA",
            "GIR 1AA", "SWIA 2AA", "SW1A OAA",
        ];
        for text in texts {
            assert!(Postcode::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(Postcode::parse(&long), Err(PostcodeError::TooLong(10_000)));
        assert_eq!(Postcode::parse(" \t"), Err(PostcodeError::Empty));
        assert_eq!(Postcode::parse("dh1"), Err(PostcodeError::OutcodeOnly(Outcode::parse("DH1").unwrap())));
        assert_eq!(Postcode::parse("BFPO 801"), Err(PostcodeError::Bfpo));
    }

    #[test]
    fn a_confusion_of_letters_and_digits_is_suggested_never_corrected() {
        let suggested = |text| suggestions(text).iter().map(Postcode::to_string).collect::<Vec<_>>();
        assert_eq!(suggested("SWIA 2AA"), ["SW1A 2AA"]);
        assert_eq!(suggested("SW1A OAA"), ["SW1A 0AA"]);
        assert_eq!(suggested("dhl 3le"), ["DH1 3LE"]);
        assert!(suggested("S01 1AA").contains(&"SO1 1AA".to_owned()));
        assert!(suggested("FOO").is_empty() && suggested("").is_empty() && suggested(&"O".repeat(999)).is_empty());
        assert!(suggestions("OOOO OOO").len() <= limits::SUGGESTIONS_MAX);
    }

    #[test]
    fn halves_and_sectors_are_taken_apart() {
        let postcode = Postcode::parse("SW1A 2AA").unwrap();
        assert_eq!((postcode.outcode().as_str(), postcode.incode(), postcode.outcode().area()), ("SW1A", "2AA", "SW"));
        assert_eq!(postcode.sector().to_string(), "SW1A 2");
        assert!(["", "DH", "DH1 3LE", "DH 1", "1DH", "DH123"].iter().all(|text| Outcode::parse(text).is_err()));
    }

    #[test]
    fn special_areas_are_known() {
        let class = |text| Postcode::parse(text).unwrap().class();
        assert_eq!(class("DH1 3LE"), Class::Ordinary);
        assert_eq!(class("BX1 1LT"), Class::NonGeographic);
        assert_eq!(class("GIR 0AA"), Class::Giro);
        assert_eq!(class("BF1 2AA"), Class::Forces);
        assert_eq!(class("BT7 1NN"), Class::NorthernIreland);
        assert_eq!(class("B7 1NN"), Class::Ordinary);
        assert_eq!(["JE2 4WD", "GY1 1AA", "IM1 1AA"].map(class), [Class::CrownDependency; 3]);
        assert_eq!(class("STHL 1ZZ"), Class::Overseas);
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_the_form_is_stable(text in "\\PC{0,12}|[A-Za-z0-9 ]{0,9}|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}") {
            suggestions(&text);
            if let Ok(postcode) = Postcode::parse(&text) {
                prop_assert_eq!(Postcode::parse(&postcode.to_string()), Ok(postcode));
                prop_assert_eq!(Postcode::from_bytes(postcode.to_bytes()), Some(postcode));
            }
        }
    }
}
