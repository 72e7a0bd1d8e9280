//! Every bound of a running member and of its clients, with its reason. Bounds of the protocol are in `group::limits`.

/// A command or request, in bytes. An order is below 64 KiB; more would make one client's entry everyone's delay.
pub const COMMAND_BYTES: usize = 1 << 20;
/// A machine's reply, in bytes: below a frame with room for what surrounds it.
pub const REPLY_BYTES: usize = 3 << 20;
/// One frame, in bytes: a full `Append` and one entry more.
pub const FRAME_BYTES: usize = 4 << 20;
/// The first frame of a connection, in bytes, before we know who is there.
pub const HELLO_BYTES: usize = 4 << 10;
/// The first frame must be there after this long, in ms.
pub const HELLO_MS: u64 = 2_000;
/// What is read from a socket at once, in bytes.
pub const READ_BYTES: usize = 256 << 10;
/// Connections a member accepts. Peers, front ends and controllers are a few dozen; each costs buffers.
pub const CONNECTIONS: usize = 1_024;
/// Batches of frames between the readers and the loop; behind it readers wait, and so do the senders.
pub const INBOX_BATCHES: usize = 256;
/// Bytes waiting to be written to one connection; a slower reader is cut off. The protocol has at most
/// `group::limits::IN_FLIGHT_BYTES` on the way to a peer.
pub const OUTBOX_BYTES: usize = 32 << 20;
/// Answers held until they may leave; beyond it `Busy`.
pub const HELD_ANSWERS: usize = 65_536;
/// Bytes of held answers; beyond it `Busy`.
pub const HELD_BYTES: usize = 64 << 20;
/// Requests of this process itself (`Member::submit`) between the caller and the loop.
pub const LOCAL_REQUESTS: usize = 1_024;
/// Events handled in one turn before what they caused is written: bounds how long a batch may grow.
pub const TURN_EVENTS: usize = 512;
/// An eventual read on a primary whose last entries are not committed waits this long, in ms, for a settled answer.
pub const UNSETTLED_MS: u64 = 250;
/// Redialling: at first after this long, in ms.
pub const REDIAL_FIRST_MS: u64 = 2;
/// Redialling: at most this far apart, in ms.
pub const REDIAL_MAX_MS: u64 = 100;
/// A connection attempt may take this long, in ms: a host that is gone does not even refuse.
pub const DIAL_MS: u64 = 500;
/// Bytes sent on a connection that the other host does not acknowledge for this long, in ms, end it.
pub const UNACKNOWLEDGED_MS: u32 = 5_000;
/// A write that makes no way for this long, in ms, ends its connection: nobody reads there.
pub const WRITE_MS: u64 = 10_000;
/// Clients send a word this often, in ms, …
pub const PING_MS: u64 = 1_000;
/// … and a side that hears nothing for this long, in ms, ends the connection: a host that vanished closes nothing.
pub const SILENCE_MS: u64 = 5_000;
/// A member that is asked for a report must answer in this time, in ms.
pub const REPORT_MS: u64 = 500;
/// An answer that a client waited for longer than this, in ms, is told in its log, …
pub const SLOW_MS: u64 = 200;
/// … one in this many ms: where all are slow, that is enough to see it.
pub const SLOW_EVERY_MS: u64 = 1_000;
/// Subscribers are told where the history is at least this often, in ms, …
pub const FEED_ALIVE_MS: u64 = 250;
/// … and go to another member when they hear nothing for this long, in ms.
pub const FEED_SILENCE_MS: u64 = 1_000;
/// Pages of a feed that wait for the subscriber; then it is unsubscribed until it has caught up.
pub const FEED_PAGES: usize = 64;
/// Pieces of a state are walked at least this far apart, in µs: 64 MB/s leave the disk to the log.
pub const SLICE_PAUSE_US: u64 = 2_000;
/// A connection for a snapshot may be silent this long, in ms: either disk may be slow.
pub const SNAPSHOT_SILENCE_MS: u64 = 30_000;
/// A machine's delta, in bytes; larger ones are refused, and that is a fault of the machine.
pub const DELTA_BYTES: usize = 2 << 20;
/// Timers executed in one slice, behind client work (T1).
pub const TIMERS: usize = 256;
/// A gap in service longer than this, in ms, is told to the machine (T1).
pub const OUTAGE_MS: u64 = 60_000;
/// Status is pushed to controllers this often, in ms, and at once when role, view or suspects change.
pub const STATUS_MS: u64 = 100;
/// A snapshot is begun when the log since the last one has this many bytes on the disk, a block for each batch counted in, and at least
/// half of that snapshot's: a restart reads both, and what is written twice stays in proportion. …
pub const SNAPSHOT_EVERY_BYTES: usize = 16 << 20;
/// … and state is walked in pieces of this many bytes, one a turn, so that nothing stalls.
pub const SLICE_BYTES: usize = 128 << 10;
/// A chunk of a snapshot on the wire, in bytes.
pub const CHUNK_BYTES: usize = 256 << 10;
/// Entries in one page of the log feed.
pub const PAGE_ENTRIES: usize = 4_096;
/// Bytes in one page of the log feed.
pub const PAGE_BYTES: usize = 1 << 20;
/// Subscribers of committed entries on one member.
pub const SUBSCRIBERS: usize = 256;
/// Events kept for an application that listens slowly; older ones are dropped, and it is told how many.
pub const EVENTS: usize = 1_024;
/// A member that ends has this long, in ms, to tell its callers who leads.
pub const FAREWELL_MS: u64 = 20;

const _: () = assert!(DELTA_BYTES + group::limits::APPEND_BYTES + 1024 < FRAME_BYTES);
const _: () = assert!(PAGE_BYTES + DELTA_BYTES + 1024 < FRAME_BYTES);
const _: () = assert!(REPLY_BYTES + 1024 < FRAME_BYTES);
const _: () = assert!(CHUNK_BYTES < FRAME_BYTES);
const _: () = assert!(group::limits::IN_FLIGHT_BYTES < OUTBOX_BYTES);

// Storage.

/// A segment of the log, in bytes. Zeroed before use, so it is also how much a roll costs; a second's worth at full speed.
pub const SEGMENT_BYTES: u32 = 16 << 20;
/// A segment that nobody waits for yet is zeroed with pauses as long as this, in µs: at 64 MB/s it is there long before it is needed, …
pub const SPARE_PAUSE_US: u64 = 4_000;
/// … and those of a blank disk, which its member waits for, with shorter ones: 0.1 s in all. In one go, zeros were seen to keep a synced
/// write of whoever shares the disk waiting for up to 0.3 s.
pub const FORMAT_PAUSE_US: u64 = 1_000;
/// Entries of one sync batch, in bytes, before another batch is begun. One entry may be larger.
pub const BATCH_BYTES: usize = 512 << 10;
/// One entry, in bytes as encoded. A command and its delta stay below it.
pub const ENTRY_BYTES: usize = 4 << 20;
/// Entries waiting for the log's writer, in bytes; beyond it the loop takes no more work. Tests of the queue fill it with two.
pub const LOG_QUEUE_BYTES: usize = if cfg!(test) { 8 << 10 } else { 64 << 20 };
/// Snapshot slices waiting for their writer; beyond it the loop waits with the next one.
pub const SLICE_QUEUE: usize = 64;
/// One chunk in a snapshot's file, in bytes.
pub const SNAPSHOT_CHUNK_BYTES: usize = 8 << 20;
/// A snapshot's file is synced every so many bytes: one large sync at the end would hold up the log's.
pub const SNAPSHOT_SYNC_BYTES: u64 = 8 << 20;
/// One copy of the superblock, in bytes; the view in it has a handful of pods.
pub const SUPERBLOCK_BYTES: usize = 64 << 10;

const _: () = assert!(ENTRY_BYTES > COMMAND_BYTES && ENTRY_BYTES * 2 < SEGMENT_BYTES as usize);
const _: () = assert!(ENTRY_BYTES < SNAPSHOT_CHUNK_BYTES);
