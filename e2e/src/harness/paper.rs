//! The table of what was measured: on the terminal, and kept in docs/failover.md. Knows words and columns.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use super::ground::root;
use super::verdict::{Miss, Outcome, only_took_long, worst};
use crate::scenarios::Scenario;
use crate::sh::sh;

const COLUMNS: [&str; 9] =
    ["fault", "rounds", "gap p50", "gap max", "added", "errors", "lost", "doubled", "in sync again"];
/// The columns of times.
const TIMES: [usize; 4] = [2, 3, 4, 8];
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// One scenario's line.
#[derive(Debug)]
pub(crate) struct Row {
    cells: [String; COLUMNS.len()],
    missed: Vec<Miss>,
    /// What the other run missed, if there were two.
    other: Option<Vec<Miss>>,
}

impl Row {
    pub(crate) fn new(scenario: &Scenario, outcome: Option<&Outcome>, missed: Vec<Miss>) -> Row {
        let name = scenario.name.to_owned();
        let dash = || "–".to_owned();
        let figure = |value: Option<f64>, unit: &str, digits: usize| {
            value.map_or_else(dash, |value| format!("{value:.digits$} {unit}"))
        };
        let cells = match outcome {
            None => [name, dash(), dash(), dash(), dash(), dash(), dash(), dash(), dash()],
            Some(outcome) => {
                let report = &outcome.report;
                [
                    name,
                    report.rounds.len().to_string(),
                    figure(report.gap_p50_ms, "ms", 0),
                    figure(report.gap_max_ms, "ms", 0),
                    figure(Some(report.added_max_ms), "ms", 0),
                    outcome.errors().to_string(),
                    report.findings.lost.len().to_string(),
                    report.findings.doubled.len().to_string(),
                    figure(outcome.rejoined_max_s(), "s", 1),
                ]
            }
        };
        Row { cells, missed, other: None }
    }

    pub(crate) fn is_missed(&self) -> bool {
        !self.missed.is_empty()
    }

    /// In one line, for the terminal.
    pub(crate) fn line(&self) -> String {
        let figures: Vec<String> =
            COLUMNS.iter().zip(&self.cells).skip(1).map(|(column, cell)| format!("{column} {cell}")).collect();
        let verdict = if self.is_missed() { format!("MISSED: {}", words(&self.missed)) } else { "ok".to_owned() };
        format!("{}: {verdict} · {}", self.cells[0], figures.join(" · "))
    }

    /// Whether a second run may tell more.
    pub(crate) fn only_took_long(&self) -> bool {
        only_took_long(&self.missed)
    }

    /// This run and a second one, as one line: the better one counts, and the other one's times stand behind its own. What must
    /// never be counts in either.
    pub(crate) fn with_second(self, second: Row) -> Row {
        let is_better = worst(&second.missed) < worst(&self.missed) || worst(&second.missed).is_infinite();
        let (mut better, other) = if is_better { (second, self) } else { (self, second) };
        for at in TIMES {
            better.cells[at] = format!("{} ({})", better.cells[at], other.cells[at]);
        }
        better.other = Some(other.missed);
        better
    }
}

/// All lines.
#[derive(Debug, Default)]
pub(crate) struct Paper {
    rows: Vec<Row>,
}

impl Paper {
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn is_met(&self) -> bool {
        !self.rows.iter().any(Row::is_missed)
    }

    /// The table, aligned, with what was missed below it.
    pub(crate) fn text(&self) -> String {
        let widths: Vec<usize> = (0..COLUMNS.len())
            .map(|at| {
                self.rows.iter().map(|row| row.cells[at].chars().count()).max().unwrap_or(0).max(COLUMNS[at].len())
            })
            .collect();
        let line = |cells: &[String]| {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
        };
        let mut text = line(&COLUMNS.map(str::to_owned));
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        text.push_str(&line(&rules));
        self.rows.iter().for_each(|row| text.push_str(&line(&row.cells)));
        for row in self.rows.iter().filter(|row| row.is_missed()) {
            writeln!(text, "\nmissed by \"{}\": {}", row.cells[0], words(&row.missed))
                .expect("a string takes all text");
        }
        for row in &self.rows {
            if let Some(other) = row.other.as_deref().map(words) {
                writeln!(text, "\nrun twice: \"{}\"; the other run, in brackets, missed: {other}", row.cells[0])
                    .expect("a string takes all text");
            }
        }
        text
    }

    /// Keeps the table in docs/failover.md, with the command and the day.
    pub(crate) fn keep(&self, command: &str) -> Result<()> {
        let path = root().join("docs/failover.md");
        let page = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let day = sh("date").args(["-u", "+%Y-%m-%d"]).read()?;
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let measured = format!("Measured on {} with `{command}`, on {cores} cores.\n\n{}", day.trim(), self.text());
        std::fs::write(&path, replaced(&page, &measured)?).with_context(|| format!("write {}", path.display()))
    }
}

fn words(missed: &[Miss]) -> String {
    missed.iter().map(|miss| miss.what.as_str()).collect::<Vec<_>>().join("; ")
}

/// The page with what stands between the two marks replaced.
fn replaced(page: &str, text: &str) -> Result<String> {
    let marks = page.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = marks
        .with_context(|| format!("{} needs the marks {BEGIN} and {END}", Path::new("docs/failover.md").display()))?;
    Ok(format!("{head}{BEGIN}\n{text}{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(added: &str, missed: &[Miss]) -> Row {
        let cells = ["x", "1", "1 ms", "1 ms", added, "0", "0", "0", "0.1 s"].map(str::to_owned);
        Row { cells, missed: missed.to_vec(), other: None }
    }

    #[test]
    fn of_two_runs_the_better_one_counts_unless_something_was_wrong_in_the_second() {
        let late = |ms: f64| Miss { what: format!("added latency {ms} ms"), too_long: Some(ms / 200.0) };
        let mut paper = Paper::default();
        paper.add(row("283 ms", &[late(283.0)]).with_second(row("90 ms", &[])));
        assert!(paper.is_met());
        let text = paper.text();
        assert!(text.contains("| 90 ms (283 ms) |") && text.contains("missed: added latency 283 ms"), "{text}");
        let worse = row("283 ms", &[late(283.0)]).with_second(row("400 ms", &[late(400.0)]));
        assert!(worse.is_missed() && worse.cells[4] == "283 ms (400 ms)", "{worse:?}");
        let lost = row("283 ms", &[late(283.0)]).with_second(row("9 ms", &[Miss::never("1 orders lost".to_owned())]));
        assert!(lost.line().contains("MISSED: 1 orders lost"), "{}", lost.line());
    }

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("# A\n{BEGIN}\nold\n{END}\nmore\n");
        assert_eq!(replaced(&page, "new\n").unwrap(), format!("# A\n{BEGIN}\nnew\n{END}\nmore\n"));
        assert!(replaced("# A", "new").is_err());
    }
}
