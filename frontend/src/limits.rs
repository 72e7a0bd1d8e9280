//! Every bound of the front end, with its reason. What may be parked is bounded by the group's client half.
use std::time::Duration;

/// A request's body, in bytes: the largest order is a few KiB, the largest menu fits.
pub const BODY_BYTES: usize = 64 << 10;
/// A request's head, in bytes: a key, a cursor and what proxies add.
pub const HEAD_BYTES: usize = 16 << 10;
/// Headers of one request.
pub const HEADERS: usize = 64;
/// A request's head must be there after this long, idle time of a kept connection included.
pub const HEAD_TIME: Duration = Duration::from_secs(30);
/// A request's body must be there this long after its head: 64 KiB at 64 kbit/s.
pub const BODY_TIME: Duration = Duration::from_secs(8);
/// Open connections. Each costs two buffers; more are told to come back.
pub const CONNECTIONS: usize = 8_192;
/// Subscribers of events at one time; each may hold a page of events.
pub const SUBSCRIBERS: usize = 4_096;
/// After SIGTERM what is in flight may take this long: as long as a request may be parked, and a little.
pub const STOP_TIME: Duration = Duration::from_secs(11);
/// Between two accepts that fail for want of descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The adapter has this long to say what a postcode is to somebody who asks just that.
pub const PLACE_TIME: Duration = Duration::from_millis(1_500);
/// And this long if an order waits for it. Told so little time, it answers from its pack, and asks the outside behind its back.
pub const PLACE_TIME_OF_ORDERS: Duration = Duration::from_millis(150);
/// After the adapter failed, it is not asked for this long: with it down, orders must not wait for it one by one.
pub const PLACE_REST: Duration = Duration::from_millis(500);
/// Postcodes remembered: all of a large city.
pub const PLACES: u64 = 50_000;
/// A postcode is remembered this long; the adapter remembers longer and knows better.
pub const PLACE_KEPT: Duration = Duration::from_secs(600);
/// An answer of the adapter, in bytes.
pub const PLACE_BYTES: usize = 64 << 10;

/// Issues told of one body; more would not be read.
pub const ISSUES: usize = order::limits::ISSUES_MAX;

/// Events kept for subscribers that come back or fall behind: some seconds of the busiest evening. Older ones are read
/// from a replica's log.
pub const EVENTS_KEPT: usize = 65_536;
/// Events that may wait for one subscriber; a slower one goes back to the log.
pub const EVENTS_WAITING: usize = 1_024;
/// Entries asked of a replica's log at once.
pub const LOG_PAGE: usize = 1_024;
/// Events written to a subscriber at once.
pub const EVENTS_AT_ONCE: usize = 256;
/// A subscriber hears its cursor again after this much silence.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Without subscribers the log is followed this long: a reconnecting page finds it warm.
pub const FOLLOW_AFTER_LAST: Duration = Duration::from_secs(30);
/// A front end that has just started is not ready before it has reached the primary and the adapter, or has tried for this long.
pub const FIRST_CONTACTS: Duration = Duration::from_secs(2);
/// An answer that took longer is told in the log, …
pub const SLOW: Duration = Duration::from_millis(200);
/// … one in this many ms: where all are slow, that is enough to see it.
pub const SLOW_EVERY_MS: u64 = 1_000;
/// A replica that has not come as far as a cursor is waited for this long before another is asked.
pub const CATCH_UP_PAUSE: Duration = Duration::from_millis(20);

/// Controllers have this long to answer a question that was passed on to them.
pub const CONTROLLER_TIME: Duration = Duration::from_secs(5);
/// A planned hand-over must be seen after this long: it takes less than a second (H1).
pub const HAND_OVER_TIME: Duration = Duration::from_secs(4);
/// Names of controllers are looked up so often: one that was started anew is told again soon.
pub const LOOK_UP_EVERY: Duration = Duration::from_secs(5);
/// A word to the controllers about a doubtful primary may take this long: it is a hint.
pub const SUSPECT_TIME: Duration = Duration::from_millis(500);
/// Orders on a page unless asked otherwise.
pub const PAGE: u32 = 50;
/// Orders on a page at most.
pub const PAGE_MAX: u32 = order::limits::PAGE_MAX as u32;
