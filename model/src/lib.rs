//! Explores the group's real core exhaustively within bounds: every order of messages, views, deaths and decisions. Knows no clock, no socket and no order.
//!
//! A [`Play`] says what may happen how often; [`explore`] goes every way that this allows, breadth first, so that the way to a broken
//! law is a shortest one. The core is the one that runs in production ([`group::Core`]); what is played here is what stands around
//! it: disks, connections, the store of the view, controllers by the rule P1, the operator's repairs by [`group::choose`], and clients
//! that repeat what they have sent. Time is an event: a clock either stands or passes all patience.
//!
//! What is *not* explored: heartbeats and the detector (a doubt is an event), flow control, more than four pods, corruption.
mod disk;
mod explore;
mod machine;
pub mod mistake;
mod moves;
mod node;
mod packet;
pub mod play;
pub mod plays;
mod promote;
mod repair;
mod store;
mod told;
mod world;

pub use explore::{Order, Report, explore};
pub use mistake::Mistake;
pub use play::{Budget, Play, Reached};
pub use told::Law;
