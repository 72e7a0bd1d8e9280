//! Draws one round as a picture that stands alone: orders above, latencies below, the fault and the gap marked. Pure.
//! The colours are readable on a light and on a dark page.

use std::fmt::Write;

use super::measure::{Bucket, buckets, ms};
use super::record::Record;
use super::report::{Report, Round};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
/// Top and bottom of the two charts.
const ORDERS: (f64, f64) = (84.0, 234.0);
const LATENCY: (f64, f64) = (270.0, 390.0);
const HEIGHT: f64 = 436.0;
/// What one bar shows.
const BAR_US: u64 = 20_000;
/// What is shown before and after the fault.
const BEFORE_US: u64 = 1_000_000;
const AFTER_US_MIN: u64 = 2_000_000;
/// The latency scale is logarithmic between these.
const LATENCY_MS: (f64, f64) = (0.1, 10_000.0);

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#7d8590}.t{font-size:16px;font-weight:600}\
    .ok{fill:#2da44e}.slow{fill:#d4a72c}.err{fill:#cf222e}.wait{fill:none;stroke:#54aeff;stroke-width:1.5}\
    .axis{stroke:#7d8590;stroke-opacity:.35}.gap{fill:#cf222e;fill-opacity:.14}.fault{stroke:#cf222e;stroke-width:1.5}\
    .lat{fill:none;stroke:#8250df;stroke-width:1.5}";

/// The picture of `round`, with the figures of the whole drill as its caption.
pub(super) fn draw(report: &Report, round: &Round, records: &[Record]) -> String {
    let from_us = round.fault_us.saturating_sub(BEFORE_US);
    let shown_us = round.gap_ms.map_or(AFTER_US_MIN, |gap| AFTER_US_MIN.max(us(gap) * 2));
    let to_us = round.fault_us + shown_us;
    let all = buckets(records, from_us, to_us, BAR_US);
    let chart = Chart { from_us, to_us };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Orders and latencies around a fault\">\n<style>{STYLE}</style>\n"
    );
    caption(&mut svg, report, round);
    chart.mark_fault(&mut svg, round);
    chart.orders(&mut svg, &all);
    chart.latencies(&mut svg, &all);
    chart.seconds(&mut svg, round.fault_us);
    svg.push_str("</svg>\n");
    svg
}

fn caption(svg: &mut String, report: &Report, round: &Round) {
    let gap = round.gap_ms.map_or("no success after it".to_owned(), |gap| format!("gap {gap:.0} ms"));
    let title = format!("{} · {gap}", escape(&round.what));
    let ms = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.0} ms"));
    let all = format!(
        "worst of {} rounds (gap p50 {}, max {}) · {} orders: {} lost, {} doubled, {} errors",
        report.rounds.len(),
        ms(report.gap_p50_ms),
        ms(report.gap_max_ms),
        report.orders,
        report.findings.lost.len(),
        report.findings.doubled.len(),
        report.errors
    );
    text(svg, (LEFT, 28.0), "t", &title);
    text(svg, (LEFT, 50.0), "", &all);
    for (at, class, word) in
        [(0.0, "ok", "answered"), (100.0, "slow", "answered after waiting"), (280.0, "err", "failed")]
    {
        let x = LEFT + at;
        put(svg, &format!("<rect class=\"{class}\" x=\"{x}\" y=\"62\" width=\"10\" height=\"10\" rx=\"2\"/>"));
        text(svg, (x + 16.0, 72.0), "", word);
    }
    put(svg, &format!("<path class=\"wait\" d=\"M{} 67h14\"/>", LEFT + 360.0));
    text(svg, (LEFT + 380.0, 72.0), "", "waiting");
}

/// From time to place.
struct Chart {
    from_us: u64,
    to_us: u64,
}

impl Chart {
    fn x(&self, at_us: u64) -> f64 {
        let part = ms(at_us.saturating_sub(self.from_us)) / ms(self.to_us - self.from_us);
        LEFT + part.min(1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn bucket_x(&self, index: usize) -> f64 {
        self.x(self.from_us + index as u64 * BAR_US)
    }

    fn mark_fault(&self, svg: &mut String, round: &Round) {
        let (x, top, bottom) = (self.x(round.fault_us), ORDERS.0, LATENCY.1);
        if let Some(gap) = round.gap_ms {
            let width = (self.x(round.fault_us + us(gap)) - x).max(1.0);
            let height = bottom - top;
            put(
                svg,
                &format!("<rect class=\"gap\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{height}\"/>"),
            );
        }
        put(svg, &format!("<path class=\"fault\" d=\"M{x:.1} {top}V{bottom}\"/>"));
    }

    fn orders(&self, svg: &mut String, all: &[Bucket]) {
        let tallest = all.iter().map(|bucket| (bucket.ok + bucket.slow + bucket.errors).max(bucket.waiting)).max();
        let scale = (ORDERS.1 - ORDERS.0) / f64::from(tallest.unwrap_or(0).max(1));
        for (index, bucket) in all.iter().enumerate() {
            let (x, mut y) = (self.bucket_x(index), ORDERS.1);
            let width = (self.bucket_x(index + 1) - x - 0.7).max(1.0);
            for (class, count) in [("ok", bucket.ok), ("slow", bucket.slow), ("err", bucket.errors)] {
                let height = f64::from(count) * scale;
                y -= height;
                if count > 0 {
                    let place = format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"");
                    put(svg, &format!("<rect class=\"{class}\" {place}/>"));
                }
            }
        }
        let waiting = |(index, bucket): (usize, &Bucket)| (index, ORDERS.1 - f64::from(bucket.waiting) * scale);
        self.line(svg, "wait", all.iter().enumerate().map(waiting));
        axis(svg, ORDERS.1, "0");
        axis(svg, ORDERS.0, &tallest.unwrap_or(0).to_string());
        text(svg, (LEFT + 6.0, ORDERS.0 + 14.0), "", "orders in 20 ms");
    }

    fn latencies(&self, svg: &mut String, all: &[Bucket]) {
        let busy = all.iter().enumerate().filter(|(_, bucket)| bucket.latency_max_us > 0);
        self.line(svg, "lat", busy.map(|(index, bucket)| (index, latency_y(ms(bucket.latency_max_us)))));
        for (tick, label) in [(1.0, "1 ms"), (10.0, "10 ms"), (100.0, "100 ms"), (1000.0, "1 s")] {
            axis(svg, latency_y(tick), label);
        }
        text(svg, (LEFT + 6.0, LATENCY.0 + 4.0), "", "slowest order");
    }

    fn line(&self, svg: &mut String, class: &str, points: impl Iterator<Item = (usize, f64)>) {
        let half = (self.bucket_x(1) - self.bucket_x(0)) / 2.0;
        let points: Vec<String> =
            points.map(|(index, y)| format!("{:.1},{y:.1}", self.bucket_x(index) + half)).collect();
        put(svg, &format!("<polyline class=\"{class}\" points=\"{}\"/>", points.join(" ")));
    }

    fn seconds(&self, svg: &mut String, fault_us: u64) {
        let mut at_us = self.from_us;
        while at_us <= self.to_us {
            let seconds = (ms(at_us) - ms(fault_us)) / 1000.0;
            let label = format!("{seconds:+.1} s");
            put(
                svg,
                &format!(
                    "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                    self.x(at_us),
                    LATENCY.1 + 22.0
                ),
            );
            at_us += (self.to_us - self.from_us) / 6;
        }
    }
}

fn latency_y(value_ms: f64) -> f64 {
    let (low, high) = LATENCY_MS;
    let part = (value_ms.clamp(low, high) / low).ln() / (high / low).ln();
    LATENCY.1 - part * (LATENCY.1 - LATENCY.0)
}

fn axis(svg: &mut String, y: f64, label: &str) {
    put(svg, &format!("<path class=\"axis\" d=\"M{LEFT} {y:.1}H{}\"/>", WIDTH - RIGHT));
    put(svg, &format!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", LEFT - 8.0, y + 4.0));
}

fn text(svg: &mut String, (x, y): (f64, f64), class: &str, words: &str) {
    put(svg, &format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{words}</text>"));
}

fn put(svg: &mut String, element: &str) {
    writeln!(svg, "{element}").expect("a string takes all text");
}

fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a gap is positive and below minutes")]
fn us(ms: f64) -> u64 {
    (ms * 1000.0) as u64
}

#[cfg(test)]
#[path = "svg_tests.rs"]
mod tests;
