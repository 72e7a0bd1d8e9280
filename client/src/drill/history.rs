//! Writes what clients saw, one JSON object a line, for other checkers of histories to read. Knows the form, judges nothing.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::json;

use super::linearity::{Answered, Asked, Call};
use super::load::Load;
use super::record::{Clock, Outcome, Record};
use super::ticket::Tickets;
use crate::failure::Failure;

/// First all orders by when they began, then all calls about placed ones. Times are µs from the start of the drill.
/// `done_us` of an unknown outcome is when the client gave up: the order may take effect at any time after its beginning.
pub(super) fn write(path: &Path, clock: &Clock, tickets: &Tickets, load: &Load) -> Result<(), Failure> {
    let (records, glances) = (load.records(), load.glances());
    let mut sorted: Vec<&Record> = records.iter().collect();
    sorted.sort_by_key(|record| (record.begun_us, record.seq));
    let written = File::create(path).and_then(|file| {
        let mut file = BufWriter::new(file);
        for record in sorted {
            writeln!(file, "{}", line(clock, tickets, record))?;
        }
        for call in &glances.calls {
            writeln!(file, "{}", line_of_call(call))?;
        }
        file.into_inner().map_err(|error| error.into_error())?.sync_all()
    });
    written.map_err(Failure::local("write", path))
}

fn line_of_call(Call { order, begun_us, done_us, asked, answered }: &Call) -> String {
    let op = match asked {
        Asked::Place => "place",
        Asked::Change => "change",
        Asked::Look => "read",
    };
    let (outcome, version) = match (done_us, answered) {
        (None, _) => ("no_answer", None),
        (_, Answered::Version(version)) => ("version", Some(*version)),
        (_, Answered::Done) => ("done", None),
        (_, Answered::Nothing) => ("nothing", None),
        (_, Answered::Refused(version)) => ("refused", *version),
    };
    json!({
        "op": op, "order": order, "begun_us": begun_us, "done_us": done_us, "outcome": outcome, "version": version,
    })
    .to_string()
}

fn line(clock: &Clock, tickets: &Tickets, record: &Record) -> String {
    let Record { seq, due_us, begun_us, done_us, attempts, outcome } = *record;
    let (outcome, order, status) = match outcome {
        Outcome::Placed(id) => ("placed", Some(String::from_utf8_lossy(&id).into_owned()), None),
        Outcome::Refused(status) => ("refused", None, Some(status)),
        Outcome::Unknown => ("unknown", None, None),
        Outcome::NotExecuted => ("not_executed", None, None),
    };
    let key = tickets.key(seq, clock.wall_ms(begun_us));
    json!({
        "op": "place", "seq": seq, "key": key, "due_us": due_us, "begun_us": begun_us, "done_us": done_us,
        "attempts": attempts, "outcome": outcome, "order": order, "status": status,
    })
    .to_string()
}
