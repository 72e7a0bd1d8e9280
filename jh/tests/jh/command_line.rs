//! What needs no service: flags, exit codes, streams.

use std::process::Output;

use crate::installation::jh;

fn run(line: &[&str]) -> Output {
    jh().args(line).output().unwrap()
}

#[test]
fn wrong_flags_are_told_on_standard_error_with_exit_code_2() {
    for line in
        [&["frobnicate"][..], &["up", "--port", "many"], &["order", "place", "--tomorrow"], &["up", "--replicas", "0"]]
    {
        let output = run(line);
        assert_eq!(output.status.code(), Some(2), "{line:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{line:?}");
    }
}

#[test]
fn a_service_that_is_not_there_is_exit_code_5() {
    let output = run(&["--endpoint", "http://127.0.0.1:1", "--timeout", "0.1", "cluster", "status"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("jh up"), "it says what to do");
}

#[test]
fn help_names_every_program_and_completions_are_a_script() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for program in
        ["up", "near", "menu", "cart", "quote", "order", "kitchen", "courier", "address", "cluster", "drill", "verify"]
    {
        assert!(help.contains(&format!("  {program} ")), "{program} is missing in {help}");
    }
    assert!(String::from_utf8(run(&["completions", "bash"]).stdout).unwrap().contains("_jh"));
}
