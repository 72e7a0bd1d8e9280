//! A member whose machine is the order book: wires order, member and view together, with admin HTTP.
