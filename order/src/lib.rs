//! What an order is: restaurants, menus, money, postcodes and the stages of an order. Pure: no clock, no luck, no files, no sockets.

pub mod id;
pub mod limits;
pub mod money;
pub mod postcode;
