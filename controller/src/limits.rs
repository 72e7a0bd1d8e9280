//! Every bound and interval of the controller program, with its reason. Those of the protocol are in `group::limits`.
use std::time::Duration;

/// The second controller lets the first go first by at least this long, in ms (P1) …
pub const JITTER_MIN_MS: u64 = 20;
/// … and at most this long: two that wait equally long would only make one of two writes fail.
pub const JITTER_MAX_MS: u64 = 60;
/// A call to the view store is given up after this long; what it does is unknown then. A stalled disk takes 0.2 s.
pub const STORE_TIME: Duration = Duration::from_secs(2);
/// After a write with an unknown outcome, or one that the store refused, and after a failed read: this long until the next try.
pub const AGAIN_MS: u64 = 200;
/// Requests that wait for the loop. They are few and rare; more than this is a flood and is refused.
pub const REQUESTS: usize = 256;
/// A request over HTTP is answered within this time or refused.
pub const ANSWER_TIME: Duration = Duration::from_secs(4);
/// Members have this long, in ms, to promise what a rebuild of the view needs: two stalls of a disk. The group stands meanwhile (V3) …
pub const FENCE_MS: u64 = 1_500;
/// … and are told again this often, in ms: one that has just come back has not heard, and each tells its status when it has.
pub const FENCE_AGAIN_MS: u64 = 20;
/// Failovers remembered for the status page. The log of the group has them all.
pub const FAILOVERS: usize = 32;
/// Connections to the admin port at one time: front ends, a scraper, people.
pub const CONNECTIONS: usize = 256;
/// The head of a request must have arrived within this time, or a slow caller holds a connection.
pub const HEAD_TIME: Duration = Duration::from_secs(5);
/// Bodies are a line of JSON.
pub const BODY_BYTES: usize = 16 << 10;
/// Names of pods and of those who report, in bytes.
pub const NAME_BYTES: usize = 253;
/// Answers under way at SIGTERM may take this long.
pub const STOP_TIME: Duration = Duration::from_secs(1);
/// The Lease of the builder is renewed this often, and a request for it takes no longer …
pub const LEASE_RENEW: Duration = Duration::from_secs(1);
/// … and whoever could not renew it for this long builds no more …
pub const LEASE_HELD: Duration = Duration::from_secs(3);
/// … well before another may take it: a builder that is replaced must have stopped.
pub const LEASE_TIME: Duration = Duration::from_secs(4);
/// After a failed watch or list the operator follows again after this long: a dozen requests each, which a server that comes back can
/// bear, and nobody waits long for what has happened meanwhile.
pub const WATCH_AGAIN: Duration = Duration::from_millis(500);
/// A watch is ended by the server after so many seconds, and given up five later: a connection that died silently is noticed then.
pub const WATCH_SECS: u32 = 15;
/// Everything followed is listed afresh this often: a server that was set back shows what it has.
pub const WATCH_AFRESH: Duration = Duration::from_secs(60);
/// One pass of the builder takes no longer, or it begins anew: a request to a server that vanished has no end of its own.
pub const BUILD_TIME: Duration = Duration::from_secs(20);
/// A pod that is gone keeps its last address at least so long: deleted by force, its process still runs for some seconds and hands
/// over meanwhile (H1).
pub const GONE_KEPT: Duration = Duration::from_secs(5);
/// After a change the builder waits this long for more of them: a failover is many changes in a few milliseconds.
pub const BUILD_SETTLE: Duration = Duration::from_millis(300);
/// Everything is looked at again after this long, changed or not.
pub const BUILD_AGAIN: Duration = Duration::from_secs(15);
/// A hand-over that was asked for takes a second at most; after this long it is asked for again.
pub const HAND_OVER_TIME: Duration = Duration::from_secs(3);
