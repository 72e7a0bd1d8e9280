//! What jh does for people: orders, kitchen, drill, verify over HTTP. Knows the public API only.
