//! A simulated bank for cards: what it says follows from the token and the amount alone, so that every copy hears the same.

use crate::stage::named;

/// Why a card is declined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Decline {
    /// The bank does not say why.
    Declined,
    /// There is not enough money.
    InsufficientFunds,
    /// The amount is beyond the card's limit.
    LimitExceeded,
    /// The card is out of date.
    CardExpired,
    /// The bank knows no such token.
    TokenUnknown,
}

named!(Decline:
    Declined = "declined", InsufficientFunds = "insufficient_funds", LimitExceeded = "limit_exceeded",
    CardExpired = "card_expired", TokenUnknown = "token_unknown");

/// What the bank says to a token, whatever the amount; `tok_over_5000` has a limit beside.
#[derive(Clone, Copy, Debug)]
pub struct TestToken {
    /// The token.
    pub token: &'static str,
    /// The largest amount it takes, in minor units.
    pub limit: i64,
    /// What it says to a larger one.
    pub beyond: Decline,
    /// What it stands for, for people.
    pub doc: &'static str,
}

const fn always(token: &'static str, beyond: Decline, doc: &'static str) -> TestToken {
    TestToken { token, limit: -1, beyond, doc }
}

/// Every token that the simulated bank knows.
pub const TEST_TOKENS: &[TestToken] = &[
    TestToken { token: "tok_ok", limit: i64::MAX, beyond: Decline::Declined, doc: "takes every amount" },
    TestToken {
        token: "tok_over_5000",
        limit: 5_000,
        beyond: Decline::LimitExceeded,
        doc: "takes amounts up to 50.00, in minor units 5000",
    },
    always("tok_declined", Decline::Declined, "is declined"),
    always("tok_insufficient_funds", Decline::InsufficientFunds, "has no money behind it"),
    always("tok_expired", Decline::CardExpired, "is out of date"),
];

/// Asks the bank to set an amount (minor units) aside.
///
/// # Errors
/// Why it does not.
pub fn authorise(token: &str, amount: i64) -> Result<(), Decline> {
    match TEST_TOKENS.iter().find(|known| known.token == token) {
        None => Err(Decline::TokenUnknown),
        Some(known) if amount > known.limit => Err(known.beyond),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_answered_as_it_is_documented() {
        assert_eq!(authorise("tok_ok", i64::MAX), Ok(()));
        assert_eq!(authorise("tok_over_5000", 5_000), Ok(()));
        assert_eq!(authorise("tok_over_5000", 5_001), Err(Decline::LimitExceeded));
        assert_eq!(authorise("tok_declined", 0), Err(Decline::Declined));
        assert_eq!(authorise("tok_insufficient_funds", 1), Err(Decline::InsufficientFunds));
        assert_eq!(authorise("tok_expired", 1), Err(Decline::CardExpired));
        assert_eq!(authorise("", 1), Err(Decline::TokenUnknown));
        assert_eq!(authorise("tok_ok ", 1), Err(Decline::TokenUnknown));
    }
}
