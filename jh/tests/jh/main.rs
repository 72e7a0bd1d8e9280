//! The program as users run it: the binary, real processes, real signals, ports and directories of its own.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod command_line;
mod installation;
mod outside;
mod real_disks;
mod real_faults;
mod server;
mod supervised;
mod system;
mod up;
