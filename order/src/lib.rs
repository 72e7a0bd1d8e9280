//! What an order is: restaurants, menus, money, postcodes and the stages of an order. Pure: no clock, no luck, no files, no sockets.

pub mod allergen;
pub mod clock;
pub mod command;
pub mod delta;
pub mod form;
pub mod hours;
pub mod id;
pub mod issue;
pub mod key;
pub mod limits;
pub mod menu;
pub mod money;
pub mod order;
pub mod phone;
pub mod place;
pub mod postcode;
mod remedy;
pub mod reply;
pub mod restaurant;
pub mod stage;
pub mod texts;
pub mod transitions;
mod values;
pub mod view;

pub use command::Command;
pub use delta::Delta;
pub use id::OrderId;
pub use reply::Reply;
