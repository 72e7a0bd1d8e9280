//! A member that is driven by hand, turn by turn, and whose peers and clients are played: who is there, who is answered and when, what is told
//! unasked, what is too much, what is done by the clock, what becomes of snapshots, and how it ends.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod asks;
mod bounds;
mod caller;
mod clients;
mod ends;
mod feeds;
mod hand;
mod links;
mod obliging;
mod reads;
mod snapshots;
mod timers;
