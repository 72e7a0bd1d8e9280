//! The binary `jh`: nothing but the call into the library, so that harnesses can re-execute themselves as it.

use std::process::ExitCode;

fn main() -> ExitCode {
    jh::main()
}
