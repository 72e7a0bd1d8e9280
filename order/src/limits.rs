//! Every bound of the domain, each with its reason. Knows numbers only; what happens at a bound is decided where it is reached.

/// Lines of one order. A party of twenty with sides fits; a larger one is a phone call.
pub const LINES_MAX: usize = 50;
/// Portions of one line, as the validation table says (1–99).
pub const QUANTITY_MAX: u32 = 99;
/// Distinct options chosen on one line.
pub const CHOICES_MAX: usize = 32;
/// Portions of one option on one portion of an item, unless the menu says less.
pub const OPTION_QUANTITY_MAX: u8 = 20;
/// Bytes of the customer's note to kitchen and courier.
pub const NOTE_BYTES_MAX: usize = 500;
/// Bytes of a person's, restaurant's, category's, item's or option's name.
pub const NAME_BYTES_MAX: usize = 100;
/// Bytes of an item's description.
pub const DESCRIPTION_BYTES_MAX: usize = 500;
/// Lines of an address, the postcode not counted.
pub const ADDRESS_LINES_MAX: usize = 5;
/// Bytes of one address line.
pub const ADDRESS_LINE_BYTES_MAX: usize = 100;
/// Digits of an E.164 telephone number, least and most.
pub const PHONE_DIGITS_MIN: usize = 7;
/// Digits of an E.164 telephone number at most.
pub const PHONE_DIGITS_MAX: usize = 15;
/// Bytes of a slug: the public name of a restaurant, item, option or group.
pub const SLUG_BYTES_MAX: usize = 64;
/// Bytes of an actor's id (a principal's name).
pub const PRINCIPAL_BYTES_MAX: usize = 128;
/// Bytes of text read as a postcode: 7 characters, generous blanks, full-width letters of 3 bytes each.
pub const POSTCODE_INPUT_BYTES_MAX: usize = 64;
/// Suggestions for a postcode that is not one.
pub const SUGGESTIONS_MAX: usize = 8;
/// Bytes of the name of the service that resolved a postcode.
pub const SOURCE_BYTES_MAX: usize = 64;

/// Characters of an idempotency key, least: fewer would collide by chance.
pub const KEY_BYTES_MIN: usize = 16;
/// Characters of an idempotency key at most.
pub const KEY_BYTES_MAX: usize = 128;
/// Log time for which a key is remembered at least, in ms (E3).
pub const KEY_KEPT_MS: u64 = 24 * HOUR_MS;
/// Remembered keys of commands that do not place an order.
pub const KEYS_MAX: usize = 1_000_000;
/// Keys forgotten by one Trim, so that a Trim never stalls the loop.
pub const TRIM_MAX: usize = 4_096;

/// Orders held in memory; at about 400 bytes each this is some 6 GB.
pub const ORDERS_MAX: usize = 16_000_000;
/// Restaurants: the number has 22 bits, but one group serves far fewer.
pub const RESTAURANTS_MAX: usize = 100_000;
/// Restaurant numbers are below this: 22 bits of the order's id.
pub const RESTAURANT_NUMBER_END: u32 = 1 << 22;
/// Buckets that restaurants map to, for ever.
pub const BUCKETS: u32 = 1_024;
/// Menu revisions of one restaurant that orders still refer to.
pub const REVISIONS_MAX: usize = 1_000;
/// Categories of a menu.
pub const CATEGORIES_MAX: usize = 100;
/// Items of a menu; an order refers to one by 16 bits.
pub const ITEMS_MAX: usize = 1_000;
/// Option groups of an item.
pub const GROUPS_MAX: usize = 20;
/// Options of an item, all groups together.
pub const OPTIONS_MAX: usize = 200;
/// A price of an item or option in minor units, at most (a hundred thousand pounds).
pub const PRICE_MAX: i64 = 10_000_000;
/// Delivery zones of a restaurant.
pub const ZONES_MAX: usize = 200;
/// Radius of a delivery zone in metres, at most.
pub const RADIUS_M_MAX: u32 = 50_000;
/// Fee bands of a restaurant.
pub const FEE_BANDS_MAX: usize = 20;
/// Opening intervals of one day and service.
pub const INTERVALS_MAX: usize = 6;
/// Dates with hours of their own.
pub const EXCEPTIONS_MAX: usize = 400;
/// Days that the search for the next opening looks ahead.
pub const NEXT_OPEN_DAYS: i16 = 14;
/// Minutes of preparation at most.
pub const PREP_MINUTES_MAX: u16 = 600;
/// Minutes of lead or last-orders time at most.
pub const LEAD_MINUTES_MAX: u16 = 600;

/// Length of a kitchen slot, in ms: as fine as kitchens plan.
pub const SLOT_MS: u64 = 15 * 60_000;
/// Orders that a kitchen with a limit takes for one slot, at most; a larger kitchen needs no limit.
pub const SLOT_CAPACITY_MAX: u16 = 1_000;
/// Time in which an order can refer to a quote, in ms: longer than a checkout takes, shorter than prices live.
pub const QUOTE_KEPT_MS: u64 = 15 * 60_000;

/// Time a restaurant has to answer unless it says otherwise, in seconds.
pub const ACCEPT_WINDOW_S_DEFAULT: u32 = 600;
/// Shortest time a restaurant may give itself to answer, in seconds.
pub const ACCEPT_WINDOW_S_MIN: u32 = 10;
/// Longest time a restaurant may give itself to answer, in seconds.
pub const ACCEPT_WINDOW_S_MAX: u32 = 24 * 3_600;
/// How far ahead `ready_by` may lie, in ms.
pub const READY_BY_MS_MAX: u64 = 3 * HOUR_MS;
/// How far ahead an order may be wished for, in ms. Offsets in an order are 32-bit ms, which is 49 days.
pub const FULFIL_AHEAD_MS_MAX: u64 = 14 * 24 * HOUR_MS;
/// Time after acceptance in which customers may still cancel by themselves, in ms.
pub const CUSTOMER_CANCEL_MS: u64 = 60_000;
/// Time in which a failed delivery must be resolved before it is cancelled, in ms.
pub const RESOLVE_MS: u64 = 30 * 60_000;
/// Delays a restaurant may announce per order.
pub const DELAYS_MAX: usize = 2;
/// Redeliveries per order.
pub const REDELIVERIES_MAX: usize = 1;
/// Steps of one order's history; courier changes end here.
pub const HISTORY_MAX: usize = 64;
/// Longest pause, in ms; longer ones are closures.
pub const PAUSE_MS_MAX: u64 = 7 * 24 * HOUR_MS;
/// Outages kept for shifting deadlines; older ones are over for every open order.
pub const OUTAGES_MAX: usize = 16;
/// An outage shorter than this shifts nothing (T1), in ms.
pub const OUTAGE_MS_MIN: u64 = 60_000;

/// Timers fired in one slice (T1), behind the work of clients.
pub const TIMERS_SLICE_MAX: usize = 256;
/// Orders or restaurants in one page of a listing.
pub const PAGE_MAX: usize = 100;
/// Index entries visited for one page of a filtered listing.
pub const SCAN_MAX: usize = 10_000;
/// Restaurants farther away than this are not listed as near, in metres.
pub const NEAR_M_MAX: u32 = 20_000;
/// Issues reported for one request; further ones would not be read.
pub const ISSUES_MAX: usize = 100;

/// One hour in ms.
pub const HOUR_MS: u64 = 3_600_000;
/// The last instant the order's id can hold (42 bits of ms: the year 2109); later times are clamped to it.
pub const AT_MS_MAX: u64 = (1 << 42) - 1;

// An order stores its own times as 32-bit offsets from its placement.
const _: () = assert!(FULFIL_AHEAD_MS_MAX + READY_BY_MS_MAX < u32::MAX as u64);
// Lines and options are counted and referred to in 8 and 16 bits.
const _: () =
    assert!(QUANTITY_MAX <= u8::MAX as u32 && ITEMS_MAX <= u16::MAX as usize && OPTIONS_MAX <= u16::MAX as usize);
// A total cannot overflow: every line at its most stays below i64, with room for fees.
const LINE_AMOUNT_MAX: i128 =
    (PRICE_MAX as i128) * (1 + CHOICES_MAX as i128 * OPTION_QUANTITY_MAX as i128) * QUANTITY_MAX as i128;
const _: () = assert!(LINE_AMOUNT_MAX * (LINES_MAX as i128) < (i64::MAX / 2) as i128);
// The texts of an order are addressed by 16-bit offsets.
const _: () = assert!(
    NAME_BYTES_MAX
        + NOTE_BYTES_MAX
        + ADDRESS_LINES_MAX * (ADDRESS_LINE_BYTES_MAX + 1)
        + SOURCE_BYTES_MAX
        + PRINCIPAL_BYTES_MAX
        < u16::MAX as usize
);
const _: () = assert!(RESTAURANTS_MAX < RESTAURANT_NUMBER_END as usize && BUCKETS.is_power_of_two());
const _: () = assert!(KEY_BYTES_MIN < KEY_BYTES_MAX && PHONE_DIGITS_MIN < PHONE_DIGITS_MAX);
// A key must outlive the longest wait for an answer, or a repeat could place the order again.
const _: () = assert!(KEY_KEPT_MS >= ACCEPT_WINDOW_S_MAX as u64 * 1_000);
// The soonest time an order can be there lies before the latest time it can be wished for.
const _: () = assert!((PREP_MINUTES_MAX as u64 + RADIUS_M_MAX as u64 / 100) * 60_000 < FULFIL_AHEAD_MS_MAX);
// Even an order that was scheduled, failed and was tried again has room for its history.
const _: () = assert!(HISTORY_MAX < u8::MAX as usize && HISTORY_MAX > 16 + DELAYS_MAX + 2 * REDELIVERIES_MAX);
