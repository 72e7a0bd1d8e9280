//! What happened, line by line. Formats nothing unless somebody wants to read it.
use crate::mix::MS;

/// A trace, or the lack of one.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    /// One that keeps its lines.
    pub fn kept() -> Trace {
        Trace { lines: Some(vec![]) }
    }
    /// One that keeps nothing.
    pub fn none() -> Trace {
        Trace::default()
    }
    pub(crate) fn say(&mut self, now: u64, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>6}.{:03} {}", now / MS, now % MS, text()));
        }
    }
    /// The lines.
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
