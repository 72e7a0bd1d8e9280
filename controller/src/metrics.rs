//! What the controller counts, in the words of Prometheus. No decision is made from it.
use crate::conditions::Condition;
use crate::failovers::Failover;
use group::View;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::borrow::Cow;
use std::sync::Arc;

/// From a millisecond to five seconds: a good failover takes tens of milliseconds, a frozen primary 0.8 s.
const PHASE_SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

type Label = [(&'static str, String); 1];

/// The figures; copies count into the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    failovers: Family<Label, Counter>,
    phases: Family<Label, Histogram, fn() -> Histogram>,
    writes: Family<Label, Counter>,
    suspicions: Family<Label, Counter>,
    conditions: Family<Label, Gauge>,
    epoch: Gauge,
    version: Gauge,
    in_sync: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        Metrics::labelled(&[])
    }

    /// Figures that all carry these labels.
    pub(crate) fn labelled(labels: &[(&'static str, &str)]) -> Metrics {
        let labels = labels.iter().map(|(name, value)| (Cow::from(*name), Cow::from((*value).to_owned())));
        let mut registry = Registry::with_prefix_and_labels("jh_controller", labels);
        let phases = Family::new_with_constructor((|| Histogram::new(PHASE_SECONDS)) as fn() -> Histogram);
        let (failovers, writes, suspicions) = (Family::default(), Family::default(), Family::default());
        let conditions = Family::default();
        let (epoch, version, in_sync) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("failovers", "Primaries named by this controller, by cause", failovers.clone());
        registry.register("failover_phase_seconds", "Time of each phase: detect, write, take_over", phases.clone());
        registry.register("view_writes", "Attempts to write the view, by outcome", writes.clone());
        registry.register("suspicions", "Words of front ends against a primary, by sign", suspicions.clone());
        registry.register("condition", "1 if the condition holds, 0 if not, -1 if unknown", conditions.clone());
        registry.register("epoch", "Epoch of the view", epoch.clone());
        registry.register("view_version", "Version of the view", version.clone());
        registry.register("in_sync", "Disks in the in-sync set", in_sync.clone());
        let registry = Arc::new(registry);
        Metrics { registry, failovers, phases, writes, suspicions, conditions, epoch, version, in_sync }
    }

    pub(crate) fn failover(&self, failover: &Failover) {
        self.failovers.get_or_create(&[("cause", format!("{:?}", failover.cause).to_lowercase())]).inc();
        self.phase("detect", failover.detect_ms as f64 / 1e3);
        self.phase("write", failover.write_ms / 1e3);
    }
    pub(crate) fn took_over(&self, ms: u64) {
        self.phase("take_over", ms as f64 / 1e3);
    }
    pub(crate) fn wrote(&self, outcome: &str) {
        self.writes.get_or_create(&[("outcome", outcome.into())]).inc();
    }
    pub(crate) fn suspected(&self, sign: group::Sign) {
        self.suspicions.get_or_create(&[("sign", format!("{sign:?}").to_lowercase())]).inc();
    }
    pub(crate) fn state(&self, view: Option<&View>, conditions: &[Condition]) {
        for condition in conditions {
            let holds = condition.holds.map_or(-1, i64::from);
            self.conditions.get_or_create(&[("condition", condition.kind.to_string())]).set(holds);
        }
        if let Some(view) = view {
            self.epoch.set(view.epoch.number.try_into().unwrap_or(i64::MAX));
            self.version.set(view.version.try_into().unwrap_or(i64::MAX));
            self.in_sync.set(view.in_sync.len().try_into().unwrap_or(i64::MAX));
        }
    }

    fn phase(&self, phase: &str, seconds: f64) {
        self.phases.get_or_create(&[("phase", phase.into())]).observe(seconds);
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }
}

/// Several texts of the same figures as one: what belongs to one figure stands together, as Prometheus wants it.
pub(crate) fn merged(texts: &[String]) -> String {
    let mut figures: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for text in texts {
        let mut at = 0;
        for line in text.lines().filter(|line| *line != "# EOF") {
            if line.starts_with("# HELP") {
                at = figures.iter().position(|(head, _)| head[0] == line).unwrap_or(figures.len());
            }
            match (figures.get_mut(at), line.starts_with('#')) {
                (None, _) => figures.push((vec![line], Vec::new())),
                (Some((head, _)), true) if head.contains(&line) => {}
                (Some((head, _)), true) => head.push(line),
                (Some((_, samples)), false) => samples.push(line),
            }
        }
    }
    let lines = figures.into_iter().flat_map(|(head, samples)| head.into_iter().chain(samples));
    lines.chain(["# EOF"]).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_two_groups_are_one_text() {
        let texts = ["one", "two"].map(|name| {
            let metrics = Metrics::labelled(&[("installation", name)]);
            metrics.wrote("written");
            metrics.text()
        });
        let text = merged(&texts);
        assert_eq!(text.matches("# HELP jh_controller_epoch ").count(), 1, "{text}");
        assert!(
            text.contains("jh_controller_epoch{installation=\"one\"} 0\njh_controller_epoch{installation=\"two\"} 0\n")
        );
        assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1);
    }
}
