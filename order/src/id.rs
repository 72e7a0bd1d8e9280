//! Names of things: order ids that cannot be guessed and sort by time, restaurant numbers, slugs. Draws no random bits itself.

use std::fmt;

use thiserror::Error;

use crate::limits;

/// An order's id, 128 bits: placement time (42 bits of ms), restaurant number (22 bits), random (64 bits).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId {
    /// Time and restaurant, so that ids sort by time and the group that owns one is computed from it.
    pub high: u64,
    /// The random half, so that ids cannot be guessed.
    pub low: u64,
}

/// A restaurant's number, below 2^22, given once and for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RestaurantNumber(u32);

/// A public name: lower-case letters, digits and single inner hyphens, such as `cathedral-pizza`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(Box<str>);

/// Why a text is not an order's id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum IdError {
    /// Hyphens aside, an id has 26 characters.
    #[error("read an order id: it has 26 characters, not {0}")]
    Length(usize),
    /// Crockford base32 has no such character.
    #[error("read an order id: {0:?} is not a digit or letter of it")]
    Character(char),
    /// 26 characters are 130 bits; the first may only hold three.
    #[error("read an order id: the first character is at most 7")]
    TooLarge,
}

/// Why a text is not a slug.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("read a name: give 1–64 lower-case letters, digits and single hyphens between them, such as cathedral-pizza")]
pub struct SlugError;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS: usize = 26;

impl OrderId {
    /// Puts an id together. A time beyond 42 bits is clamped to the last one.
    pub fn new(at_ms: u64, restaurant: RestaurantNumber, random: u64) -> OrderId {
        OrderId { high: at_ms.min(limits::AT_MS_MAX) << 22 | u64::from(restaurant.0), low: random }
    }

    /// When the order was placed, in ms since 1970.
    pub fn placed_at_ms(self) -> u64 {
        self.high >> 22
    }

    /// Whose order it is.
    pub fn restaurant(self) -> RestaurantNumber {
        RestaurantNumber((self.high & u64::from(limits::RESTAURANT_NUMBER_END - 1)) as u32)
    }

    /// All 128 bits.
    pub fn to_u128(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }

    /// Takes 128 bits for an id.
    pub fn from_u128(bits: u128) -> OrderId {
        OrderId { high: (bits >> 64) as u64, low: bits as u64 }
    }

    /// Reads 26 Crockford base32 characters. Lower case, I and L for 1, O for 0, and hyphens are accepted.
    pub fn parse(text: &str) -> Result<OrderId, IdError> {
        let count = text.chars().filter(|c| *c != '-').count();
        if count != CHARACTERS || text.len() > 4 * CHARACTERS {
            return Err(IdError::Length(count));
        }
        let mut bits: u128 = 0;
        for (place, c) in text.chars().filter(|c| *c != '-').enumerate() {
            let digit = digit(c).ok_or(IdError::Character(c))?;
            if place == 0 && digit > 7 {
                return Err(IdError::TooLarge);
            }
            bits = bits << 5 | u128::from(digit);
        }
        Ok(OrderId::from_u128(bits))
    }
}

fn digit(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    ALPHABET.iter().position(|a| char::from(*a) == c).map(|place| place as u8)
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.to_u128();
        let text: [u8; CHARACTERS] =
            std::array::from_fn(|i| ALPHABET[(bits >> (5 * (CHARACTERS - 1 - i)) & 31) as usize]);
        f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl RestaurantNumber {
    /// The least number.
    pub(crate) const FIRST: RestaurantNumber = RestaurantNumber(0);

    /// A number below 2^22.
    pub fn new(number: u32) -> Option<RestaurantNumber> {
        (number < limits::RESTAURANT_NUMBER_END).then_some(RestaurantNumber(number))
    }

    /// The number itself.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The bucket it belongs to for ever: its low 10 bits.
    pub fn bucket(self) -> u32 {
        self.0 % limits::BUCKETS
    }
}

impl Slug {
    /// Reads a slug; nothing is corrected.
    pub fn parse(text: &str) -> Result<Slug, SlugError> {
        let legal = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let hyphens = text.starts_with('-') || text.ends_with('-') || text.contains("--");
        if text.is_empty() || text.len() > limits::SLUG_BYTES_MAX || !legal || hyphens {
            Err(SlugError)
        } else {
            Ok(Slug(text.into()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_holds_time_restaurant_and_luck() {
        let number = RestaurantNumber::new(1_234_567).unwrap();
        let id = OrderId::new(1_800_000_000_000, number, 42);
        assert_eq!((id.placed_at_ms(), id.restaurant(), id.low), (1_800_000_000_000, number, 42));
        assert_eq!(OrderId::new(u64::MAX, number, 0).placed_at_ms(), limits::AT_MS_MAX);
        assert_eq!(number.bucket(), 1_234_567 % 1_024);
    }

    #[test]
    fn an_id_is_read_as_people_type_it() {
        let id = OrderId::parse("01JDABCDEFGHJKMNPQRSTVWXYZ").unwrap();
        assert_eq!(OrderId::parse("oljd-abcd-efgh-jkmn-pqrs-tvwxyz"), Ok(id));
        assert_eq!(id.to_string(), "01JDABCDEFGHJKMNPQRSTVWXYZ");
    }

    #[test]
    fn a_text_that_is_no_id_is_refused_with_the_reason() {
        assert_eq!(OrderId::parse(""), Err(IdError::Length(0)));
        assert_eq!(OrderId::parse(&"0".repeat(27)), Err(IdError::Length(27)));
        assert_eq!(OrderId::parse(&format!("8{}", "0".repeat(25))), Err(IdError::TooLarge));
        assert_eq!(OrderId::parse(&format!("0{}", "U".repeat(25))), Err(IdError::Character('U')));
        assert_eq!(OrderId::parse(&"é".repeat(26)), Err(IdError::Character('é')));
        assert!(OrderId::parse(&"-".repeat(10_000)).is_err());
    }

    #[test]
    fn a_slug_has_one_form() {
        assert!(Slug::parse("cathedral-pizza").is_ok());
        assert!(
            ["", "-a", "a-", "a--b", "A", "a b", "é", &"a".repeat(65)].iter().all(|text| Slug::parse(text).is_err())
        );
    }

    proptest! {
        #[test]
        fn every_id_survives_being_written_and_read(bits: u128) {
            let id = OrderId::from_u128(bits);
            prop_assert_eq!(OrderId::parse(&id.to_string()), Ok(id));
            prop_assert_eq!(OrderId::parse(&id.to_string().to_lowercase()), Ok(id));
            prop_assert_eq!(id.to_u128(), bits);
        }

        #[test]
        fn ids_sort_by_time(early in 0..limits::AT_MS_MAX, a: u64, b: u64) {
            let number = RestaurantNumber::new(7).unwrap();
            prop_assert!(OrderId::new(early, number, a) < OrderId::new(early + 1, number, b));
            prop_assert!(OrderId::new(early, number, a).to_string() < OrderId::new(early + 1, number, b).to_string());
        }
    }
}
