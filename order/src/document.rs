//! Writes the table of transitions as a page for people. Adds no rule of its own.

use std::fmt::Write;

use crate::acquirer::TEST_TOKENS;
use crate::stage::{Leg, Role, Stage};
use crate::transitions::{self, TRANSITIONS, Transition, Verb};

/// `docs/orders.md`: the diagram, the table, the reasons. A test keeps the file equal to this.
pub fn orders_page() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n```mermaid\nstateDiagram-v2\n");
    edges().iter().for_each(|edge| line(&mut page, edge));
    page.push_str("```\n\n## Moves\n\n");
    page.push_str("| # | from | to | delivery | command | who | condition | payment | event | meaning |\n|---|---|---|---|---|---|---|---|---|---|\n");
    TRANSITIONS.iter().for_each(|row| line(&mut page, &table_row(row)));
    page.push_str(RULES);
    page.push_str(PAYMENT);
    page.push_str("\n| test token | the simulated bank's answer |\n|---|---|\n");
    TEST_TOKENS.iter().for_each(|known| line(&mut page, &format!("| `{}` | {} |", known.token, known.doc)));
    page.push_str(PROMISES);
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

const PAYMENT: &str = "
## Payment

An order is paid in `cash`, which is `due` until the food is handed over, or by `card`. A card's bank sets the total aside
when the order is placed (`authorised`), or the order is refused with `payment_declined` and the reason. It is taken when the
restaurant accepts (`captured`). Whatever ends the order before that lets go of it (`voided`); afterwards the column *payment*
above says what is given back: all of it (`refunded`), or half, rounded up, where the food was made and nobody but the
operator or a failed delivery is the cause (`half_refunded`). Cash that was not taken is never given back: it is `voided`.

The bank is simulated inside the state machine: its answer follows from the token and the total alone.
";

const PROMISES: &str = "
## Quotes and kitchen slots

A quote that can be ordered carries a token, signed with a secret that every copy of the book holds. An order that sends it
as `quote` is refused with `quote_expired` 15 minutes later, `menu_changed` or `price_changed` when the promise does not hold
any more, `quote_mismatch` when it is for another body (everything but `expect`, `payment` and `quote` counts) and
`quote_invalid` when it was not signed by this book. An order needs no quote.

A restaurant may limit the orders that its kitchen takes for one quarter of an hour. What counts is when the food is to be
there or ready: `fulfil_at`, or the estimate of an order for now. A full slot is refused with `slot_full` and the next one
that is free. Orders that are rejected, expired or cancelled give their slot back.
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
        "| {} | {from} | {to} | {delivery} | `{verb}` | {who} | {} | {} | `{event}` | {} |",
        row.row,
        row.guard.text(),
        row.pays.text(),
        row.doc
    )
}

fn joined<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", ")
}
