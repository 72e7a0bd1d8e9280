//! The single way in: HTTP to customers, one framed connection to each replica. Knows no state of its own but what it parks.

pub mod body;
pub mod failure;
pub mod headers;
pub mod limits;
pub mod serve;
pub mod shape;
