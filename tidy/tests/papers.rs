//! Whether the documents say what is there: rules and their tests, and every path that a page names.
use std::collections::BTreeSet;
use tidy::{File, expect_none, file, files, laws, root, rules, rules_in, sources};

/// Crates whose comments speak of places in Britain, where `E1` is a part of London.
const OF_PLACES: [&str; 1] = ["postcode"];

fn pages() -> Vec<File> {
    files().into_iter().filter(|file| file.path.ends_with(".md")).collect()
}

#[test]
fn every_rule_that_code_cites_is_in_the_protocol() {
    let rules: BTreeSet<String> = rules().into_iter().chain(laws()).collect();
    assert!(rules.len() > 25, "docs/protocol.md has a heading `### V4 · …` for each rule; found only {rules:?}");
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| !OF_PLACES.contains(&file.area())) {
        for (number, line) in file.lines() {
            let Some((_, comment)) = line.split_once("//") else { continue };
            let unknown = rules_in(comment).filter(|rule| !rules.contains(*rule));
            wrong.extend(unknown.map(|rule| format!("{}:{number}: {rule}", file.path)));
        }
    }
    expect_none("Cite a rule that docs/protocol.md has, or write the rule there first:", &wrong);
}

#[test]
fn every_rule_of_the_protocol_has_a_test_named_after_it() {
    let tested: BTreeSet<String> = sources().iter().flat_map(tests_of).chain(stories()).collect();
    let untested = rules().into_iter().filter(|rule| !tested.contains(&rule.to_lowercase()));
    let wrong: Vec<String> = untested.map(|rule| format!("{rule}: no test `{}_…`", rule.to_lowercase())).collect();
    expect_none("Write a story or a test for the rule, and begin its name with the rule:", &wrong);
}

/// First words of the names of a file's tests.
fn tests_of(file: &File) -> Vec<String> {
    if !file.text.contains("#[test]") && !file.text.contains("::test]") {
        return vec![];
    }
    let names = file.text.lines().filter_map(|line| line.split_once("fn ").map(|(_, name)| name));
    names.flat_map(|name| name.split(['(', '_']).take(3)).map(str::to_owned).collect()
}

/// First words of the names of stories: text files that a test plays.
fn stories() -> Vec<String> {
    let texts = files().into_iter().filter(|file| file.path.contains("/tests/") && file.path.ends_with(".txt"));
    texts.filter_map(|file| Some(file.path.rsplit_once('/')?.1.split(['_', '.']).next()?.to_owned())).collect()
}

#[test]
fn every_path_that_a_page_names_exists() {
    let top: BTreeSet<String> = std::fs::read_dir(root())
        .expect("the root can be listed")
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name != "target")
        .collect();
    let mut wrong = Vec::new();
    for page in pages() {
        for (number, line) in page.lines() {
            let named = line.split('`').skip(1).step_by(2).filter(|name| is_path(name, &top));
            let linked = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
            let linked = linked.filter(|link| !link.is_empty() && !link.contains(':'));
            let beside = root().join(&page.path).parent().map(|dir| dir.to_path_buf()).unwrap_or_else(root);
            let missing = named.filter(|name| !root().join(name).exists());
            wrong.extend(missing.map(|name| format!("{}:{number}: `{name}`", page.path)));
            let missing = linked.filter(|link| !beside.join(link).exists());
            wrong.extend(missing.map(|link| format!("{}:{number}: ]({link})", page.path)));
        }
    }
    expect_none("The page names what is not there; write what is:", &wrong);
}

/// Whether a word in backquotes means a file or folder of this repository.
fn is_path(word: &str, top: &BTreeSet<String>) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let first = word.split('/').next().unwrap_or_default();
    plain && (word.contains('/') && top.contains(first) || word.ends_with(".md") && !word.contains('/'))
}

#[test]
fn the_map_has_every_crate_and_no_other() {
    let map = file("ARCHITECTURE.md");
    let headings: BTreeSet<&str> =
        map.text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix("/`")).collect();
    let manifests = files().into_iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let crates: Vec<String> = manifests.map(|file| file.area().to_owned()).collect();
    let crates: BTreeSet<&str> = crates.iter().map(String::as_str).collect();
    assert_eq!(
        headings, crates,
        "ARCHITECTURE.md has a heading such as ### `order/` for each crate, and only for these"
    );
}

#[test]
fn blocks_are_closed_and_diagrams_have_no_semicolon() {
    let mut wrong = Vec::new();
    for page in pages() {
        let fences = page.lines().filter(|(_, line)| line.trim_start().starts_with("```")).count();
        if fences % 2 != 0 {
            wrong.push(format!("{}: a block is opened and not closed", page.path));
        }
        // In a diagram a semicolon ends the statement, and the rest of the sentence is an error.
        let diagrams = page.text.split("```mermaid").skip(1).filter_map(|rest| rest.split("```").next());
        wrong.extend(diagrams.filter(|text| text.contains(';')).map(|_| format!("{}: `;` in a diagram", page.path)));
    }
    expect_none("The page would not be shown as it is meant:", &wrong);
}
