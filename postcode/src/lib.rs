//! The cached adapter to outside postcode services. Knows postcodes and places, never orders or customers.
//!
//! A request passes through [`http`] (routes, errors), [`cache`] (freshness, one load for many callers), [`chain`] (who
//! is asked in which order) and the [`provider`]s: [`outside`] services, whose formats are in [`services`], each behind its
//! [`breaker`], [`pace`] and bound in [`link`]. The last of them is the [`embedded`] [`pack`] of all live postcodes of
//! Great Britain, which needs no network, so there is always an answer. The [`simulator`] plays the outside for tests.

pub mod breaker;
pub mod cache;
pub mod chain;
pub mod check;
pub mod clock;
pub mod code;
pub mod config;
pub mod country;
pub mod embedded;
mod explain;
pub mod fetch;
pub mod grid;
pub mod hedge;
pub mod http;
pub mod limits;
pub mod link;
pub mod luck;
pub mod metrics;
pub mod outside;
pub mod pace;
pub mod pack;
pub mod provider;
pub mod record;
pub mod retry;
mod run;
mod serve;
pub mod services;
pub mod simulator;
pub mod suggest;
mod token;
#[cfg(test)]
mod transparency_tests;
mod veil;
mod warm;
mod wire;

pub use http::{Adapter, Setup, app};
pub use run::{Args, run};
