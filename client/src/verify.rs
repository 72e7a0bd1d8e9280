//! `jh verify`: holds the service to the journal: every acknowledged order is there, once, unchanged. The comparison is
//! pure; knows which facts of an order never change.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use crate::api_client::{Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::journal::{Acknowledged, Journal};
use crate::order::list;
use crate::output::talk;

/// What to check.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The journal [default: that of the state directory]
    #[arg(long, value_name = "DIR")]
    journal: Option<std::path::PathBuf>,
}

/// What an order is, once placed; all else (its stage, its version) may change.
const FACTS: [&str; 8] = ["id", "restaurant", "service", "lines", "total", "customer", "note", "placed_at"];

/// What was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Findings {
    checked: usize,
    lost: Vec<String>,
    changed: Vec<String>,
    doubled: Vec<String>,
}

impl Findings {
    fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.changed.is_empty() && self.doubled.is_empty()
    }
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let journal = Journal::new(args.journal.as_ref().unwrap_or(&context.state));
    let (all, unreadable) = journal.read()?;
    let (ours, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|entry| entry.endpoint == context.api.endpoint());
    if unreadable > 0 {
        talk(&format!("{unreadable} lines of {} cannot be read: a crash cut them off", journal.path().display()));
    }
    if !others.is_empty() {
        talk(&format!("{} orders are another service's; check them with its --endpoint", others.len()));
    }
    let findings = check(context, &ours).await?;
    let json = serde_json::to_value(&findings).expect("findings are always JSON");
    context.out.answer(&json, || Ok(text(&findings)))?;
    match findings.is_clean() {
        true => Ok(()),
        false => Err(Failure::Wrong("the service does not hold what it acknowledged".to_owned())),
    }
}

async fn check(context: &Context, ours: &[Acknowledged]) -> Result<Findings, Failure> {
    let mut findings = Findings { checked: ours.len(), doubled: two_ids_for_a_key(ours), ..Findings::default() };
    for entry in ours {
        let id = id_of(&entry.order);
        match context.api.send(&Call::get(format!("/v1/orders/{}", escape(&id)))).await {
            Ok(answer) if same_facts(&entry.order, &answer.json) => {}
            Ok(_) => findings.changed.push(id),
            Err(Failure::Refused(problem)) if problem.status == 404 || problem.status == 410 => findings.lost.push(id),
            Err(other) => return Err(other),
        }
    }
    let restaurants: BTreeSet<&str> = ours.iter().filter_map(|entry| entry.order["restaurant"].as_str()).collect();
    for restaurant in restaurants {
        let listed = list::collect(&context.api, Some(restaurant), None, usize::MAX).await?;
        findings.doubled.extend(listed_twice(&listed, ours));
    }
    Ok(findings)
}

/// Keys for which the service acknowledged two different orders.
fn two_ids_for_a_key(ours: &[Acknowledged]) -> Vec<String> {
    let mut first: HashMap<&str, String> = HashMap::new();
    let mut doubled = Vec::new();
    for entry in ours {
        let id = id_of(&entry.order);
        if *first.entry(&entry.key).or_insert_with(|| id.clone()) != id {
            doubled.push(id);
        }
    }
    doubled
}

/// Acknowledged orders that the list holds more than once.
fn listed_twice(listed: &[Value], ours: &[Acknowledged]) -> Vec<String> {
    let acknowledged: HashSet<String> = ours.iter().map(|entry| id_of(&entry.order)).collect();
    let mut seen = HashSet::new();
    listed.iter().map(id_of).filter(|id| acknowledged.contains(id) && !seen.insert(id.clone())).collect()
}

fn id_of(order: &Value) -> String {
    order["id"].as_str().unwrap_or_default().to_owned()
}

fn same_facts(acknowledged: &Value, found: &Value) -> bool {
    FACTS.iter().all(|fact| acknowledged[fact] == found[fact])
}

fn text(findings: &Findings) -> String {
    let Findings { checked, lost, changed, doubled } = findings;
    let list = |word: &str, ids: &[String]| ids.iter().map(|id| format!("\n  {word} {id}")).collect::<String>();
    format!(
        "{checked} acknowledged orders: {} lost, {} changed, {} doubled{}{}{}",
        lost.len(),
        changed.len(),
        doubled.len(),
        list("lost", lost),
        list("changed", changed),
        list("doubled", doubled)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(key: &str, id: &str) -> Acknowledged {
        Acknowledged { key: key.into(), endpoint: "x:1".into(), order: json!({"id": id, "total": {"amount": 5}}) }
    }

    #[test]
    fn a_key_with_two_orders_is_found() {
        assert_eq!(two_ids_for_a_key(&[entry("a", "1"), entry("b", "2")]), [""; 0]);
        assert_eq!(two_ids_for_a_key(&[entry("a", "1"), entry("a", "2")]), ["2"]);
    }

    #[test]
    fn an_order_in_the_list_twice_is_found() {
        let listed = [json!({"id": "1"}), json!({"id": "2"}), json!({"id": "1"})];
        assert_eq!(listed_twice(&listed, &[entry("a", "1"), entry("b", "2")]), ["1"]);
    }

    #[test]
    fn a_stage_may_change_and_a_total_may_not() {
        let before = json!({"id": "1", "stage": "placed", "total": {"amount": 5}});
        assert!(same_facts(&before, &json!({"id": "1", "stage": "ready", "total": {"amount": 5}})));
        assert!(!same_facts(&before, &json!({"id": "1", "stage": "placed", "total": {"amount": 6}})));
    }
}
