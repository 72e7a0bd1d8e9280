//! Threads and what joins them, for the storage: the standard library's. In this crate's unit tests they are shuttle's, which decides
//! at every step which thread goes on.
#[cfg(test)]
pub(crate) use shuttle::{
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};
#[cfg(not(test))]
pub(crate) use std::{
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};
