//! What an order is: restaurants, menus, money, postcodes and the stages of an order. Pure: no clock, no luck, no files, no sockets.

pub mod allergen;
pub mod id;
pub mod limits;
pub mod menu;
pub mod money;
pub mod phone;
pub mod place;
pub mod postcode;
pub mod stage;
pub mod texts;
pub mod transitions;
