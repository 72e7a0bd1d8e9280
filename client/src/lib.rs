//! What `jh` does for people: near, menu, order, kitchen, drill, verify, all through the public HTTP API.
//! Knows that API and the caller's own state directory; knows nothing of replicas, logs or views.
//!
//! One command, one file. [`run`] is the way in: it turns what was typed ([`Global`], [`Command`]) into what it means
//! here, runs it, and decides the exit code in one place ([`Exit`]).

mod address;
mod api_client;
mod basket;
mod cart;
mod cluster;
mod command;
mod config;
mod courier;
mod drill;
mod durable;
mod exit;
mod failure;
mod journal;
mod kitchen;
mod menu;
mod near;
mod order;
mod output;
mod pending;
mod problem;
mod quote;
mod retry;
mod sse;
mod table;
mod transition;
mod verify;
mod words;

pub use cluster::Command as ClusterCommand;
pub use command::{Command, run};
pub use config::{Format, Global, state_dir};
pub use drill::check::Findings;
pub use drill::linearity::{Answered, Asked, Call, Linearity, Verdict};
pub use drill::measure::Latency;
pub use drill::report::{Added, Report, Round, Seen, Slowest};
pub use drill::traffic::{Told, Traffic, Trouble};
pub use exit::Exit;
