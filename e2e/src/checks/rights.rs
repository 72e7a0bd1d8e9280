//! What each program's account may do, as the API server itself says (SelfSubjectRulesReview), against a golden file.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::harness::{Ground, NAME, NAMESPACE, root};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
const GOLDEN: &str = "e2e/golden/rights.txt";
/// Somewhere the installation is not.
const ELSEWHERE: &str = "default";

pub(super) fn check(ground: &Ground, write: bool) -> Result<()> {
    let accounts = ["replica", "frontend", "postcode"].map(|program| format!("{NAME}-{program}"));
    let mut text = String::new();
    for account in accounts.iter().map(String::as_str).chain(["just-hungry-controller", "default"]) {
        for namespace in [NAMESPACE, ELSEWHERE] {
            writeln!(text, "# {account}, in {namespace}")?;
            for rule in rules(ground, account, namespace)? {
                writeln!(text, "{rule}")?;
            }
        }
    }
    let path = root().join(GOLDEN);
    if write {
        return std::fs::write(&path, text).with_context(|| format!("write {GOLDEN}"));
    }
    let golden = std::fs::read_to_string(&path).with_context(|| format!("read {GOLDEN}"))?;
    let difference: Vec<String> = text
        .lines()
        .filter(|line| !golden.lines().any(|known| known == *line))
        .map(|line| format!("new: {line}"))
        .chain(
            golden.lines().filter(|line| !text.lines().any(|known| known == *line)).map(|line| format!("gone: {line}")),
        )
        .collect();
    ensure!(golden == text, "not as in {GOLDEN}; `e2e run rights --write` renews it\n  {}", difference.join("\n  "));
    Ok(())
}

/// Everything an account may do in a namespace, one rule a line, sorted.
fn rules(ground: &Ground, account: &str, namespace: &str) -> Result<BTreeSet<String>> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace},
    });
    let user = format!("--as=system:serviceaccount:{NAMESPACE}:{account}");
    let groups = ["system:serviceaccounts", &format!("system:serviceaccounts:{NAMESPACE}"), "system:authenticated"];
    let groups = groups.map(|group| format!("--as-group={group}"));
    let mut args = vec!["create", "--raw", REVIEWS, "-f", "-", &user];
    args.extend(groups.iter().map(String::as_str));
    let answer: Value = serde_json::from_str(&ground.kubectl(args).input(review.to_string()).read()?)?;
    let words = |rule: &Value, field: &str| {
        let mut words: Vec<String> =
            rule[field].as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect();
        words.sort();
        words.join(",")
    };
    let resource = |rule: &Value| {
        let group = words(rule, "apiGroups");
        let group = if group.is_empty() { "core".to_owned() } else { group };
        let names = words(rule, "resourceNames");
        let names = if names.is_empty() { String::new() } else { format!(" named {names}") };
        format!("{} {group}/{}{names}", words(rule, "verbs"), words(rule, "resources"))
    };
    let url = |rule: &Value| format!("{} {}", words(rule, "verbs"), words(rule, "nonResourceURLs"));
    let list = |field: &str| answer["status"][field].as_array().cloned().unwrap_or_default();
    let resources = list("resourceRules").iter().map(resource).collect::<Vec<_>>();
    Ok(resources.into_iter().chain(list("nonResourceRules").iter().map(url)).collect())
}
