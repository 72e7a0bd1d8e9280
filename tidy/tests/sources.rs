//! What every source file looks like, and what is never in one.
use tidy::{File, expect_none, files, sources};

/// A file above this many lines has grown a second thought; give that one its own file.
const LINES_MAX: usize = 600;

/// Words that say "not finished". Taken apart here so that this file does not contain them.
const UNFINISHED: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[igno", "re"),
];

/// Beginnings of paths that exist on one machine only.
const MACHINES: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("../sha", "red"),
];

/// What a pure crate must not touch: time, luck, the disk, the network, threads.
const WORLD: [&str; 14] = [
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "getrandom",
    "rand::",
    "tokio",
    "HashMap",
    "RandomState",
];

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn is_pure(file: &File) -> bool {
    file.path.starts_with("order/src/") || file.path.starts_with("group/src/")
}

#[test]
fn every_file_begins_by_saying_what_it_knows() {
    let silent = sources().into_iter().filter(|file| !file.text.starts_with("//! "));
    let wrong: Vec<String> = silent.map(|file| file.path).collect();
    expect_none("Begin the file with `//! ` and a sentence: what it knows, and what it must not know:", &wrong);
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let long = sources().into_iter().map(|file| (file.text.lines().count(), file.path));
    let wrong: Vec<String> =
        long.filter(|(lines, _)| *lines > LINES_MAX).map(|(lines, path)| format!("{path}: {lines} lines")).collect();
    expect_none("Split the file by what its parts know; 600 lines is the most:", &wrong);
}

#[test]
fn nothing_is_left_for_later() {
    let mut wrong = Vec::new();
    for file in files() {
        for (number, line) in file.lines() {
            if UNFINISHED.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    expect_none("Finish it, or take it out; what is missing belongs in the list of issues:", &wrong);
}

#[test]
fn every_exception_to_a_lint_has_a_reason() {
    let mut wrong = Vec::new();
    for file in sources() {
        for word in ["allow(", "expect("] {
            let starts = [format!("#[{word}"), format!("#![{word}")];
            let found = starts.iter().flat_map(|start| file.text.match_indices(start.as_str()).map(|(at, _)| at));
            for at in found {
                let attribute = file.text[at..].split(")]").next().unwrap_or_default();
                if !attribute.contains("reason") {
                    let line = file.text[..at].lines().count();
                    wrong.push(format!("{}:{line}: {}", file.path, attribute.lines().next().unwrap_or_default()));
                }
            }
        }
    }
    expect_none("Write `#[expect(lint, reason = \"…\")]`, or do what the lint says:", &wrong);
}

#[test]
fn no_path_of_one_machine_is_written_down() {
    let mut wrong = Vec::new();
    for file in files() {
        for (number, line) in file.lines() {
            if MACHINES.iter().any(|path| line.contains(path)) {
                wrong.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    expect_none("Say it without a path that others do not have:", &wrong);
}

#[test]
fn pure_crates_touch_neither_time_nor_luck_nor_the_world() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| is_pure(file)) {
        for (number, line) in file.lines().filter(|(_, line)| !is_comment(line)) {
            if let Some(word) = WORLD.iter().find(|word| line.contains(**word)) {
                wrong.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    expect_none("`order` and `group` are given time and luck as arguments; do the rest in a crate above:", &wrong);
}

#[test]
fn no_unsafe_code_is_let_in() {
    let workspace = tidy::file("Cargo.toml");
    assert!(workspace.text.contains("unsafe_code = \"forbid\""), "Cargo.toml: keep `unsafe_code = \"forbid\"`");
}
