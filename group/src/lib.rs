//! How copies agree: views, epochs, the in-sync set, commit. Pure, sans-io: knows bytes, never orders; time is an argument.
