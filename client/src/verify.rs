//! `jh verify`: holds the service to the journal: every acknowledged order is there, once, unchanged. The comparison is
//! pure; knows which facts of an order never change.

use std::collections::{BTreeSet, HashMap, HashSet};

use api::v1::order::Order;
use api::v1::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::api_client::{Call, escape};
use crate::command::Context;
use crate::failure::Failure;
use crate::journal::{Acknowledged, Journal};
use crate::order::list;
use crate::output::talk;
use crate::words;

/// What to check.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The journal [default: that of the state directory]
    #[arg(long, value_name = "DIR")]
    journal: Option<std::path::PathBuf>,
}

/// What an order is, once placed; all else (its stage, its version) may change.
const FACTS: [&str; 8] = ["id", "restaurant", "service", "lines", "totals", "customer", "note", "placed_at"];

/// Two orders that are alike and this close in time were one request; a client repeats one for less than this.
const TWIN_MS: u64 = 15_000;

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
    if findings.is_clean() {
        return Ok(());
    }
    let mut why = "the service does not hold what it acknowledged".to_owned();
    if findings.lost.len() == findings.checked {
        let path = journal.path().display();
        why.push_str(&format!("\nNot one order is there: if it was begun anew (`jh up --fresh`), set {path} aside."));
    }
    Err(Failure::Wrong(why))
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
    let known: Vec<Order> = ours.iter().map(|entry| words::read(&entry.order)).collect::<Result<_, _>>()?;
    let restaurants: BTreeSet<&str> = known.iter().map(|order| order.restaurant.as_str()).collect();
    let first_ms = known.iter().map(|order| order.placed_at.ms()).min().unwrap_or(0);
    for restaurant in restaurants {
        let since = Timestamp::from_ms(first_ms.saturating_sub(TWIN_MS));
        let listed = list::since(&context.api, restaurant, since).await?;
        findings.doubled.extend(twins(&listed, &known));
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

/// Orders that nobody was told of and that are like an acknowledged one in everything a customer says, placed within
/// the time in which a client repeats a request: what a key that was not kept would leave behind.
fn twins(listed: &[Order], known: &[Order]) -> Vec<String> {
    let acknowledged: HashSet<&str> = known.iter().map(|order| order.id.as_str()).collect();
    let said =
        |order: &Order| (order.restaurant.clone(), order.customer.clone(), order.note.clone(), order.lines.clone());
    let is_twin = |order: &&Order| {
        let near = |other: &&Order| order.placed_at.ms().abs_diff(other.placed_at.ms()) <= TWIN_MS;
        known.iter().filter(near).any(|other| said(order) == said(other))
    };
    let unknown = listed.iter().filter(|order| !acknowledged.contains(order.id.as_str()));
    unknown.filter(is_twin).map(|order| order.id.clone()).collect()
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
        Acknowledged { key: key.into(), endpoint: "x:1".into(), order: json!({"id": id, "totals": {"amount": 5}}) }
    }

    #[test]
    fn a_key_with_two_orders_is_found() {
        assert_eq!(two_ids_for_a_key(&[entry("a", "1"), entry("b", "2")]), [""; 0]);
        assert_eq!(two_ids_for_a_key(&[entry("a", "1"), entry("a", "2")]), ["2"]);
    }

    fn order(id: &str, note: &str, placed_at: &str) -> Order {
        let money = json!({"amount": 1, "currency": "GBP"});
        let json = json!({"id": id, "code": "A", "version": 1, "stage": "placed", "restaurant": "r", "service": "collection",
            "lines": [], "totals": {"items": money, "delivery_fee": money, "total": money}, "menu_revision": 1,
            "customer": {"name": "Ada", "phone": "+44"}, "note": note, "placed_at": placed_at, "changed_at": placed_at,
            "allowed": []});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn an_order_placed_twice_for_one_acknowledgement_is_found() {
        let known = [order("1", "ring", "2026-01-01T12:00:00Z"), order("2", "ring", "2026-01-01T12:00:01Z")];
        let twin = order("3", "ring", "2026-01-01T12:00:02Z");
        let later = order("4", "ring", "2026-01-01T13:00:00Z");
        let other = order("5", "knock", "2026-01-01T12:00:00Z");
        let mut listed = known.to_vec();
        listed.extend([twin, later, other]);
        assert_eq!(twins(&listed, &known), ["3"]);
    }

    #[test]
    fn a_stage_may_change_and_a_total_may_not() {
        let before = json!({"id": "1", "stage": "placed", "totals": {"amount": 5}});
        assert!(same_facts(&before, &json!({"id": "1", "stage": "ready", "totals": {"amount": 5}})));
        assert!(!same_facts(&before, &json!({"id": "1", "stage": "placed", "totals": {"amount": 6}})));
    }
}
