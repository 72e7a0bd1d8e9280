//! The one binary: dispatches to each program and to the client.
