//! What this controller did, with the time each phase took: for the log line, the metrics and the status page. Remembers the last few.
use crate::limits::FAILOVERS;
use crate::metrics::Metrics;
use group::choose::{Member, Seen};
use group::{Cause, Epoch, Pod, Role, Time, View};
use std::collections::VecDeque;
use std::time::Duration;

/// One change of the primary that this controller wrote.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Failover {
    pub(crate) epoch: Epoch,
    pub(crate) from: Option<Pod>,
    pub(crate) to: Pod,
    pub(crate) cause: Cause,
    /// From the first sign to the decision, in ms.
    pub(crate) detect_ms: u64,
    /// From the decision until the view was written, in ms.
    pub(crate) write_ms: f64,
    /// From then until the new primary was seen to lead, in ms.
    pub(crate) take_over_ms: Option<u64>,
    written: Time,
}

/// The last few, newest last.
#[derive(Debug, Default)]
pub(crate) struct Failovers(VecDeque<Failover>);

impl Failovers {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Failover> {
        self.0.iter()
    }

    /// The last one that is over, and how long it took from the first sign until the new primary led, in ms. The first
    /// primary of a group replaces nobody.
    pub(crate) fn last_took(&self) -> Option<(Epoch, u64)> {
        let over = self.0.back().filter(|failover| failover.cause != Cause::Birth)?;
        Some((over.epoch, over.detect_ms + over.write_ms as u64 + over.take_over_ms?))
    }

    /// Notes a view that this controller wrote, if another process leads by it.
    pub(crate) fn wrote(&mut self, before: Option<&View>, next: &View, took: Duration, now: Time, metrics: &Metrics) {
        if before.is_some_and(|before| before.epoch == next.epoch) {
            tracing::info!(version = next.version, members = ?next.members, min_in_sync = next.min_in_sync, "view changed");
            return;
        }
        let failover = Failover {
            epoch: next.epoch,
            from: before.map(|before| before.primary.clone()),
            to: next.primary.clone(),
            cause: next.change.cause,
            detect_ms: next.change.decided_at.saturating_sub(next.change.suspected_at),
            write_ms: took.as_secs_f64() * 1e3,
            take_over_ms: None,
            written: now,
        };
        let Failover { epoch, from, to, cause, detect_ms, write_ms, .. } = &failover;
        let from = from.as_ref().map_or("nobody", Pod::as_str);
        let in_sync = next.in_sync.keys().map(Pod::as_str).collect::<Vec<_>>().join(" ");
        let write_ms = format!("{write_ms:.1}");
        tracing::info!(%from, %to, %epoch, ?cause, detect_ms, write_ms, in_sync, "failover: another primary is named");
        metrics.failover(&failover);
        if self.0.len() == FAILOVERS {
            self.0.pop_front();
        }
        self.0.push_back(failover);
    }

    /// Notes when the primary that was named last is first seen to lead.
    pub(crate) fn look(&mut self, seen: &Seen, metrics: &Metrics) {
        let Some(failover) = self.0.back_mut().filter(|failover| failover.take_over_ms.is_none()) else { return };
        let member = seen.member(&failover.to);
        let Some(status) = member.and_then(Member::answer) else { return };
        if status.role == Role::Primary && status.promised == failover.epoch {
            let ms = member.map_or(0, |member| member.status_at.ms_since(failover.written));
            failover.take_over_ms = Some(ms);
            tracing::info!(primary = %failover.to, epoch = %failover.epoch, take_over_ms = ms, "the new primary leads");
            metrics.took_over(ms);
        }
    }
}
