//! What can be wrong with a request, each with its code, the place in the body it means, its values and what would make it succeed.

use crate::acquirer::Decline;
use crate::allergen::AllergenSet;
use crate::form::Form;
use crate::id::Slug;
use crate::limits;
use crate::money::Money;
use crate::postcode::{Postcode, PostcodeError};
use crate::promise::Fault;
use crate::stage::{Reason, Service};

/// Something wrong with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issue {
    /// Where: a JSON pointer into the request's body; empty for the whole.
    pub pointer: String,
    /// What.
    pub problem: Problem,
}

/// What is wrong, with the values that say how to succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields are named in `values` and explained by `remedy`")]
pub enum Problem {
    RestaurantUnknown { restaurant: Slug },
    RestaurantClosed { next_open_at_ms: Option<u64> },
    RestaurantPaused { until_ms: Option<u64> },
    ServiceUnavailable { offered: Vec<Service> },
    MenuMissing,
    ItemsRequired,
    LinesMax { max: u32 },
    ItemUnknown { item: Slug },
    ItemUnavailable { item: Slug, left: Option<u32> },
    OptionUnknown { option: Slug },
    OptionUnavailable { option: Slug },
    OptionGroupMin { group: Slug, min: u32, chosen: u32, options: Vec<Slug> },
    OptionGroupMax { group: Slug, max: u32, chosen: u32 },
    OptionMax { option: Slug, max: u32 },
    QuantityRange { min: u32, max: u32 },
    SlotFull { next_slot_ms: Option<u64> },
    Quote(Fault),
    PaymentDeclined { reason: Decline },
    MenuChanged { menu_revision: u32 },
    PriceChanged { total: Money },
    MinimumNotMet { minimum: Money, additional_spend_required: Money },
    OutsideZone { distance_m: Option<u32>, zones: Vec<String> },
    PostcodeInvalid { why: PostcodeError, suggestions: Vec<Postcode> },
    PostcodeUnknown { suggestions: Vec<Postcode> },
    PostcodeTerminated { suggestions: Vec<Postcode> },
    PostcodeUnverified,
    PostcodeUndeliverable,
    AddressRequired,
    AddressLinesRequired { max: u32 },
    AllergenAckRequired { items: Vec<Slug>, allergens: AllergenSet },
    AgeCheckRequired { items: Vec<Slug> },
    FulfilAtUnavailable { earliest_ms: Option<u64> },
    TimeRange { after_ms: u64, until_ms: u64 },
    ReasonUnlisted { allowed: &'static [Reason] },
    CourierRequired,
    CodeWrong,
    Form(Form),
}

/// A value of a problem, for machines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// An amount.
    Money(Money),
    /// An instant, ms since 1970.
    Time(u64),
}

impl Issue {
    /// A problem at a place in the body.
    pub fn at(pointer: impl Into<String>, problem: Problem) -> Issue {
        Issue { pointer: pointer.into(), problem }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.problem.code()
    }
}

impl Problem {
    /// The stable code, snake case.
    pub fn code(&self) -> &'static str {
        use Problem::*;
        match self {
            RestaurantUnknown { .. } => "restaurant_unknown",
            RestaurantClosed { .. } => "restaurant_closed",
            RestaurantPaused { .. } => "restaurant_paused",
            ServiceUnavailable { .. } => "service_unavailable",
            MenuMissing => "menu_missing",
            ItemsRequired => "items_required",
            LinesMax { .. } => "lines_max",
            ItemUnknown { .. } => "item_unknown",
            ItemUnavailable { .. } => "item_unavailable",
            OptionUnknown { .. } => "option_unknown",
            OptionUnavailable { .. } => "option_unavailable",
            OptionGroupMin { .. } => "option_group_min",
            OptionGroupMax { .. } => "option_group_max",
            OptionMax { .. } => "option_max",
            QuantityRange { .. } => "quantity_range",
            SlotFull { .. } => "slot_full",
            Quote(fault) => fault.code(),
            PaymentDeclined { .. } => "payment_declined",
            MenuChanged { .. } => "menu_changed",
            PriceChanged { .. } => "price_changed",
            MinimumNotMet { .. } => "minimum_not_met",
            OutsideZone { .. } => "outside_zone",
            PostcodeInvalid { .. } => "postcode_invalid",
            PostcodeUnknown { .. } => "postcode_unknown",
            PostcodeTerminated { .. } => "postcode_terminated",
            PostcodeUnverified => "postcode_unverified",
            PostcodeUndeliverable => "postcode_undeliverable",
            AddressRequired => "address_required",
            AddressLinesRequired { .. } => "address_lines_required",
            AllergenAckRequired { .. } => "allergen_ack_required",
            AgeCheckRequired { .. } => "age_check_required",
            FulfilAtUnavailable { .. } => "fulfil_at_unavailable",
            TimeRange { .. } => "time_range",
            ReasonUnlisted { .. } => "reason_unlisted",
            CourierRequired => "courier_required",
            CodeWrong => "code_wrong",
            Form(form) => form.code(),
        }
    }
}

/// Collects issues up to the bound.
#[derive(Default, Debug)]
pub(crate) struct Issues(pub(crate) Vec<Issue>);

impl Issues {
    pub(crate) fn add(&mut self, pointer: impl Into<String>, problem: Problem) {
        if self.0.len() < limits::ISSUES_MAX {
            self.0.push(Issue::at(pointer, problem));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
