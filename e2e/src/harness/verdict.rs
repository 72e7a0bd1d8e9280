//! What a scenario must reach, and whether it did. Pure.

use client::{Findings, Report};

use super::machine::Worst;

/// Pods that run again are in sync within this many seconds, whatever happened.
const REJOIN_S: f64 = 15.0;

/// What a scenario must reach besides losing and doubling nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bars {
    pub(crate) gap_p50_ms: Option<f64>,
    pub(crate) gap_max_ms: Option<f64>,
    pub(crate) added_max_ms: Option<f64>,
    /// Orders go on and nobody is demoted.
    pub(crate) keeps_primary: bool,
    /// More than one fault at once, or none that promises anything to clients: they may see errors.
    pub(crate) may_fail: bool,
    /// The history is another one afterwards, by command.
    pub(crate) may_reset: bool,
}

impl Bars {
    const NONE: Bars = Bars {
        gap_p50_ms: None,
        gap_max_ms: None,
        added_max_ms: None,
        keeps_primary: false,
        may_fail: false,
        may_reset: false,
    };

    /// Delete pod, drain, rollout, scale.
    pub(crate) const PLANNED: Bars = Bars { added_max_ms: Some(200.0), ..Bars::NONE };
    /// A primary that is killed.
    pub(crate) const KILLED: Bars = Bars { gap_p50_ms: Some(80.0), gap_max_ms: Some(400.0), ..Bars::NONE };
    /// Somebody is frozen, slow or cut off.
    pub(crate) const SILENT: Bars = Bars { gap_max_ms: Some(1000.0), ..Bars::NONE };
    /// Controllers, API server or adapter are away.
    pub(crate) const AWAY: Bars = Bars { keeps_primary: true, ..Bars::SILENT };
    /// Nobody promised how long it takes, only that clients who repeat get their answer.
    pub(crate) const ANY: Bars = Bars::NONE;
    /// A loss is accepted by command.
    pub(crate) const RESET: Bars = Bars { may_reset: true, ..Bars::SILENT };
    /// More than one fault.
    pub(crate) const DISASTER: Bars = Bars { may_fail: true, ..Bars::NONE };
}

/// Everything known after a scenario.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) report: Report,
    /// For each round, from when the pods ran again until all were in sync, in s; none if that was not seen.
    pub(crate) rejoined_s: Vec<Option<f64>>,
    /// Gaps and doubles of the events.
    pub(crate) history: Vec<String>,
    /// Calls of the kitchen and the subscriber that got no answer.
    pub(crate) unanswered: Vec<String>,
    /// What this machine did while the slowest order of all rounds waited.
    pub(crate) meanwhile: Worst,
    /// Why there were no more rounds, if one could not be played to its end.
    pub(crate) stopped: Option<String>,
}

/// Something that was missed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Miss {
    pub(crate) what: String,
    /// How much too long something took, as a ratio; none if it is not about time but about what must never be.
    pub(crate) too_long: Option<f64>,
    /// Whether this machine stood still meanwhile for as long as it took too long.
    pub(crate) is_machines: bool,
}

impl Miss {
    /// What must never be.
    pub(crate) fn never(what: String) -> Miss {
        Miss { what, too_long: None, is_machines: false }
    }
}

/// Whether all is well but that something took too long: on a machine that does other things too, that can be its doing.
pub(crate) fn only_took_long(missed: &[Miss]) -> bool {
    !missed.is_empty() && missed.iter().all(|miss| miss.too_long.is_some())
}

/// The worst of all misses: 0 if there is none, and beyond all measure if one is not about time.
pub(crate) fn worst(missed: &[Miss]) -> f64 {
    missed.iter().map(|miss| miss.too_long.unwrap_or(f64::INFINITY)).fold(0.0, f64::max)
}

impl Outcome {
    /// Everything that was missed; nothing if all is well.
    pub(crate) fn missed(&self, bars: &Bars) -> Vec<Miss> {
        let Report { rounds, findings, .. } = &self.report;
        let Findings { lost, changed, doubled, .. } = findings;
        let mut missed: Vec<Miss> = self.stopped.iter().cloned().map(Miss::never).collect();
        let mut count = |number: usize, what: &str| {
            if number > 0 {
                missed.push(Miss::never(format!("{number} {what}")));
            }
        };
        count(lost.len(), "orders lost");
        count(changed.len(), "orders changed");
        count(doubled.len(), "orders doubled");
        count(self.report.stale, "orders not there when read at once");
        count(self.report.linearity.not.len(), "orders whose history is not linearizable");
        count(self.report.linearity.unknown.len(), "orders whose history was too much to judge");
        count(self.history.len(), "faults in the events");
        if !bars.may_fail {
            count(self.errors(), &format!("errors{}", self.first_why()));
            count(self.report.refused, "orders refused");
        }
        count(rounds.iter().filter(|round| round.gap_ms.is_none()).count(), "rounds without a success after the fault");
        count(self.rejoined_s.iter().filter(|s| s.is_none()).count(), "rounds after which not all were in sync again");
        if bars.keeps_primary {
            count(rounds.iter().filter(|round| round.epoch_after != round.epoch_before).count(), "demotions");
        }
        let report = &self.report;
        let figures = [
            ("gap p50", report.gap_p50_ms, bars.gap_p50_ms, "ms"),
            ("gap max", report.gap_max_ms, bars.gap_max_ms, "ms"),
            ("added latency", Some(report.added_max_ms), bars.added_max_ms, "ms"),
            ("in sync again", self.rejoined_max_s(), Some(REJOIN_S), "s"),
        ];
        for (what, is, bar, unit) in figures {
            if let (Some(is), Some(bar)) = (is, bar)
                && is > bar
            {
                let is_machines = unit == "ms" && self.meanwhile.longest_ms() >= is - bar;
                let whose = if is_machines { "the machine's" } else { "ours" };
                let meanwhile = self.meanwhile.told();
                missed.push(Miss {
                    what: format!("{what} {is:.1} {unit}, not {bar} {unit} ({whose}: meanwhile {meanwhile})"),
                    too_long: Some(is / bar),
                    is_machines,
                });
            }
        }
        missed
    }

    /// Calls without a definite answer, of all clients.
    pub(crate) fn errors(&self) -> usize {
        self.report.errors + self.report.read_errors + self.unanswered.len()
    }

    /// Why calls had no definite answer: all that is known.
    pub(crate) fn whys(&self) -> impl Iterator<Item = &String> {
        self.report.why.iter().chain(&self.unanswered)
    }

    fn first_why(&self) -> String {
        self.whys().next().map(|why| format!(" (the first: {why})")).unwrap_or_default()
    }

    /// The longest time until all were in sync again, in s.
    pub(crate) fn rejoined_max_s(&self) -> Option<f64> {
        self.rejoined_s.iter().copied().flatten().max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_is_judged_twice() {
        let late = |ratio| Miss { what: String::new(), too_long: Some(ratio), is_machines: false };
        let lost = Miss::never("1 orders lost".to_owned());
        assert!(only_took_long(&[late(1.2), late(1.1)]));
        assert!(!only_took_long(&[late(1.2), lost.clone()]) && !only_took_long(&[]));
        assert_eq!(worst(&[late(1.2), late(1.5)]), 1.5);
        assert_eq!((worst(&[]), worst(&[late(1.2), lost])), (0.0, f64::INFINITY));
    }
}
