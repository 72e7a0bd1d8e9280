//! Telephone numbers in E.164 form. Knows no country's plan.

use std::fmt;

use thiserror::Error;

use crate::limits::{PHONE_DIGITS_MAX, PHONE_DIGITS_MIN};

/// A telephone number: country code and subscriber, 7–15 digits, the first not 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Phone(u64);

/// Why a text is not a telephone number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("give the telephone number with its country code, such as +441913341234")]
pub struct PhoneError;

impl Phone {
    /// Reads `+` and digits; blanks, hyphens, dots and brackets between them are skipped.
    pub fn parse(text: &str) -> Result<Phone, PhoneError> {
        let digits = text.trim().strip_prefix('+').ok_or(PhoneError)?;
        if digits.len() > 4 * PHONE_DIGITS_MAX {
            return Err(PhoneError);
        }
        let (mut number, mut count) = (0u64, 0);
        for c in digits.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')) {
            let digit = c.to_digit(10).ok_or(PhoneError)?;
            if (count == 0 && digit == 0) || count == PHONE_DIGITS_MAX {
                return Err(PhoneError);
            }
            (number, count) = (number * 10 + u64::from(digit), count + 1);
        }
        if count < PHONE_DIGITS_MIN { Err(PhoneError) } else { Ok(Phone(number)) }
    }

    /// The digits as a number, without the `+`.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Takes a number for the digits; none if there are too few or too many.
    pub fn new(number: u64) -> Option<Phone> {
        let digits = number.checked_ilog10().map_or(0, |log| log as usize + 1);
        (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits).then_some(Phone(number))
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        for typed in ["+441913341234", "+44 191 334-1234", " +44 (191) 334.1234 "] {
            assert_eq!(Phone::parse(typed).unwrap().to_string(), "+441913341234");
        }
        let long = format!("+{}", "1".repeat(16));
        for typed in ["", "+", "01913341234", "+0441913341234", "+44x", "+123456", &long, &"+ ".repeat(99)] {
            assert_eq!(Phone::parse(typed), Err(PhoneError), "{typed}");
        }
        assert_eq!(Phone::new(441913341234), Phone::parse("+441913341234").ok());
        assert_eq!(Phone::new(0).or(Phone::new(u64::MAX)), None);
    }
}
