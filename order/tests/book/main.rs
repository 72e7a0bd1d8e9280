//! The domain from outside: stories of orders, hours and keys, and the laws that hold whatever is asked.

mod fixture;
mod hours;
mod moves;
mod once;
mod placing;
mod timers;
