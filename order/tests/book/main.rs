//! The domain from outside: stories of orders, hours and keys, and the laws that hold whatever is asked.

mod catalogue;
mod document;
mod fixture;
mod hours;
mod kitchen;
mod laws;
mod moves;
mod once;
mod payments;
mod placing;
mod plans;
mod problems;
mod promises;
mod questions;
mod size;
mod timers;
