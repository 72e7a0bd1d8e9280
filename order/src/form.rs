//! What can be wrong with a single value of a request, whatever it is for. The rules of ordering are in `issue`.

use crate::issue::Value;
use crate::money::Currency;

/// Something wrong with one value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Form {
    /// A text is missing or blank.
    TextRequired,
    /// A text has too many bytes.
    TextTooLong {
        /// Bytes at most.
        max_bytes: u32,
    },
    /// A text has control characters.
    TextUnprintable,
    /// Not a telephone number in E.164 form.
    PhoneInvalid,
    /// A number is too small or too large.
    NumberRange {
        /// Least.
        min: i64,
        /// Most.
        max: i64,
    },
    /// A list is too long.
    TooMany {
        /// Entries at most.
        max: u32,
    },
    /// Two entries have one name.
    Duplicate {
        /// The name.
        name: String,
    },
    /// An amount in another currency.
    CurrencyMismatch {
        /// The one to use.
        currency: Currency,
    },
    /// A radius around no point.
    PointRequired,
    /// Neither delivery nor collection.
    ServiceRequired,
    /// Two intervals of a day overlap.
    HoursOverlap,
    /// A list that must be ascending is not.
    NotSorted,
    /// A group asks for more than its options allow.
    GroupImpossible {
        /// Portions its options allow together.
        max: u32,
    },
}

impl Form {
    /// The stable code, snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Form::TextRequired => "text_required",
            Form::TextTooLong { .. } => "text_too_long",
            Form::TextUnprintable => "text_unprintable",
            Form::PhoneInvalid => "phone_invalid",
            Form::NumberRange { .. } => "number_range",
            Form::TooMany { .. } => "too_many",
            Form::Duplicate { .. } => "duplicate",
            Form::CurrencyMismatch { .. } => "currency_mismatch",
            Form::PointRequired => "point_required",
            Form::ServiceRequired => "service_required",
            Form::HoursOverlap => "hours_overlap",
            Form::NotSorted => "not_sorted",
            Form::GroupImpossible { .. } => "option_group_impossible",
        }
    }

    /// What would make the request succeed.
    pub fn remedy(&self) -> String {
        match self {
            Form::TextRequired => "give a text here".into(),
            Form::TextTooLong { max_bytes } => format!("use at most {max_bytes} bytes"),
            Form::TextUnprintable => "leave out control characters and line feeds".into(),
            Form::PhoneInvalid => crate::phone::PhoneError.to_string(),
            Form::NumberRange { min, max } => format!("give a number between {min} and {max}"),
            Form::TooMany { max } => format!("give at most {max}"),
            Form::Duplicate { name } => format!("use {name} once"),
            Form::CurrencyMismatch { currency } => format!("give amounts in {currency}"),
            Form::PointRequired => "give the point of the restaurant, or zones by outcode or sector only".into(),
            Form::ServiceRequired => "offer delivery or collection".into(),
            Form::HoursOverlap => "let no two intervals of a day overlap".into(),
            Form::NotSorted => "sort these, smallest first, each once".into(),
            Form::GroupImpossible { max } => {
                format!("the options allow {max} portions at most; lower min, or raise max above it")
            }
        }
    }

    /// The values by name.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let number = |n: u32| Value::Number(i64::from(n));
        match self {
            Form::TextTooLong { max_bytes } => vec![("max_bytes", number(*max_bytes))],
            Form::NumberRange { min, max } => vec![("min", Value::Number(*min)), ("max", Value::Number(*max))],
            Form::TooMany { max } | Form::GroupImpossible { max } => vec![("max", number(*max))],
            Form::Duplicate { name } => vec![("name", Value::Text(name.clone()))],
            Form::CurrencyMismatch { currency } => vec![("currency", Value::Text(currency.to_string()))],
            Form::TextRequired
            | Form::TextUnprintable
            | Form::PhoneInvalid
            | Form::PointRequired
            | Form::ServiceRequired
            | Form::HoursOverlap
            | Form::NotSorted => Vec::new(),
        }
    }
}

/// What is wrong with a text that people will read: blank, too long, or with control characters.
pub(crate) fn of_text(text: &str, required: bool, max_bytes: usize) -> Option<Form> {
    if required && text.trim().is_empty() {
        return Some(Form::TextRequired);
    }
    if text.len() > max_bytes {
        return Some(Form::TextTooLong { max_bytes: max_bytes as u32 });
    }
    text.chars().any(char::is_control).then_some(Form::TextUnprintable)
}

/// What is wrong with a number.
pub(crate) fn of_number(number: i64, min: i64, max: i64) -> Option<Form> {
    (!(min..=max).contains(&number)).then_some(Form::NumberRange { min, max })
}
