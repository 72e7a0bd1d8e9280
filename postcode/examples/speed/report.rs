//! Prints figures beside what they are to reach, and counts those that do not. Knows numbers only.

use anyhow::ensure;

/// What was measured so far.
pub(crate) struct Report {
    missed: usize,
}

impl Report {
    pub(crate) fn begin() -> Report {
        println!("load average before: {}", load_average());
        Report { missed: 0 }
    }

    /// A figure that must not be above its bar.
    pub(crate) fn at_most(&mut self, what: &str, is: f64, bar: f64, unit: &str) {
        self.line(what, is, "<=", bar, unit, is <= bar);
    }

    /// A figure that must not be below its bar.
    pub(crate) fn at_least(&mut self, what: &str, is: f64, bar: f64, unit: &str) {
        self.line(what, is, ">=", bar, unit, is >= bar);
    }

    /// A figure that must be just so.
    pub(crate) fn exactly(&mut self, what: &str, is: usize, bar: usize) {
        self.line(what, is as f64, "=", bar as f64, "", is == bar);
    }

    /// A figure without a bar.
    pub(crate) fn told(&self, what: &str, is: f64, unit: &str) {
        println!("     {what:<58} {:>12} {unit}", number(is));
    }

    fn line(&mut self, what: &str, is: f64, sign: &str, bar: f64, unit: &str, is_reached: bool) {
        self.missed += usize::from(!is_reached);
        let mark = if is_reached { "ok  " } else { "MISS" };
        println!("{mark} {what:<58} {:>12} {unit:<4} {sign} {}", number(is), number(bar));
    }

    pub(crate) fn end(self) -> anyhow::Result<()> {
        println!("load average after: {}", load_average());
        ensure!(self.missed == 0, "{} figures missed their bars", self.missed);
        Ok(())
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 || value >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The value that so many in a hundred are not above.
pub(crate) fn quantile(times: &mut [f64], percent: usize) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get((times.len() * percent).div_ceil(100).max(1) - 1).copied().unwrap_or_default()
}
