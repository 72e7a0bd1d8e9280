//! The single way in: HTTP to customers, one framed connection to each replica. Knows no state of its own but what it parks.
//!
//! A request passes through [`serve`] (connections), [`routes`] (what is where), [`body`] and [`steering`] (what was said), the
//! [`seam`] to the group of replicas, and [`answer`] or [`failure`] (how HTTP has it).

pub mod answer;
pub mod app;
mod args;
pub mod body;
pub mod controllers;
pub mod failure;
pub mod follow;
pub mod headers;
pub mod limits;
pub mod metrics;
mod page;
pub mod places;
pub mod routes;
mod run;
pub mod seam;
pub mod serve;
pub mod shape;
pub mod steering;
pub mod subscribe;

pub use args::Args;
pub use run::run;

#[cfg(test)]
mod tests;
