//! Every bound and every interval of the protocol, with its reason. Nothing else in this crate holds a number of its own.

/// The core is ticked this often, in ms. Fine enough for a hand-over of 300 ms, coarse enough to cost nothing.
pub const TICK_MS: u64 = 20;
/// A heartbeat, and one count of misses, every this many ticks (100 ms).
pub const HEARTBEAT_TICKS: u64 = 5;
/// Silent after this many heartbeats without a word. Stalls of 220 ms happen on shared disks and must not count.
pub const SILENT_MISSES: u32 = 6;
/// A primary with writes waiting and no commit for this long, in ms, is suspect though it answers.
pub const STALLED_MS: u64 = 600;
/// A backup whose oldest unacknowledged entry is older than this, in ms, is slow.
pub const SLOW_MS: u64 = 500;
/// Or older than this, in ms, and `SLOW_RATIO` times the others', for `SLOW_FOR_MS`.
pub const SLOW_FLOOR_MS: u64 = 50;
/// See `SLOW_FLOOR_MS`.
pub const SLOW_RATIO: u64 = 10;
/// See `SLOW_FLOOR_MS`; in ms.
pub const SLOW_FOR_MS: u64 = 2_000;
/// A backup shrunk out for slowness is let in again after this much calm, in ms.
pub const CALM_MS: u64 = 10_000;
/// A learner this close to the tail, in ms, may be proposed (S2).
pub const NEAR_TAIL_MS: u64 = 20;
/// An expansion not yet sent is given up after this long, in ms (S2).
pub const EXPAND_PATIENCE_MS: u64 = 500;
/// A proposal whose outcome is not seen is written again on the same base after this long, in ms (V4).
pub const PROPOSE_AGAIN_MS: u64 = 200;
/// A resignation that is not seen after this long, in ms, is undone (H1).
pub const RESIGN_PATIENCE_MS: u64 = 300;
/// Whoever leaves is gone after this long, in ms, come what may (H1).
pub const LEAVE_MS: u64 = 1_000;
/// Entries sent to one peer and not yet acknowledged, in bytes. More would only fill buffers.
pub const IN_FLIGHT_BYTES: usize = 8 << 20;
/// Entries in one `Append`, in bytes: small enough to keep heartbeats prompt.
pub const APPEND_BYTES: usize = 512 << 10;
/// Log kept in memory for slow peers and for subscribers, in bytes; older entries come by snapshot.
pub const LOG_BYTES: usize = 96 << 20;
/// Reads waiting for a barrier; more are refused by the shell.
pub const READS: usize = 65_536;
/// Reigns remembered for the history of failovers, in memory and in snapshots: some hundred bytes each.
pub const REIGNS: usize = 64;
/// The log format that this build writes and reads (F1).
pub const FORMAT: u16 = 1;

/// A controller takes a status of at most this age, in ms, as an answer. Members push one every 100 ms and when asked.
pub const ANSWER_AGE_MS: u64 = 250;
/// Whoever was asked for a status and is connected is waited for this long, in ms. Longer costs more than it could gain: who
/// is left out comes back as a learner.
pub const ANSWER_MS: u64 = 30;
/// A decision that was not written within this time, in ms, is discarded (P1).
pub const DECISION_MS: u64 = 1_000;
/// A new epoch is left alone this long, in ms, unless its process is known dead (P1).
pub const GRACE_MS: u64 = 500;
/// The grace doubles up to this, in ms, while epochs pass without a commit (P1).
pub const GRACE_MAX_MS: u64 = 5_000;
/// When all have restarted, those not yet back are waited for this long, in ms (A1).
pub const GATHER_MS: u64 = 2_000;
/// A front end's word against a primary counts this long, in ms.
pub const REPORT_MS: u64 = 1_000;
/// So many words of front ends against members are kept. They live a second; more of them would tell nothing new.
pub const REPORTS: usize = 256;
/// A primary that changed its set this recently, in ms, is not yet called stalled: the change may be what it waited for.
pub const SETTLE_MS: u64 = 500;

const _: () = assert!(TICK_MS * HEARTBEAT_TICKS * SILENT_MISSES as u64 <= 600, "silence is found in 0.6 s and a tick");
const _: () = assert!(RESIGN_PATIENCE_MS < LEAVE_MS);
const _: () = assert!(APPEND_BYTES < IN_FLIGHT_BYTES);
const _: () = assert!(IN_FLIGHT_BYTES < LOG_BYTES);

/// A front end keeps a request this long, in ms, before it gives up.
pub const PARK_MS: u64 = 10_000;
/// Requests that a front end has open, parked or sent: more are turned away at once.
pub const PARK_REQUESTS: usize = 16_384;
/// And their bytes.
pub const PARK_BYTES: usize = 64 << 20;
/// A primary that sent requests away is asked again with one of them after this long, in ms.
pub const PROBE_MS: u64 = 50;
/// A read that any member may answer is given to the next one after this long, in ms.
pub const HEDGE_MS: u64 = 200;
