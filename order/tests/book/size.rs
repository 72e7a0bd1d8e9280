//! How much memory an order takes, indexes included: it bounds the system before speed does.

use std::mem::size_of;

use order::id::OrderId;
use order::order::{Moment, Order, Part};
use order::stage::Role;

use crate::fixture::*;

/// Bytes that an allocation of so many takes from a common allocator: 8 of its own, rounded up to 16.
fn allocated(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + 8).next_multiple_of(16).max(32) }
}

/// Bytes of an entry in an ordered map or set, whose nodes are about three quarters full.
fn entry(bytes: usize) -> usize {
    bytes * 4 / 3
}

fn bytes_of(order: &Order) -> usize {
    // An Arc has two counters beside the record.
    let record = allocated(size_of::<Order>() + 16);
    let texts = allocated(order.texts.bytes());
    let parts = allocated(size_of::<Part>() * order.parts.len());
    let history = allocated(size_of::<Moment>() * order.history.len());
    let rare = order.rare.as_ref().map_or(0, |rare| allocated(size_of_val(&**rare)) + allocated(rare.courier.len()));
    let id = size_of::<OrderId>();
    let (by_id, by_stage, by_key) = (entry(id + 8), entry(id + 8), entry(id + 8));
    let timer = if order.due_ms > 0 { entry(id + 8) } else { 0 };
    record + texts + parts + history + rare + by_id + by_stage + by_key + timer
}

#[test]
fn a_typical_order_takes_no_more_than_four_hundred_bytes_and_its_indexes_a_hundred_and_thirty() {
    let (mut state, now) = (book(), at(EVENING));
    let placed = placed(&mut state, now, "a", wish()).order;
    let accept = order::command::Step::Accept { ready_by_ms: None };
    let accepted = moved(&mut state, now, &step(Role::Restaurant, placed.id, accept)).order;
    for (name, order) in [("placed", &placed), ("accepted", &accepted)] {
        let indexes = 3 * entry(24) + if order.due_ms > 0 { entry(24) } else { 0 };
        let bytes = bytes_of(order);
        println!("{name}: {} in the record, {bytes} altogether, of which indexes {indexes}", size_of::<Order>());
        assert!(bytes - indexes <= 400 && indexes <= 130, "{name}: {bytes} of which indexes {indexes}");
    }
}
