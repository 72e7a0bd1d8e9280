//! The embedded pack: whether all of it is found and right, how fast, and in how much memory.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Context;
use order::postcode::Postcode;
use postcode::grid::{GridPoint, Position};
use postcode::pack::Pack;
use postcode::suggest;

use crate::report::{Report, quantile};

const LIVE: usize = 1_739_998;
const WITHOUT_POINT: usize = 964;
const DURHAM: GridPoint = GridPoint { easting_m: 427_300, northing_m: 542_500 };
/// Exact positions of some postcodes, by the whole of OSTN15; pack/shifts.py made them.
const POSITIONS: &str = include_str!("../../pack/positions.tsv");

/// What is resident of the pack and its indexes after every postcode was read and every sector measured.
pub(crate) fn memory(report: &mut Report) -> anyhow::Result<()> {
    let before = resident_kb()?;
    let pack = Pack::embedded();
    let mut points = 0;
    pack.each(|text, entry| points += usize::from(black_box(text).len() > 4 && entry.point.is_some()));
    black_box(pack.nearest(DURHAM, 10, 20_000));
    let megabytes = (resident_kb()? - before) as f64 / 1_024.0;
    report.at_most("memory of the pack and its indexes, all of it touched", megabytes, 16.0, "MB");
    report.exactly("live postcodes with a point", points, LIVE - WITHOUT_POINT);
    Ok(())
}

fn resident_kb() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("find VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

pub(crate) fn look_ups(report: &mut Report) -> anyhow::Result<()> {
    let pack = Pack::embedded();
    let all = all(&pack);
    let is_found = |text: &&String| text.split_once(' ').is_some_and(|(o, i)| pack.find(o, i).is_some());
    report.exactly("live postcodes found", all.iter().filter(is_found).count(), LIVE);
    report.exactly("of them without a point, which is said", pack.pointless(), WITHOUT_POINT);
    let mut farthest_m: f64 = 0.0;
    for line in POSITIONS.lines() {
        let (text, rest) = line.split_once('\t').context("a postcode")?;
        let (latitude, longitude) = rest.split_once('\t').context("a position")?;
        let (outcode, incode) = text.split_once(' ').context("a blank")?;
        let point = pack.find(outcode, incode).and_then(|entry| entry.point).context("a point")?;
        let exact = Position { latitude: latitude.parse()?, longitude: longitude.parse()? };
        farthest_m = farthest_m.max(Position::from(point).distance_m(exact));
    }
    report.at_most("farthest from its published position (all: pack/shifts.py)", farthest_m, 2.0, "m");
    let mut times = Vec::new();
    for text in spread(&all, 500_000) {
        let (outcode, incode) = text.split_once(' ').unwrap_or_default();
        let start = Instant::now();
        black_box(pack.find(outcode, incode));
        times.push(start.elapsed().as_nanos() as f64);
    }
    report.at_most("look-up, p50", quantile(&mut times, 50), 1_000.0, "ns");
    report.told("look-up, p99", quantile(&mut times, 99), "ns");
    Ok(())
}

pub(crate) fn guesses(report: &mut Report) -> anyhow::Result<()> {
    let pack = Pack::embedded();
    let all = all(&pack);
    let (mut near, mut typed, mut reverse) = (Vec::new(), Vec::new(), Vec::new());
    for text in spread(&all, 2_000) {
        let wrong = Postcode::parse(&text.replace(['A', 'B'], "D")).context("it has the shape")?;
        near.push(timed(|| suggest::near(&pack, wrong)));
        typed.push(timed(|| pack.starting(&text[..text.len() - 2], 10)));
        let (outcode, incode) = text.split_once(' ').context("it has a blank")?;
        if let Some(point) = pack.find(outcode, incode).and_then(|entry| entry.point) {
            reverse.push(timed(|| pack.nearest(point, 10, 20_000)));
        }
    }
    for (what, mut times) in [("typo repair", near), ("autocomplete", typed), ("ten nearest to a point", reverse)] {
        report.at_most(&format!("{what}, p50"), quantile(&mut times, 50), 1_000.0, "µs");
        report.told(&format!("{what}, p99"), quantile(&mut times, 99), "µs");
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_nanos() as f64 / 1e3
}

/// Every live postcode.
pub(crate) fn all(pack: &Pack) -> Vec<String> {
    let mut all = Vec::with_capacity(pack.len());
    pack.each(|text, _| all.push(text.to_owned()));
    all
}

/// So many of them, in an order that has nothing to do with the pack's.
pub(crate) fn spread(all: &[String], count: usize) -> impl Iterator<Item = &String> {
    (0..count).map(|i| &all[i * 7_919 % all.len()])
}
