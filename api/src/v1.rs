//! The public JSON, version 1: shapes and words, not how anything is decided. Fields may be added here, never changed or taken away.
//!
//! Unknown fields of a request are refused; unknown fields of an answer are to be ignored.

pub mod asked;
pub mod cluster;
pub mod command;
pub mod courier;
pub mod error;
pub mod event;
pub mod issue;
pub mod menu_body;
pub mod money;
pub mod order;
pub mod paths;
pub mod place;
pub mod postcodes;
pub mod restaurant;
pub mod time;
pub mod told;
