//! A member whose machine is the order book: wires order, member and view together, with admin HTTP.
mod admin;
mod args;
mod machine;
mod run;
mod sample;
mod views;

pub use args::Args;
pub use machine::Orders;
pub use run::run;
