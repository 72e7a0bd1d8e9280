//! The picture of a made-up round: what must be in it, and that it is whole.

use super::*;
use crate::drill::check::Findings;
use crate::drill::linearity::judge;
use crate::drill::record::{Glances, Outcome};
use crate::drill::report::Seen;

fn record(begun_us: u64, done_us: u64) -> Record {
    Record { seq: 0, due_us: begun_us, begun_us, done_us, attempts: 1, outcome: Outcome::Placed([b'0'; 26]) }
}

/// Orders every 5 ms, answered in 1 ms, but for 80 ms after the fault at 3 s.
fn made_up() -> (Report, Vec<Record>) {
    let answered = |begun_us: u64| match begun_us {
        3_000_000..3_080_000 => 3_080_000 + (begun_us - 3_000_000) / 20,
        _ => begun_us + 1_000,
    };
    let mut records: Vec<Record> = (0..1200).map(|n| record(n * 5_000, answered(n * 5_000))).collect();
    records[610].outcome = Outcome::Unknown;
    let seen = Seen {
        number: 1,
        what: "kill: replica-0 <&>".to_owned(),
        fault_us: 3_000_000,
        end_us: 5_000_000,
        epochs: (1, 2),
        primaries: ("replica-0".to_owned(), "replica-1".to_owned()),
        in_sync_again_us: Some(4_000_000),
    };
    let round = Round::new(seen, &records);
    let (glances, findings, linearity) = (Glances::default(), Findings::default(), judge([]));
    (Report::new("kill".to_owned(), vec![round], &records, &glances, 6_000_000, findings, linearity), records)
}

#[test]
fn a_picture_stands_alone_and_shows_gap_waiting_and_failures() {
    let (report, records) = made_up();
    assert_eq!(report.rounds[0].gap_ms, Some(80.0));
    let svg = draw(&report, &report.rounds[0], &records);
    if let Some(path) = std::env::var_os("DRAW_TO") {
        std::fs::write(path, &svg).unwrap();
    }
    for part in
        ["kill: replica-0 &lt;&amp;&gt; · gap 80 ms", "class=\"gap\"", "class=\"err\"", "class=\"slow\"", "0 lost"]
    {
        assert!(svg.contains(part), "{part} is missing in {svg}");
    }
    assert!(!svg.contains("href") && !svg.contains("NaN") && !svg.contains("inf"));
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
}

#[test]
fn a_report_with_a_failure_says_which() {
    let (report, _) = made_up();
    assert_eq!(report.fault_found().as_deref(), Some("orders: 1 without an answer"));
    assert!(!report.is_clean);
    assert_eq!(report.rounds[0].in_sync_again_s, Some(1.0));
}
