//! The cached adapter to outside postcode services. Knows postcodes and places, never orders or customers.
//!
//! A request passes through [`http`] (routes, errors), [`cache`] (freshness, one load for many callers), [`chain`] (who
//! is asked in which order) and the [`provider`]s. The last of them is the [`embedded`] [`pack`] of all live postcodes of
//! Great Britain, which needs no network, so there is always an answer.

pub mod cache;
pub mod chain;
pub mod clock;
pub mod embedded;
pub mod grid;
pub mod http;
pub mod limits;
pub mod metrics;
pub mod pack;
pub mod provider;
mod run;
mod serve;
pub mod suggest;
mod wire;

pub use http::{Adapter, app};
pub use run::{Args, run};
