//! The cached adapter to outside postcode services. Knows postcodes and places, never orders or customers.

pub mod grid;
pub mod pack;
