//! The binary `jh`: nothing but the call into the library, so that harnesses can re-execute themselves as it.
fn main() {}
