//! The controller as a Kubernetes operator: one failover loop for every `JustHungry` resource, and beside it a loop that builds.
//!
//! Failover runs in every instance and needs no lease, as on one machine: [`crate::control`] is the same, its wish comes from
//! the resource, its addresses from the pods, its view from a ConfigMap. What exists around the group is built by the instance
//! that holds the Lease: `observe` (api, watching) → `plan` (pure) → `apply` (api) → status.
mod api;
mod builder;
mod compare;
mod directory;
mod events;
mod groups;
mod installation;
mod lease;
mod objects;
mod observed;
mod plan;
mod quantity;
pub mod resource;
mod rollout;
mod routes;
mod run;
mod stages;
mod status;
#[cfg(test)]
mod tests;
mod watching;

pub(crate) use run::run;
