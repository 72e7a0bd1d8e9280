//! How an order is paid: what is set aside, taken and given back as the table of transitions says. Knows no bank; that is `acquirer`.

use crate::stage::named;

/// By what an order is paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Method {
    /// At the door or the counter.
    Cash,
    /// By card, when the restaurant accepts.
    Card,
}

/// Where the payment of an order stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum PaymentState {
    /// To be paid in cash when the food is handed over.
    Due,
    /// The card's bank has set the total aside.
    Authorised,
    /// Paid: the total was taken from the card, or in cash.
    Captured,
    /// Nothing was taken, nothing will be.
    Voided,
    /// All that was taken was given back.
    Refunded,
    /// Half of what was taken was given back.
    HalfRefunded,
}

/// What a move of an order does to its payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charge {
    /// Nothing.
    Nothing,
    /// Has the card's bank set the total aside.
    Authorise,
    /// Takes the total from the card.
    Capture,
    /// Lets go of what was set aside.
    Void,
    /// Gives back everything that was taken.
    RefundAll,
    /// Gives back half of what was taken, rounded up: the food was made.
    RefundHalf,
    /// Takes cash at the door or the counter.
    Settle,
}

named!(Method: Cash = "cash", Card = "card");
named!(PaymentState:
    Due = "due", Authorised = "authorised", Captured = "captured", Voided = "voided", Refunded = "refunded",
    HalfRefunded = "half_refunded");

/// The payment of an order. Its amounts follow from the order's total.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Payment {
    /// By what.
    pub method: Method,
    /// How far.
    pub state: PaymentState,
}

impl Payment {
    /// A payment before its order is placed.
    pub fn by(method: Method) -> Payment {
        Payment { method, state: PaymentState::Due }
    }

    /// The payment after a move that does this to it. Nothing is given back that was not taken: it is voided.
    #[must_use]
    pub fn after(self, charge: Charge) -> Payment {
        use PaymentState::*;
        let state = match (self.state, charge) {
            (Due, Charge::Authorise) if self.method == Method::Card => Authorised,
            (Authorised, Charge::Capture) | (Due, Charge::Settle) => Captured,
            (Due | Authorised, Charge::Void | Charge::RefundAll | Charge::RefundHalf) => Voided,
            (Captured, Charge::RefundAll) => Refunded,
            (Captured, Charge::RefundHalf) => HalfRefunded,
            (state, _) => state,
        };
        Payment { state, ..self }
    }

    /// What the card's bank set aside when an order of this total was placed, in minor units; nothing for cash.
    pub fn authorised(self, total: i64) -> i64 {
        if self.method == Method::Card { total } else { 0 }
    }

    /// What was taken, in minor units.
    pub fn captured(self, total: i64) -> i64 {
        match self.state {
            PaymentState::Captured | PaymentState::Refunded | PaymentState::HalfRefunded => total,
            PaymentState::Due | PaymentState::Authorised | PaymentState::Voided => 0,
        }
    }

    /// What was given back of it, in minor units.
    pub fn refunded(self, total: i64) -> i64 {
        match self.state {
            PaymentState::Refunded => total,
            // An odd penny is the customer's.
            PaymentState::HalfRefunded => total - total / 2,
            PaymentState::Due | PaymentState::Authorised | PaymentState::Captured | PaymentState::Voided => 0,
        }
    }
}

impl Charge {
    /// In words, for the documentation.
    pub fn text(self) -> &'static str {
        match self {
            Charge::Nothing => "–",
            Charge::Authorise => "authorise the card",
            Charge::Capture => "capture",
            Charge::Void => "void",
            Charge::RefundAll => "refund all",
            Charge::RefundHalf => "refund half",
            Charge::Settle => "take the cash",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(method: Method, charges: &[Charge]) -> (PaymentState, i64, i64) {
        let payment = charges.iter().fold(Payment::by(method), |payment, charge| payment.after(*charge));
        (payment.state, payment.captured(1_251), payment.refunded(1_251))
    }

    #[test]
    fn a_card_is_authorised_then_captured_and_half_of_it_can_be_given_back() {
        use Charge::*;
        assert_eq!(played(Method::Card, &[Authorise]), (PaymentState::Authorised, 0, 0));
        assert_eq!(played(Method::Card, &[Authorise, Void]), (PaymentState::Voided, 0, 0));
        assert_eq!(played(Method::Card, &[Authorise, Capture, Settle]), (PaymentState::Captured, 1_251, 0));
        assert_eq!(played(Method::Card, &[Authorise, Capture, RefundAll]), (PaymentState::Refunded, 1_251, 1_251));
        assert_eq!(played(Method::Card, &[Authorise, Capture, RefundHalf]), (PaymentState::HalfRefunded, 1_251, 626));
    }

    #[test]
    fn cash_is_taken_when_the_food_is_handed_over_and_never_given_back_before() {
        use Charge::*;
        assert_eq!(played(Method::Cash, &[Authorise, Capture]), (PaymentState::Due, 0, 0));
        assert_eq!(played(Method::Cash, &[Authorise, Capture, Settle]), (PaymentState::Captured, 1_251, 0));
        assert_eq!(played(Method::Cash, &[Authorise, Capture, RefundHalf]), (PaymentState::Voided, 0, 0));
    }
}
