//! Every bound of the adapter, each with its reason. Knows numbers only.

use std::time::Duration;

/// Time for an answer if the caller names none: a person waits for it.
pub const DEADLINE_MS: u64 = 1_500;
/// The longest time a caller may ask for; the load behind an answer never takes longer anyway.
pub const DEADLINE_MS_MAX: u64 = 10_000;
/// Kept back of the caller's time, so that the answer is there before the caller stops listening.
pub const RESERVE: Duration = Duration::from_millis(50);
/// Time for one load, whoever waits for it and however long they do.
pub const LOAD: Duration = Duration::from_millis(1_450);
/// Time for one provider within a load, so that a silent one leaves time for the next.
pub const ATTEMPT: Duration = Duration::from_millis(700);

/// Loads at a time. Beyond it, answers come from what needs no waiting.
pub const FLIGHTS_MAX: usize = 1_024;
/// Bytes of cached answers: some 300,000 of them.
pub const CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a found postcode is fresh: the source data changes every quarter.
pub const FOUND_FRESH: Duration = Duration::from_secs(7 * DAY_S);
/// How long a terminated one stays so: they come back seldom.
pub const TERMINATED_FRESH: Duration = Duration::from_secs(30 * DAY_S);
/// How long an unknown one stays unknown: new ones appear, and their people are hungry.
pub const NOT_FOUND_FRESH: Duration = Duration::from_secs(6 * 3_600);
/// Freshness varies by up to this many percent up or down, lest answers fetched together run out together.
pub const JITTER_PERCENT: u64 = 10;

/// Suggestions for a postcode that is unknown: more would not be read.
pub const SUGGESTIONS_MAX: usize = 5;

/// Connections at a time: front ends keep a few each.
pub const CONNECTIONS_MAX: usize = 1_024;
/// Time to send a request's head: a slow one must not hold a connection. An idle connection ends after it too, so it is
/// longer than callers keep idle ones.
pub const HEADER: Duration = Duration::from_secs(30);
/// Bytes of a request's head, the path included.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Header lines of a request.
pub const HEADERS_MAX: usize = 64;
/// Rest after a failed accept: what lacks (file descriptors) comes back only when others let go.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Time for open requests to end once the program is told to stop.
pub const DRAIN: Duration = Duration::from_secs(5);

const DAY_S: u64 = 24 * 3_600;
