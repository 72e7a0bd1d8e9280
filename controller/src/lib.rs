//! Names the primary: watches members, decides by a pure plan, writes the view by compare-and-swap. Never adds a member to the in-sync set.
//!
//! One loop ([`control`]): [`observe`] takes in what connections, store and witnesses show, [`plan`] says what is to be done
//! (with `group::choose`, which the simulator runs too), [`apply`] does it and is the only writer. Two controllers run
//! at once without a lease, because every write is a compare-and-swap that names the version it was decided on. A
//! controller keeps nothing on disk: a restarted one sees all it needs.

mod account;
mod admin;
mod apply;
mod args;
mod clock;
mod conditions;
mod control;
mod failovers;
pub mod limits;
mod metrics;
mod observe;
pub mod operator;
mod picture;
mod plan;
mod rebuilding;
mod repair;
mod run;
mod serve;
#[cfg(test)]
mod tests;

pub use args::Args;
pub use conditions::{Condition, Kind};
pub use plan::{Plan, Step, next, plan};
pub use rebuilding::{Rebuilding, Turn};
pub use run::run;
