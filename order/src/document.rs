//! Writes the table of transitions as a page for people. Adds no rule of its own.

use std::fmt::Write;

use crate::stage::{Leg, Role, Stage};
use crate::transitions::{self, TRANSITIONS, Transition, Verb};

/// `docs/orders.md`: the diagram, the table, the reasons. A test keeps the file equal to this.
pub fn orders_page() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n```mermaid\nstateDiagram-v2\n");
    edges().iter().for_each(|edge| line(&mut page, edge));
    page.push_str("```\n\n## Moves\n\n");
    page.push_str("| # | from | to | delivery | command | who | condition | event | meaning |\n|---|---|---|---|---|---|---|---|---|\n");
    TRANSITIONS.iter().for_each(|row| line(&mut page, &table_row(row)));
    page.push_str(RULES);
    page.push_str("\n## Reasons\n\n| command | who | reasons |\n|---|---|---|\n");
    for verb in Verb::ALL {
        for role in transitions::who(*verb) {
            let reasons = transitions::reasons(*verb, role);
            if !reasons.is_empty() {
                let names: Vec<&str> = reasons.iter().map(|reason| reason.name()).collect();
                line(&mut page, &format!("| `{}` | {} | {} |", verb.name(), role.name(), names.join(", ")));
            }
        }
    }
    page
}

const INTRODUCTION: &str = "# The life of an order

This page is written from the table in `order/src/transitions.rs`, which also decides what is legal and what a refused
command is told. Change the table, then write the page anew: `UPDATE_DOCS=1 cargo test -p order`.
";

const RULES: &str = "
Final stages: delivered, collected, rejected, expired, cancelled. Times are those of the log, never of a replica's clock.

- Repeating a command that the same actor gave and that still holds succeeds and is no event.
- Any other command from a stage or delivery state without a row for it is a conflict (409) with the stage, the version and
  what this actor may do instead.
- Commands that meet are settled by their order in the log; the loser gets the conflict.
";

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("writing to a string cannot fail");
}

/// One edge for each pair of stages, with every command that leads along it.
fn edges() -> Vec<String> {
    let mut pairs: Vec<(Option<Stage>, Stage, Vec<&str>)> = Vec::new();
    for row in TRANSITIONS {
        let Some(to) = row.to else { continue };
        let from: Vec<Option<Stage>> =
            if row.from.is_empty() { vec![None] } else { row.from.iter().copied().map(Some).collect() };
        for from in from {
            match pairs.iter_mut().find(|(f, t, _)| (*f, *t) == (from, to)) {
                Some((_, _, verbs)) if verbs.contains(&row.verb.name()) => {}
                Some((_, _, verbs)) => verbs.push(row.verb.name()),
                None => pairs.push((from, to, vec![row.verb.name()])),
            }
        }
    }
    let name = |stage: Option<Stage>| stage.map_or("[*]", Stage::name);
    let mut edges: Vec<String> = pairs
        .iter()
        .map(|(from, to, verbs)| format!("    {} --> {}: {}", name(*from), to.name(), verbs.join(", ")))
        .collect();
    edges.extend(
        Stage::ALL.iter().filter(|stage| stage.is_terminal()).map(|stage| format!("    {} --> [*]", stage.name())),
    );
    edges
}

fn table_row(row: &Transition) -> String {
    let from = if row.from.is_empty() { "–".to_owned() } else { joined(row.from, Stage::name) };
    let to = row.to.map_or("the same", Stage::name);
    let delivery = match (row.legs.is_empty(), row.leg) {
        (true, None) => "–".to_owned(),
        (true, Some(leg)) => format!("→ {}", leg.name()),
        (false, None) => joined(row.legs, Leg::name),
        (false, Some(leg)) => format!("{} → {}", joined(row.legs, Leg::name), leg.name()),
    };
    let (who, verb, event) = (joined(row.who, Role::name), row.verb.name(), row.event.name());
    format!(
        "| {} | {from} | {to} | {delivery} | `{verb}` | {who} | {} | `{event}` | {} |",
        row.row,
        row.guard.text(),
        row.doc
    )
}

fn joined<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", ")
}
