//! How the API's values read for people: money, stages, lines. Pure.

use api::v1::money::Money;
use api::v1::order::{Line, Payment, PaymentState, Stage};
use api::v1::place::PayBy;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;

/// An amount with as many decimals as its currency has.
pub(crate) fn money(money: &Money) -> String {
    let Money { amount, currency } = money;
    let digits = match currency.as_str() {
        "JPY" | "KRW" | "ISK" | "VND" | "CLP" => 0,
        "KWD" | "BHD" | "OMR" | "JOD" | "TND" => 3,
        _ => 2,
    };
    let sign = if *amount < 0 { "-" } else { "" };
    let unit = 10_u64.pow(digits);
    let (whole, rest) = (amount.unsigned_abs() / unit, amount.unsigned_abs() % unit);
    match digits {
        0 => format!("{sign}{whole} {currency}"),
        _ => format!("{sign}{whole}.{rest:0width$} {currency}", width = digits as usize),
    }
}

/// A stage as the API spells it.
pub(crate) fn stage(stage: Stage) -> String {
    serde_json::to_value(stage).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// How an order is paid, on a line of its own.
pub(crate) fn payment(payment: &Payment) -> String {
    let method = match payment.method {
        PayBy::Cash => "cash",
        PayBy::Card => "card",
    };
    let state = match payment.state {
        PaymentState::Due => "due at the door",
        PaymentState::Authorised => "authorised, taken when the restaurant accepts",
        PaymentState::Captured => "paid",
        PaymentState::Voided => "nothing was taken",
        PaymentState::Refunded => "refunded",
        PaymentState::HalfRefunded => "half refunded",
    };
    let back = payment.refunded.as_ref().map(|back| format!(" ({})", money(back))).unwrap_or_default();
    format!("{method}: {state}{back}\n")
}

/// Whether nothing can follow this stage.
pub(crate) fn is_final(stage: Stage) -> bool {
    use Stage::{Cancelled, Collected, Delivered, Expired, Rejected};
    matches!(stage, Rejected | Expired | Cancelled | Delivered | Collected)
}

/// A line's item with its options, as it is typed.
pub(crate) fn line(line: &Line) -> String {
    line.options.iter().fold(line.item.clone(), |name, choice| match choice.quantity {
        0 | 1 => format!("{name}+{}", choice.option),
        many => format!("{name}+{}:{many}", choice.option),
    })
}

/// Reads an answer's JSON as `T`; fields `T` does not have are ignored.
pub(crate) fn read<T: DeserializeOwned>(json: &Value) -> Result<T, Failure> {
    T::deserialize(json).map_err(|error| Failure::Garbled { what: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::money::Currency;

    #[test]
    fn money_has_as_many_decimals_as_its_currency() {
        let show = |amount, currency: &str| money(&Money { amount, currency: Currency::new(currency).unwrap() });
        assert_eq!(show(1250, "GBP"), "12.50 GBP");
        assert_eq!(show(-5, "GBP"), "-0.05 GBP");
        assert_eq!(show(1250, "JPY"), "1250 JPY");
        assert_eq!(show(1250, "KWD"), "1.250 KWD");
    }

    #[test]
    fn a_payment_says_what_was_given_back() {
        let back = Money { amount: 625, currency: Currency::new("GBP").unwrap() };
        let half = Payment { state: PaymentState::HalfRefunded, refunded: Some(back), ..Payment::default() };
        assert_eq!(payment(&half), "cash: half refunded (6.25 GBP)\n");
        assert_eq!(payment(&Payment::default()), "cash: due at the door\n");
    }

    #[test]
    fn a_stage_reads_as_the_api_spells_it() {
        assert_eq!(stage(Stage::OutForDelivery), "out_for_delivery");
    }
}
