//! A running member of a group: log, snapshots, connections, event loop, and the client half. Knows bytes, never orders, and not where the view is kept.
