//! Who may depend on whom. The table is the decision; cargo says how it is.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use tidy::{edges, expect_none, file, root};

/// A crate, its layer, and the crates of ours that it depends on: exactly these.
struct Place {
    name: &'static str,
    layer: u8,
    on: &'static [&'static str],
}

const fn place(name: &'static str, layer: u8, on: &'static [&'static str]) -> Place {
    Place { name, layer, on }
}

/// The house. An edge that is not here is a decision, not an accident: change this table in a commit of its own, and
/// `ARCHITECTURE.md` with it.
const HOUSE: &[Place] = &[
    // 1: pure
    place("order", 1, &[]),
    place("group", 1, &[]),
    // 2: edges
    place("api", 2, &["group", "order"]),
    place("member", 2, &["group"]),
    place("view", 2, &["group"]),
    // 3: programs
    place("client", 3, &["api"]),
    place("controller", 3, &["api", "group", "member", "view"]),
    place("frontend", 3, &["api", "group", "member", "order", "view"]),
    place("postcode", 3, &["api", "order"]),
    place("replica", 3, &["api", "group", "member", "order", "view"]),
    // 4: the one binary
    place("jh", 4, &["api", "client", "controller", "frontend", "order", "postcode", "replica"]),
    // 5: harnesses
    place("e2e", 5, &["api", "client"]),
    place("model", 5, &["group"]),
    place("sim", 5, &["api", "controller", "group", "member", "order", "replica"]),
    place("tidy", 5, &[]),
];

/// Everything from outside that the pure crates may use: formats and data, never the world.
const PURE: &[(&str, &[&str])] = &[
    ("group", &["bytes", "serde", "thiserror", "xxhash-rust"]),
    ("order", &["base64", "hmac", "jiff", "sha2", "thiserror", "xxhash-rust"]),
];

/// What each crate is built on. Asked of cargo once.
fn built_on() -> &'static BTreeMap<String, Vec<String>> {
    static FOUND: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| edges("normal,build"));
    &FOUND
}

fn layer(name: &str) -> Option<u8> {
    HOUSE.iter().find(|place| place.name == name).map(|place| place.layer)
}

fn ours(names: &[String]) -> BTreeSet<&str> {
    names.iter().map(String::as_str).filter(|name| layer(name).is_some()).collect()
}

#[test]
fn the_table_points_only_down() {
    for place in HOUSE {
        for on in place.on {
            let below = layer(on).unwrap_or_else(|| panic!("{on} has no place in HOUSE"));
            assert!(below < place.layer, "{} may not depend on {on}: arrows point down, never sideways", place.name);
        }
    }
}

#[test]
fn every_crate_depends_on_exactly_what_the_table_says() {
    let found = built_on();
    let known: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    let housed: BTreeSet<&str> = HOUSE.iter().map(|place| place.name).collect();
    assert_eq!(
        known, housed,
        "cargo's crates and those of HOUSE in tidy/tests/layers.rs differ: give the new one a layer"
    );
    let mut wrong = Vec::new();
    for place in HOUSE {
        let is = ours(&found[place.name]);
        let should: BTreeSet<&str> = place.on.iter().copied().collect();
        wrong.extend(is.difference(&should).map(|extra| format!("{} -> {extra}: a new edge", place.name)));
        wrong.extend(should.difference(&is).map(|gone| format!("{} -> {gone}: no longer used", place.name)));
    }
    expect_none("Remove the edge from Cargo.toml, or decide it in HOUSE (tidy/tests/layers.rs):", &wrong);
}

#[test]
fn tests_too_use_only_what_lies_below() {
    let mut wrong = Vec::new();
    for (from, to) in edges("dev") {
        let above = ours(&to).into_iter().filter(|to| layer(to) >= layer(&from)).map(str::to_owned);
        wrong.extend(above.map(|to| format!("{from} -> {to}")));
    }
    expect_none("A dev-dependency must lie in a lower layer; move the test into a crate above both:", &wrong);
}

#[test]
fn pure_crates_use_nothing_that_reaches_the_world() {
    let found = built_on();
    for (name, allowed) in PURE {
        let is: BTreeSet<&str> = found[*name].iter().map(String::as_str).collect();
        let should: BTreeSet<&str> = allowed.iter().copied().collect();
        assert_eq!(
            is, should,
            "{name} is pure: what it uses is listed in PURE (tidy/tests/layers.rs), with good reason"
        );
    }
}

#[test]
fn every_crate_inherits_the_lints_and_the_facts_of_the_workspace() {
    let mut wrong = Vec::new();
    for place in HOUSE {
        let manifest = file(&format!("{}/Cargo.toml", place.name));
        if !manifest.text.contains("[lints]\nworkspace = true") {
            wrong.push(format!("{}: add `[lints]` with `workspace = true`", manifest.path));
        }
        for field in ["version", "edition", "rust-version", "license", "publish"] {
            if !manifest.text.contains(&format!("{field}.workspace = true")) {
                wrong.push(format!("{}: write `{field}.workspace = true`", manifest.path));
            }
        }
        if !manifest.text.lines().any(|line| line.starts_with("description = \"")) {
            wrong.push(format!("{}: say in `description` what it knows and what it must not know", manifest.path));
        }
    }
    expect_none("Every crate has the lints and the facts of the workspace:", &wrong);
}

#[test]
fn nothing_makes_rustup_fetch_a_toolchain() {
    for name in ["rust-toolchain", "rust-toolchain.toml"] {
        assert!(
            !root().join(name).exists(),
            "remove {name}: the oldest Rust that works is `rust-version` in Cargo.toml"
        );
    }
}
