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
        let mut registry = Registry::with_prefix("jh_controller");
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
