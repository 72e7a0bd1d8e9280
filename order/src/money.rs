//! Money: whole minor units and a currency, checked arithmetic, no floats. Knows no tax and no exchange.

use std::fmt;

use thiserror::Error;

/// An ISO 4217 currency code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// An amount in minor units of a currency (1250 GBP is twelve pounds fifty).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    /// Minor units; the currency says how many make one unit.
    pub amount: i64,
    /// What it is counted in.
    pub currency: Currency,
}

/// Why a sum of money cannot be computed or read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MoneyError {
    /// The result does not fit 64 bits.
    #[error("compute an amount: it exceeds 64 bits")]
    Overflow,
    /// Two currencies cannot be added.
    #[error("add {1} to {0}: convert one of them first")]
    Mixed(Currency, Currency),
    /// Not three letters.
    #[error("read a currency: give three letters such as GBP")]
    Currency,
}

impl Currency {
    /// Pound sterling.
    pub const GBP: Currency = Currency(*b"GBP");

    /// Reads three ASCII letters, either case.
    pub fn parse(text: &str) -> Result<Currency, MoneyError> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| MoneyError::Currency)?;
        if bytes.iter().all(u8::is_ascii_alphabetic) {
            Ok(Currency(bytes.map(|b| b.to_ascii_uppercase())))
        } else {
            Err(MoneyError::Currency)
        }
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters are stored")
    }

    /// Decimal digits of the minor unit: 2 for GBP, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl Money {
    /// So many minor units of a currency.
    pub fn new(amount: i64, currency: Currency) -> Money {
        Money { amount, currency }
    }

    /// The sum, if both are of one currency and it fits.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Money { amount, ..self })
    }

    /// So many times the amount, if it fits.
    pub fn checked_mul(self, times: i64) -> Result<Money, MoneyError> {
        let amount = self.amount.checked_mul(times).ok_or(MoneyError::Overflow)?;
        Ok(Money { amount, ..self })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Written as people write it: `12.50 GBP`, `-0.05 GBP`, `300 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.exponent();
        let unit = 10u64.pow(digits);
        let (whole, part) = (self.amount.unsigned_abs() / unit, self.amount.unsigned_abs() % unit);
        let sign = if self.amount < 0 { "-" } else { "" };
        match digits {
            0 => write!(f, "{sign}{whole} {}", self.currency),
            _ => write!(f, "{sign}{whole}.{part:0width$} {}", self.currency, width = digits as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_with_the_digits_of_its_currency() {
        let written = |amount, code| Money::new(amount, Currency::parse(code).unwrap()).to_string();
        assert_eq!(written(1250, "GBP"), "12.50 GBP");
        assert_eq!(written(-5, "gbp"), "-0.05 GBP");
        assert_eq!(written(300, "JPY"), "300 JPY");
        assert_eq!(written(1, "KWD"), "0.001 KWD");
        assert_eq!(written(i64::MIN, "GBP"), "-92233720368547758.08 GBP");
    }

    #[test]
    fn two_currencies_are_not_added_and_nothing_wraps() {
        let pound = Money::new(i64::MAX, Currency::GBP);
        let yen = Money::new(1, Currency::parse("JPY").unwrap());
        assert_eq!(pound.checked_add(yen), Err(MoneyError::Mixed(Currency::GBP, yen.currency)));
        assert_eq!(pound.checked_add(Money::new(1, Currency::GBP)), Err(MoneyError::Overflow));
        assert_eq!(pound.checked_mul(2), Err(MoneyError::Overflow));
        assert_eq!(Money::new(625, Currency::GBP).checked_mul(2), Ok(Money::new(1250, Currency::GBP)));
    }

    #[test]
    fn a_currency_is_three_letters() {
        assert!(["", "GB", "GBPX", "G1P", "££"].iter().all(|text| Currency::parse(text) == Err(MoneyError::Currency)));
    }
}
