//! What is asked about: a postcode of some country, in one form. Knows shapes; knows no service and not what exists.

use std::fmt;

use order::postcode::{Class, Postcode, PostcodeError};

use crate::country::{BRITAIN, Country};

/// A postcode of a right shape, and its country.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Of Great Britain, Northern Ireland or the islands around them.
    British(Postcode),
    /// Of another country.
    Foreign(Country, Foreign),
}

/// A code as its country writes it: capitals, digits, one blank or hyphen where it belongs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Foreign {
    bytes: [u8; LENGTH_MAX],
    length: u8,
}

/// The longest code with its sign: those of Iran have ten digits.
const LENGTH_MAX: usize = 11;
/// Bytes of what people type, blanks and full-width forms included.
const TYPED_BYTES_MAX: usize = 64;

/// Why a text is not a code of its country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// Not a British one.
    British(PostcodeError),
    /// Not of this shape, which is the one its country has.
    Shape(&'static str),
    /// Not three to ten letters and digits.
    Length,
}

impl Code {
    /// Reads a code of this country, any case, with or without its blank or hyphen.
    ///
    /// # Errors
    /// If it has not the shape of one.
    pub fn parse(country: Country, text: &str) -> Result<Code, CodeError> {
        if country == BRITAIN {
            return Postcode::parse(text).map(Code::British).map_err(CodeError::British);
        }
        let compact = compact(text).ok_or(country.shape().map_or(CodeError::Length, CodeError::Shape))?;
        let written = match country.shape() {
            Some(shape) => written(shape, &compact).ok_or(CodeError::Shape(shape))?,
            None if (3..=10).contains(&compact.len()) => compact,
            None => return Err(CodeError::Length),
        };
        Ok(Code::Foreign(country, Foreign::new(&written)))
    }

    /// The country.
    #[must_use]
    pub fn country(self) -> Country {
        match self {
            Code::British(_) => BRITAIN,
            Code::Foreign(country, _) => country,
        }
    }

    /// The British postcode, if it is one.
    #[must_use]
    pub fn british(self) -> Option<Postcode> {
        match self {
            Code::British(postcode) => Some(postcode),
            Code::Foreign(..) => None,
        }
    }

    /// Whether it is of an ordinary place in Great Britain, which is what the pack knows.
    #[must_use]
    pub fn is_in_pack_land(self) -> bool {
        self.british().is_some_and(|postcode| postcode.class() == Class::Ordinary)
    }

    /// Letters and digits alone, as most services want it.
    #[must_use]
    pub fn compact(self) -> String {
        self.to_string().chars().filter(char::is_ascii_alphanumeric).collect()
    }

    /// Whether a text that a service returned means this very code.
    #[must_use]
    pub fn is_meant_by(self, text: &str) -> bool {
        Code::parse(self.country(), text) == Ok(self)
    }
}

/// Capitals and digits of what was typed; `None` if there is anything else but blanks and hyphens.
fn compact(text: &str) -> Option<Vec<u8>> {
    if text.len() > TYPED_BYTES_MAX {
        return None;
    }
    let narrow = text.chars().map(|c| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        // Japan writes its hyphen in many ways.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' => '-',
        c => c,
    });
    let kept = narrow.filter(|c| !c.is_whitespace() && *c != '-');
    kept.map(|c| c.is_ascii_alphanumeric().then_some(c.to_ascii_uppercase() as u8)).collect()
}

/// Puts the letters and digits into the shape; `None` if they do not fit.
fn written(shape: &str, compact: &[u8]) -> Option<Vec<u8>> {
    let mut left = compact.iter().copied();
    let fitted: Option<Vec<u8>> = shape
        .bytes()
        .map(|place| match place {
            b'9' => left.next().filter(u8::is_ascii_digit),
            b'A' => left.next().filter(u8::is_ascii_alphabetic),
            sign => Some(sign),
        })
        .collect();
    fitted.filter(|_| left.next().is_none())
}

impl Foreign {
    fn new(written: &[u8]) -> Self {
        let mut bytes = [0; LENGTH_MAX];
        bytes[..written.len()].copy_from_slice(written);
        Self { bytes, length: written.len() as u8 }
    }

    /// As its country writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("only ASCII is stored")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Code::British(postcode) => postcode.fmt(f),
            Code::Foreign(_, code) => f.write_str(code.as_str()),
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.country().as_str())
    }
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodeError::British(error) => error.fmt(f),
            CodeError::Shape(shape) => {
                write!(f, "give a postcode of the form {shape} (9 for a digit, A for a letter) in this country")
            }
            CodeError::Length => f.write_str("give a postcode of three to ten letters and digits in this country"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(country: &str, text: &str) -> Option<String> {
        Code::parse(Country::parse(country).unwrap(), text).ok().map(|code| code.to_string())
    }

    #[test]
    fn every_way_of_typing_a_foreign_code_gives_its_one_form() {
        for (country, typed, expected) in [
            ("NL", "1012js", "1012 JS"),
            ("NL", " 1012  JS ", "1012 JS"),
            ("JP", "1000001", "100-0001"),
            ("JP", "１００ー０００１", "100-0001"),
            ("BR", "01001-000", "01001-000"),
            ("SG", "307 987", "307987"),
            ("GB", "dh13le", "DH1 3LE"),
            ("CA", "k1a 0b1", "K1A0B1"),
        ] {
            assert_eq!(form(country, typed).as_deref(), Some(expected), "{country} {typed}");
        }
    }

    #[test]
    fn what_is_no_code_of_its_country_is_refused() {
        let long = "1".repeat(10_000);
        for (country, typed) in [
            ("NL", "1012"),
            ("NL", "JS1012"),
            ("SG", "30798"),
            ("SG", "3079877"),
            ("DE", "1011S"),
            ("DE", "../10"),
            ("DE", "%2e%2e%2f"),
            ("BR", "🍕"),
            ("US", "9021\0"),
            ("ZZ", "12"),
            ("ZZ", long.as_str()),
            ("FR", long.as_str()),
            ("GB", "FOO"),
        ] {
            assert_eq!(form(country, typed), None, "{country} {typed:.20}");
        }
    }

    #[test]
    fn a_code_is_known_again_in_a_service_s_spelling() {
        let code = Code::parse(Country::parse("JP").unwrap(), "100-0001").unwrap();
        assert!(code.is_meant_by("1000001") && !code.is_meant_by("1000002") && !code.is_meant_by(""));
        assert_eq!(code.compact(), "1000001");
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics_and_the_form_is_stable(country in "[A-Z]{2}", text in "\\PC{0,14}|[0-9A-Z -]{0,12}") {
            let country = Country::parse(&country).unwrap();
            if let Ok(code) = Code::parse(country, &text) {
                proptest::prop_assert!(code.is_meant_by(&code.to_string()));
            }
        }
    }
}
