//! A deterministic simulator: the whole system's code above sockets and files (members with log, snapshots and recovery, the order book, front
//! ends' routing, controllers' choice) in virtual time, with a network, disks and a store of the view that fail. One seed decides all of it.
mod clients;
mod controllers;
mod disk;
mod faults;
mod fetch;
mod fronts;
pub mod history;
mod laws;
mod luck;
mod machine;
pub mod mistakes;
mod mix;
mod network;
mod operator;
mod replicas;
mod rules;
mod store;
mod trace;
mod world;

pub use history::Heard;
pub use luck::Luck;
pub use machine::Orders;
pub use mix::{Fault, Kind, Length, Mix};
pub use trace::Trace;
pub use world::{Sums, Violation};

use std::collections::BTreeSet;
use world::World;

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    /// What it came to.
    pub sums: Sums,
    /// The law that was broken, if any.
    pub violation: Option<Violation>,
    /// What happened, if it was kept.
    pub trace: Trace,
}

/// Runs a seed, without the faults whose indices are `left_out`.
pub fn run(seed: u64, length: Length, left_out: &BTreeSet<usize>, trace: Trace) -> Run {
    let mut world = World::new(seed, length, left_out, trace);
    world.run();
    Run { sums: world.sums, violation: world.violation, trace: world.trace }
}

/// Leaves out every fault that a violation does not need. Gives those that are left out.
pub fn shorten(seed: u64, length: Length) -> BTreeSet<usize> {
    let all = Mix::draw(seed, length).faults.len();
    let fails = |left_out: &BTreeSet<usize>| run(seed, length, left_out, Trace::none()).violation.is_some();
    let mut left_out = BTreeSet::new();
    let mut stride = all.div_ceil(2);
    while stride > 0 {
        for start in (0..all).step_by(stride) {
            let more: BTreeSet<usize> = left_out.iter().copied().chain(start..(start + stride).min(all)).collect();
            if more.len() > left_out.len() && fails(&more) {
                left_out = more;
            }
        }
        stride /= 2;
    }
    left_out
}
