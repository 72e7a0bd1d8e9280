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
/// A scenario that only took too long is run so often at most, …
const RUNS_MAX: usize = 2;
/// … and so often where the machine stood still meanwhile for as long as was too long.
const RUNS_MAX_OF_MACHINES: usize = 4;
/// The columns of times.
const TIMES: [usize; 4] = [2, 3, 4, 8];
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// One scenario's line.
#[derive(Debug)]
pub(crate) struct Row {
    cells: [String; COLUMNS.len()],
    missed: Vec<Miss>,
    /// The other runs, if there were more than this one.
    others: Vec<([String; COLUMNS.len()], Vec<Miss>)>,
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
        Row { cells, missed, others: Vec::new() }
    }

    pub(crate) fn is_missed(&self) -> bool {
        !self.missed.is_empty()
    }

    /// Whether the machine is to blame for all that was missed in any run.
    fn is_machines(&self) -> bool {
        let others = self.others.iter().flat_map(|(_, missed)| missed);
        self.missed.iter().chain(others).all(|miss| miss.is_machines)
    }

    /// In one line, for the terminal.
    pub(crate) fn line(&self) -> String {
        let cells = self.shown();
        let figures: Vec<String> =
            COLUMNS.iter().zip(&cells).skip(1).map(|(column, cell)| format!("{column} {cell}")).collect();
        let verdict = if self.is_missed() { format!("MISSED: {}", words(&self.missed)) } else { "ok".to_owned() };
        format!("{}: {verdict} · {}", cells[0], figures.join(" · "))
    }

    /// Whether another run may tell more: one, and some more where it was the machine that was slow.
    pub(crate) fn wants_another(&self) -> bool {
        let runs = self.others.len() + 1;
        only_took_long(&self.missed)
            && (runs < RUNS_MAX || runs < RUNS_MAX_OF_MACHINES && self.missed.iter().all(|miss| miss.is_machines))
    }

    /// This run and another one, as one line: the better one counts, and the times of the others stand behind its own. What must
    /// never be counts in each.
    pub(crate) fn with_another(mut self, another: Row) -> Row {
        let is_better = worst(&another.missed) < worst(&self.missed) || worst(&another.missed).is_infinite();
        let mut other = (another.cells, another.missed);
        if is_better {
            std::mem::swap(&mut self.cells, &mut other.0);
            std::mem::swap(&mut self.missed, &mut other.1);
        }
        self.others.push(other);
        self
    }

    /// The cells, with the times of the other runs in brackets.
    fn shown(&self) -> [String; COLUMNS.len()] {
        let mut cells = self.cells.clone();
        for at in TIMES.into_iter().filter(|_| !self.others.is_empty()) {
            let others: Vec<&str> = self.others.iter().map(|(cells, _)| cells[at].as_str()).collect();
            cells[at] = format!("{} ({})", cells[at], others.join(", "));
        }
        cells
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

    /// Whether nothing was missed, or nothing but what the machine is to blame for.
    pub(crate) fn is_met(&self, forgive_machine: bool) -> bool {
        self.rows.iter().all(|row| !row.is_missed() || forgive_machine && row.is_machines())
    }

    /// The table, aligned, with what was missed below it.
    pub(crate) fn text(&self) -> String {
        let shown: Vec<_> = self.rows.iter().map(Row::shown).collect();
        let width =
            |at: usize| shown.iter().map(|cells| cells[at].chars().count()).max().unwrap_or(0).max(COLUMNS[at].len());
        let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
        let line = |cells: &[String]| {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
        };
        let mut text = line(&COLUMNS.map(str::to_owned));
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        text.push_str(&line(&rules));
        shown.iter().for_each(|cells| text.push_str(&line(cells)));
        for row in self.rows.iter().filter(|row| row.is_missed()) {
            writeln!(text, "\nmissed by \"{}\": {}", row.cells[0], words(&row.missed))
                .expect("a string takes all text");
        }
        for row in self.rows.iter().filter(|row| !row.others.is_empty()) {
            let others: Vec<String> = row.others.iter().map(|(_, missed)| words(missed)).collect();
            let (name, runs) = (&row.cells[0], row.others.len() + 1);
            writeln!(text, "\nrun {runs} times: \"{name}\"; the others, in brackets, missed: {}", others.join("; "))
                .expect("a string takes all text");
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
        Row { cells, missed: missed.to_vec(), others: Vec::new() }
    }

    fn late(ms: f64, is_machines: bool) -> Miss {
        Miss { what: format!("added latency {ms} ms"), too_long: Some(ms / 200.0), is_machines }
    }

    #[test]
    fn of_several_runs_the_best_one_counts_unless_something_was_wrong_in_another() {
        let mut paper = Paper::default();
        paper.add(row("283 ms", &[late(283.0, false)]).with_another(row("90 ms", &[])));
        assert!(paper.is_met(false));
        let text = paper.text();
        assert!(text.contains("| 90 ms (283 ms) |") && text.contains("missed: added latency 283 ms"), "{text}");
        let worse = row("283 ms", &[late(283.0, false)]).with_another(row("400 ms", &[late(400.0, false)]));
        assert!(worse.is_missed() && worse.shown()[4] == "283 ms (400 ms)", "{worse:?}");
        let lost = Miss::never("1 orders lost".to_owned());
        let lost = row("283 ms", &[late(283.0, false)]).with_another(row("9 ms", &[lost]));
        assert!(lost.line().contains("MISSED: 1 orders lost") && !lost.wants_another(), "{}", lost.line());
    }

    #[test]
    fn what_the_machine_is_to_blame_for_is_run_more_often() {
        let runs = |is_machines: bool| {
            let run = || row("283 ms", &[late(283.0, is_machines)]);
            let (mut all, mut count) = (run(), 1);
            while all.wants_another() {
                (all, count) = (all.with_another(run()), count + 1);
            }
            count
        };
        assert_eq!((runs(false), runs(true)), (2, 4));
        let met = |row: Row, forgive| Paper { rows: vec![row] }.is_met(forgive);
        let machines = || row("283 ms", &[late(283.0, true)]);
        assert!(met(machines(), true) && !met(machines(), false));
        let ours = machines().with_another(row("300 ms", &[late(300.0, false)]));
        assert!(!met(ours, true), "once it was slow while the machine was not");
        assert!(!row("9 ms", &[]).wants_another());
    }

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("# A\n{BEGIN}\nold\n{END}\nmore\n");
        assert_eq!(replaced(&page, "new\n").unwrap(), format!("# A\n{BEGIN}\nnew\n{END}\nmore\n"));
        assert!(replaced("# A", "new").is_err());
    }
}
