//! The live timeline: a line for each second, a cell for each 50 ms. Drawing is pure; only [`Timeline`] writes, to
//! standard error.

use std::io::{self, IsTerminal, Write};

use super::load::{Load, Rate};
use super::measure::{Bucket, ms};
use super::record::Clock;

/// What one cell shows.
pub(super) const CELL_US: u64 = 50_000;
/// Cells of one line: one second.
const CELLS: usize = 20;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Follows a load and draws it.
#[derive(Debug)]
pub(super) struct Timeline {
    clock: Clock,
    is_terminal: bool,
    /// Orders expected in one bucket; grows with what is seen where the load has no rate of its own.
    expected: f64,
    line: Line,
    /// How many records have been drawn.
    seen: usize,
    next_us: u64,
}

/// One second.
#[derive(Debug, Default)]
struct Line {
    begun_us: u64,
    cells: Vec<Cell>,
    notes: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    bucket: Bucket,
    is_fault: bool,
}

impl Timeline {
    pub(super) fn new(clock: Clock, rate: Rate) -> Timeline {
        #[expect(clippy::cast_precision_loss, reason = "a bucket is 50,000 µs")]
        let expected = match rate {
            Rate::PerSecond(rate) => rate * CELL_US as f64 / 1e6,
            Rate::Max => 1.0,
        };
        let now_us = clock.now_us();
        let line = Line { begun_us: now_us, ..Line::default() };
        let is_terminal = io::stderr().is_terminal();
        Timeline { clock, is_terminal, expected, line, seen: 0, next_us: now_us + CELL_US }
    }

    /// When the next cell is due, in µs of the drill.
    pub(super) fn next_us(&self) -> u64 {
        self.next_us
    }

    /// Draws the cell that is due.
    pub(super) fn tick(&mut self, load: &Load) {
        let now_us = self.clock.now_us();
        let mut cell = Cell::default();
        let records = load.records();
        records[self.seen..].iter().for_each(|record| cell.bucket.add(record, CELL_US));
        self.seen = records.len();
        cell.bucket.waiting =
            u32::try_from(load.waiting_since_before(now_us.saturating_sub(CELL_US))).unwrap_or(u32::MAX);
        self.expected = self.expected.max(0.8 * f64::from(cell.bucket.ok));
        self.line.cells.push(cell);
        self.next_us += CELL_US;
        if self.is_terminal {
            self.write(&format!("\r{}\x1b[K", draw(&self.line, self.expected, true)));
        }
        if self.line.cells.len() == CELLS {
            self.end_line();
        }
    }

    /// Marks the fault in the cell that is being filled.
    pub(super) fn fault(&mut self, what: &str) {
        self.line.cells.push(Cell { is_fault: true, ..Cell::default() });
        self.line.notes.push(what.to_owned());
    }

    /// Says something on a line of its own.
    pub(super) fn say(&mut self, what: &str) {
        self.end_line();
        self.write(&format!("         {what}\n"));
    }

    /// Ends the line that is being drawn.
    pub(super) fn end_line(&mut self) {
        let line = std::mem::replace(&mut self.line, Line { begun_us: self.next_us, ..Line::default() });
        if line.cells.is_empty() && line.notes.is_empty() {
            return;
        }
        let text = draw(&line, self.expected, self.is_terminal);
        let start = if self.is_terminal { "\r" } else { "" };
        let clear = if self.is_terminal { "\x1b[K" } else { "" };
        self.write(&format!("{start}{text}{clear}\n"));
    }

    fn write(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        // That nobody watches must not stop the drill.
        let _gone = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

fn draw(line: &Line, expected: f64, in_colour: bool) -> String {
    let mut text = format!("{:>6.1} s ", ms(line.begun_us) / 1000.0);
    for cell in &line.cells {
        let (glyph, colour) = glyph(cell, expected);
        match in_colour {
            true => text.push_str(&format!("\x1b[{colour}m{glyph}\x1b[0m")),
            false => text.push(glyph),
        }
    }
    let buckets = line.cells.iter().map(|cell| cell.bucket);
    let done: u32 = buckets.clone().map(|bucket| bucket.ok + bucket.slow).sum();
    let errors: u32 = buckets.clone().map(|bucket| bucket.errors).sum();
    let slowest_us = buckets.map(|bucket| bucket.latency_max_us).max().unwrap_or(0);
    text.push_str(&" ".repeat(CELLS.saturating_sub(line.cells.len())));
    text.push_str(&format!(" {done:>6} orders, slowest {:>7.1} ms", ms(slowest_us)));
    if errors > 0 {
        text.push_str(&format!(", {errors} failed"));
    }
    line.notes.iter().for_each(|note| text.push_str(&format!("  ← {note}")));
    text
}

/// A cell's character and its colour (ANSI): full height is the expected number of orders.
fn glyph(cell: &Cell, expected: f64) -> (char, u8) {
    let Bucket { ok, slow, errors, waiting, .. } = cell.bucket;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7 by the clamp")]
    let level = (f64::from(ok + slow) / expected * 8.0).ceil().clamp(1.0, 8.0) as usize - 1;
    match () {
        () if cell.is_fault => ('✖', 35),
        () if errors > 0 => ('×', 31),
        () if ok + slow == 0 && waiting > 0 => ('·', 34),
        () if ok + slow == 0 => (' ', 0),
        () if slow > 0 => (LEVELS[level], 33),
        () => (LEVELS[level], 32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_with_a_fault_reads_from_left_to_right() {
        let cell = |bucket| Cell { bucket, is_fault: false };
        let ok = cell(Bucket { ok: 10, latency_max_us: 1_000, ..Bucket::default() });
        let half = cell(Bucket { ok: 5, ..Bucket::default() });
        let waiting = cell(Bucket { waiting: 3, ..Bucket::default() });
        let failed = cell(Bucket { errors: 1, latency_max_us: 61_500, ..Bucket::default() });
        let fault = Cell { is_fault: true, ..Cell::default() };
        let nothing = Cell::default();
        let cells = vec![ok, half, fault, waiting, waiting, failed, nothing, ok];
        let line = Line { begun_us: 12_000_000, cells, notes: vec!["kill: replica-0".to_owned()] };
        let expected = "  12.0 s █▄✖··× █                 25 orders, slowest    61.5 ms, 1 failed  ← kill: replica-0";
        assert_eq!(draw(&line, 10.0, false), expected);
    }
}
