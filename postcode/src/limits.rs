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

/// Time to log in to a service whose keys are tokens. Nobody is held for longer than an attempt: it goes on behind them.
pub const LOGIN: Duration = Duration::from_secs(5);
/// After a login in vain the next one waits for so long, as long as the old token is good.
pub const LOGIN_REST: Duration = Duration::from_secs(60);
/// The next token is got so long before the old one ends: a service that is away for some hours is no harm then.
pub const TOKEN_RENEWED: Duration = Duration::from_secs(12 * 3_600);
/// A token is good for so long at most, whatever its service says: OneMap's last for three days.
pub const TOKEN_KEPT: Duration = Duration::from_secs(3 * DAY_S);

/// Time to open a connection to a service: those that take longer answer too late anyway.
pub const CONNECT: Duration = Duration::from_millis(300);
/// Connections that are kept open to a service while nothing is asked.
pub const CONNECTIONS_IDLE_MAX: usize = 4;
/// An idle one is closed after this time, before the service closes it under a request.
pub const CONNECTION_IDLE: Duration = Duration::from_secs(30);
/// Bytes of a service's answer: the longest real ones, lists of addresses, have some 40 kB.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The next service is asked as well after this time at the earliest: most answers come sooner, and need no second.
pub const HEDGE_MIN: Duration = Duration::from_millis(200);
/// And at the latest, so that it has time to answer.
pub const HEDGE_MAX: Duration = Duration::from_millis(500);
/// Answers whose durations are remembered of each service.
pub const LATENCIES: usize = 64;
/// Durations from which something can be said of the slowest twentieth.
pub const LATENCIES_MIN: usize = 20;

/// Requests at a time to one service: a slow one must not hold all there is.
pub const SERVICE_CALLS_MAX: usize = 16;
/// Requests that wait for one of those places; beyond them the next service is asked.
pub const SERVICE_QUEUE_MAX: usize = 32;
/// Calls of a service by which the breaker judges it.
pub const BREAKER_CALLS: usize = 20;
/// Fewer say nothing.
pub const BREAKER_CALLS_MIN: usize = 5;
/// Older calls do not count: at a quiet hour five of them may take a minute.
pub const BREAKER_WINDOW: Duration = Duration::from_secs(60);
/// How long a service that fails is left alone at first; it doubles.
pub const OPEN_FIRST: Duration = Duration::from_secs(5);
/// And at most: a minute later than needed is soon enough, with others there to ask.
pub const OPEN_MAX: Duration = Duration::from_secs(60);
/// How long a service is left alone that wants another key, or money.
pub const OPEN_HOPELESS: Duration = Duration::from_secs(15 * 60);
/// A probe is taken for lost after this time.
pub const PROBE: Duration = Duration::from_secs(10);
/// How long a service rests that says "too many requests" and not for how long.
pub const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause that a service may ask for: a wrong number must not shut it out for a year.
pub const PAUSE_MAX: Duration = Duration::from_secs(3_600);
/// The wait before a repetition is drawn between these.
pub const RETRY: std::ops::Range<Duration> = Duration::from_millis(50)..Duration::from_millis(200);
/// Repetitions for every hundred calls, lest they make an outage worse.
pub const RETRY_PERCENT: u32 = 20;
/// Repetitions that may be saved up.
pub const RETRY_SAVED_MAX: u32 = 10;

/// A place this far from the pack's is not believed: real moves of a postcode's middle are within some hundred metres.
pub const SUSPECT_M: f64 = 5_000.0;
/// Addresses of one postcode in an answer; real ones have at most a hundred.
pub const ADDRESSES_MAX: usize = 100;
/// Characters of a name or an address that come from outside.
pub const TEXT_CHARS_MAX: usize = 200;

/// Loads at a time. Beyond it, answers come from what needs no waiting.
pub const FLIGHTS_MAX: usize = 1_024;
/// Bytes of cached answers: some 300,000 of them.
pub const CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Changes that wait to be written to the cache's file: some seconds of misses. Beyond them they are left out.
pub const JOURNAL_QUEUE_MAX: usize = 4_096;
/// Bytes of the file that its library keeps in memory: the cache above it holds everything anyway.
pub const FILE_CACHE_BYTES: usize = 1024 * 1024;
/// How long a found postcode is fresh: the source data changes every quarter.
pub const FOUND_FRESH: Duration = Duration::from_secs(7 * DAY_S);
/// How long a found one is still answered at once while it is asked for anew behind the caller's back.
pub const FOUND_USABLE: Duration = Duration::from_secs(30 * DAY_S);
/// How long it is answered if nobody can be asked: longer than a quarter, and a house does not move.
pub const FOUND_KEPT: Duration = Duration::from_secs(180 * DAY_S);
/// After asking anew in vain, an old answer is given for this long without asking.
pub const REFRESH_REST: Duration = Duration::from_secs(60);
/// How long a terminated one stays so: they come back seldom.
pub const TERMINATED_FRESH: Duration = Duration::from_secs(30 * DAY_S);
/// How long an unknown one stays unknown: new ones appear, and their people are hungry.
pub const NOT_FOUND_FRESH: Duration = Duration::from_secs(6 * 3_600);
/// Freshness varies by up to this many percent up or down, lest answers fetched together run out together.
pub const JITTER_PERCENT: u64 = 10;

/// Suggestions for a postcode that is unknown: more would not be read.
pub const SUGGESTIONS_MAX: usize = 5;

/// Postcodes in a list if nobody says how many.
pub const LISTED: usize = 10;
/// And at most.
pub const LISTED_MAX: usize = 100;
/// How far from a point a postcode is still near it, in metres: in the emptiest glen the next one is nearer.
pub const NEAR_M: u32 = 20_000;
/// Kept answers in one page for another adapter: some 200 kB.
pub const PAGE_RECORDS: usize = 1_000;
/// Bytes of such a page.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Time to take over everything from another adapter.
pub const WARM: Duration = Duration::from_secs(20);
/// How often the file of services is looked at.
pub const CONFIG_LOOK: Duration = Duration::from_secs(1);

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
