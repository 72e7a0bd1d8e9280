//! Guesses whether someone is silent, by counting own ticks in which nothing came. Pure: no clock, nothing is sent from here.
//!
//! A miss is counted once per own tick, after everything that had arrived was taken in: if this process was stopped for a
//! while, one late tick counts one miss at most. Its own lateness is not held against the other.
use crate::limits::SILENT_MISSES;

/// What is known of the other's signs of life.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detector {
    heard: bool,
    misses: u32,
}

impl Detector {
    /// Something came from the other; any frame will do.
    pub fn hear(&mut self) {
        self.heard = true;
    }
    /// A heartbeat interval of my own has passed, and all that had arrived was heard.
    pub fn tick(&mut self) {
        self.misses = if self.heard { 0 } else { self.misses.saturating_add(1) };
        self.heard = false;
    }
    /// Whether it has been silent for as long as the detector allows.
    pub fn is_silent(&self) -> bool {
        // A word ends the silence at once: it must not count as silent and as answering at the same time.
        !self.heard && self.misses >= SILENT_MISSES
    }
    /// Whether it was heard in the last full interval.
    pub fn heard_lately(&self) -> bool {
        self.misses == 0
    }
    /// Whether it was heard in one of the last two intervals.
    pub fn is_answering(&self) -> bool {
        self.heard || self.misses < 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_six_own_ticks_without_a_word() {
        let mut detector = Detector::default();
        for _ in 0..5 {
            detector.tick();
        }
        assert!(!detector.is_silent());
        detector.hear();
        detector.tick();
        for _ in 0..6 {
            assert!(!detector.is_silent());
            detector.tick();
        }
        assert!(detector.is_silent() && !detector.is_answering());
        detector.hear();
        assert!(!detector.is_silent() && detector.is_answering());
        detector.tick();
        assert!(!detector.is_silent() && detector.is_answering());
    }

    #[test]
    fn a_late_tick_is_my_lateness_and_counts_once() {
        let mut detector = Detector::default();
        detector.hear();
        detector.tick();
        // This process sleeps for ten seconds: one tick comes, not a hundred.
        detector.tick();
        assert!(detector.is_answering());
    }
}
