//! Reads the repository for the tests beside it: its files, its crates, its rules. Knows how to find things and judges nothing.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the repository.
#[derive(Clone, Debug)]
pub struct File {
    /// From the root, with `/` between the parts.
    pub path: String,
    /// What it says; bytes that are no UTF-8 are replaced.
    pub text: String,
}

impl File {
    /// Its lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
    /// The folder at the root that it lies in; empty at the root itself.
    pub fn area(&self) -> &str {
        self.path.split_once('/').map_or("", |(area, _)| area)
    }
    /// Whether it is Rust source.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// The folder that holds everything.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the root").to_path_buf()
}

/// All text files that belong to the repository, by path. Builds, hidden folders but `.ci`, and binary files are left out.
pub fn files() -> Vec<File> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The Rust files among them.
pub fn sources() -> Vec<File> {
    files().into_iter().filter(File::is_rust).collect()
}

/// One file that must be there, by its path from the root.
pub fn file(path: &str) -> File {
    let read = fs::read_to_string(root().join(path));
    let text = read.unwrap_or_else(|error| panic!("read {path}: {error}; the tests in tidy/ need it"));
    File { path: path.to_owned(), text }
}

/// Kinds of files that people read and write.
const TEXT: [&str; 10] = ["rs", "md", "toml", "txt", "py", "sh", "html", "css", "js", "tsv"];

fn collect(dir: &Path, prefix: &str, found: &mut Vec<File>) {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("list {}: {error}", dir.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("list {}: {error}", dir.display()));
        let name = entry.file_name().to_string_lossy().into_owned();
        let hidden = name.starts_with('.') && name != ".ci";
        if hidden || name == "target" {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else if is_text(&path) {
            let bytes = fs::read(entry.path()).unwrap_or_else(|error| panic!("read {path}: {error}"));
            found.push(File { path, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
}

fn is_text(path: &str) -> bool {
    let kind = Path::new(path).extension().and_then(|kind| kind.to_str());
    path.starts_with(".ci/") || kind.is_some_and(|kind| TEXT.contains(&kind))
}

/// Which crates each crate of ours depends on, of these kinds of edges (`normal,build` or `dev`), as cargo sees it.
pub fn edges(kinds: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut from = String::new();
    for line in cargo_tree(kinds).lines() {
        let name = line.get(1..).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        if line.starts_with('0') {
            from = name.to_owned();
            found.entry(from.clone()).or_default();
        } else if line.starts_with('1') {
            let to = found.entry(from.clone()).or_default();
            if !to.iter().any(|known| known == name) {
                to.push(name.to_owned());
            }
        }
    }
    found
}

/// `cargo tree`: the depth, the crate's name and more on each line.
fn cargo_tree(kinds: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    // For this machine's kind alone: what a crate needs elsewhere was never downloaded.
    cargo.current_dir(root()).args(["tree", "--workspace", "--offline", "--depth", "1", "--no-dedupe"]);
    cargo.args(["--edges", kinds, "--prefix", "depth", "--format", "{p}"]);
    let output = cargo.output().unwrap_or_else(|error| panic!("run cargo tree: {error}"));
    assert!(output.status.success(), "run cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Fails with everything that is wrong, one a line, under what to do about it.
///
/// # Panics
/// If there is anything wrong: that is what a test is for.
pub fn expect_none(what_to_do: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{what_to_do}\n  {}\n", wrong.join("\n  "));
}

/// The names of rules (V1, W4, …) that stand alone in a text.
pub fn rules_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').filter(|word| is_rule(word))
}

/// Whether a word has the form of a rule's name: one of the letters that `docs/protocol.md` uses, and a digit.
pub fn is_rule(word: &str) -> bool {
    matches!(word.as_bytes(), [letter, digit] if b"VWRSPDHCAUFTEI".contains(letter) && digit.is_ascii_digit())
}

/// The rules that `docs/protocol.md` defines: those with a heading of their own (`### V4 · …`).
pub fn rules() -> Vec<String> {
    numbered("### ")
}

/// The laws that it defines: those with a row of their own (`| I1 | …`).
pub fn laws() -> Vec<String> {
    numbered("| ")
}

fn numbered(mark: &str) -> Vec<String> {
    let page = file("docs/protocol.md");
    let lines = page.text.lines().filter_map(|line| line.strip_prefix(mark));
    lines.filter_map(|line| line.split_whitespace().next()).filter(|word| is_rule(word)).map(Into::into).collect()
}
