//! Orders, as told.
use super::{names, times};
use crate::v1::order::{
    Destination, Line, LineOption, Moment, Order, Payment, PaymentState, Provenance, Quote, SignedQuote, Stage, Totals,
};
use crate::v1::place::{Customer, PayBy, Service};
use crate::v1::time::Timestamp;
use order::money::{Currency, Money};
use order::order::{Located, Order as Record};
use order::place::{Freshness, Point, Precision, Standing};
use order::promise::Promise;
use order::stage::Role;
use order::transitions::allowed;
use order::view::{LineView, OrderView};

macro_rules! same_names {
    ($ours:ident = $theirs:path: $($name:ident),+) => {
        impl From<$theirs> for $ours {
            fn from(theirs: $theirs) -> $ours {
                use $theirs as Theirs;
                match theirs { $(Theirs::$name => $ours::$name),+ }
            }
        }
        impl From<$ours> for $theirs {
            fn from(ours: $ours) -> $theirs {
                use $theirs as Theirs;
                match ours { $($ours::$name => Theirs::$name),+ }
            }
        }
    };
}
same_names!(Service = order::stage::Service: Delivery, Collection);
same_names!(PayBy = order::payment::Method: Cash, Card);
same_names!(PaymentState = order::payment::PaymentState: Due, Authorised, Captured, Voided, Refunded, HalfRefunded);
same_names!(Stage = order::stage::Stage: Scheduled, Placed, Accepted, Preparing, Ready, OutForDelivery, DeliveryFailed,
    Delivered, Collected, Rejected, Expired, Cancelled);

impl From<&OrderView> for Order {
    fn from(view: &OrderView) -> Order {
        let record = &*view.order;
        let note = record.texts.note();
        // Shown as it was placed, it has no courier and no end yet.
        let rare = record.rare.as_deref().filter(|_| !view.as_placed);
        Order {
            id: record.id.to_string(),
            code: record.pickup_code(),
            version: u64::from(view.version()),
            stage: view.stage().into(),
            leg: if view.as_placed { first_leg(record) } else { record.leg.name() }.to_owned(),
            restaurant: view.restaurant().to_string(),
            service: record.service.into(),
            lines: view.lines().map(|line| line_told(record.currency, &line)).collect(),
            totals: totals(record.currency, record.subtotal, record.fee),
            menu_revision: u64::from(record.menu_revision),
            allergens: names(view.allergens()),
            customer: Customer { name: record.texts.name().to_owned(), phone: record.phone.to_string() },
            deliver_to: destination(record, view.as_placed),
            note: (!note.is_empty()).then(|| note.to_owned()),
            placed_at: Timestamp::from_ms(record.placed_at_ms()),
            changed_at: Timestamp::from_ms(view.history().last().map_or(0, |last| view.moment_at_ms(last))),
            fulfil_at: times(record.fulfil_at_ms()),
            deadline: times(view.deadline_ms()),
            ready_by: times(view.ready_by_ms()),
            courier: record.courier().filter(|_| rare.is_some()).map(str::to_owned),
            reason: rare.and_then(|rare| rare.reason).map(|reason| reason.name().to_owned()),
            missing: rare.map_or(Vec::new(), |rare| missing(view, &rare.missing)),
            history: view.history().iter().map(|moment| moment_told(view, moment)).collect(),
            allowed: commands(view),
            payment: payment(view),
        }
    }
}

/// Amounts that are nothing are left out: most orders are paid in cash, and every one is told.
fn payment(view: &OrderView) -> Payment {
    let (payment, total) = (view.payment(), view.order.total());
    let some = |amount| (amount != 0).then(|| Money::new(amount, view.order.currency).into());
    Payment {
        method: payment.method.into(),
        state: payment.state.into(),
        authorised: some(payment.authorised(total)),
        captured: some(payment.captured(total)),
        refunded: some(payment.refunded(total)),
    }
}

fn first_leg(record: &Record) -> &'static str {
    use order::stage::Leg;
    if record.leg == Leg::Collection { Leg::Collection.name() } else { Leg::Unassigned.name() }
}

/// What an order would cost, what stands in its way, and what is promised.
pub fn quote(quote: &order::quote::Quote, promise: Option<Promise>) -> Quote {
    Quote {
        fulfillable: quote.is_fulfillable(),
        issues: quote.issues.iter().map(Into::into).collect(),
        menu_revision: quote.menu.as_ref().map_or(0, |menu| u64::from(menu.revision)),
        lines: quote.lines().map(|line| line_told(quote.currency, &line)).collect(),
        totals: totals(quote.currency, quote.subtotal, quote.fee),
        ready_by: times(Some(quote.eta_ms)),
        quote: promise.map(|Promise { token, expires_at_ms }| SignedQuote {
            token,
            expires_at: Timestamp::from_ms(expires_at_ms),
        }),
    }
}

fn totals(currency: Currency, items: i64, fee: i64) -> Totals {
    let money = |amount| Money::new(amount, currency).into();
    Totals { items: money(items), delivery_fee: money(fee), total: money(items.saturating_add(fee)) }
}

fn line_told(currency: Currency, line: &LineView<'_>) -> Line {
    let money = |amount| Money::new(amount, currency).into();
    Line {
        item: line.item.id.to_string(),
        name: line.item.name.to_string(),
        quantity: u32::from(line.quantity),
        options: line
            .options()
            .map(|option| LineOption {
                option: option.choice.id.to_string(),
                name: option.choice.name.to_string(),
                quantity: u32::from(option.quantity),
                price: money(option.choice.price_delta),
            })
            .collect(),
        unit_price: money(line.unit_price),
        total: money(line.amount()),
        allergens: names(line.allergens()),
    }
}

fn missing(view: &OrderView, indexes: &[u16]) -> Vec<String> {
    indexes.iter().filter_map(|index| view.menu.item(*index)).map(|item| item.id.to_string()).collect()
}

fn moment_told(view: &OrderView, moment: &order::order::Moment) -> Moment {
    Moment {
        at: Timestamp::from_ms(view.moment_at_ms(moment)),
        event: moment.event.name().to_owned(),
        stage: moment.stage.into(),
        by: moment.by.name().to_owned(),
    }
}

/// What anyone but the system may ask next, each once, in the table's order.
fn commands(view: &OrderView) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let leg = view.order.leg;
    let people = Role::ALL.iter().filter(|role| **role != Role::System);
    for verb in people.flat_map(|role| allowed(view.stage(), leg, *role)) {
        if !all.iter().any(|known| known == verb.name()) {
            all.push(verb.name().to_owned());
        }
    }
    all
}

fn destination(record: &Record, as_placed: bool) -> Option<Destination> {
    let moved = record.rare.as_ref().filter(|_| !as_placed).and_then(|rare| rare.moved_to.as_deref());
    match moved {
        Some(moved) => {
            let lines = moved.lines.iter().map(|line| line.to_string()).collect();
            Some(destination_told(lines, &moved.place, &moved.source))
        }
        None => {
            let lines = record.texts.lines().map(str::to_owned).collect();
            Some(destination_told(lines, record.place.as_ref()?, record.texts.source()))
        }
    }
}

fn destination_told(lines: Vec<String>, place: &Located, source: &str) -> Destination {
    Destination {
        lines,
        postcode: place.postcode.to_string(),
        latitude: place.point.map(|point: Point| f64::from(point.lat_e6) / 1e6),
        longitude: place.point.map(|point| f64::from(point.lon_e6) / 1e6),
        provenance: Provenance {
            source: source.to_owned(),
            fetched_at: Timestamp::from_ms(place.fetched_at_ms),
            freshness: freshness(place.freshness).to_owned(),
            precision: precision(place.precision).to_owned(),
            verified: place.standing == Standing::Verified,
        },
    }
}

fn freshness(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Fresh => "fresh",
        Freshness::Stale => "stale",
        Freshness::Embedded => "embedded",
        Freshness::Local => "local",
    }
}

fn precision(precision: Precision) -> &'static str {
    match precision {
        Precision::Premise => "premise",
        Precision::Building => "building",
        Precision::Postcode => "postcode_centroid",
        Precision::Outcode => "outcode",
    }
}
