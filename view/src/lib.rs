//! Where the view is kept: get, watch, compare-and-swap. Knows View and nothing of members or orders.
