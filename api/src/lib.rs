//! Our own formats: the public JSON v1 and the messages inside the cluster. Knows domain and group types; opens no sockets.

pub mod cluster;
pub mod control;
pub mod fingerprint;
pub mod record;
pub mod v1;
pub mod wire;
