//! The public JSON, version 1. Fields may be added here, never changed or taken away.

pub mod postcodes;
