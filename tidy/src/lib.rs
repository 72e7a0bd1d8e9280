//! Keeps the house in shape: who may depend on whom, first lines, lengths. A test, not a library.
