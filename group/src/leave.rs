//! Leaving by plan (H1): a primary drains, commits, names its successor and goes; if that is not seen in time, it serves on.
use crate::entry::Cause;
use crate::ids::{BootId, Now, Pod, Time};
use crate::io::Output;
use crate::lead::Lead;
use crate::limits::RESIGN_PATIENCE_MS;
use crate::local::Local;
use crate::mistake::planted;
use crate::progress::Stage;
use crate::status::Role;
use crate::view::View;

/// A hand-over under way.
#[derive(Clone, Hash)]
pub(crate) struct Drain {
    /// Who shall lead; anyone fit if not said.
    to: Option<Pod>,
    cause: Cause,
    since: Time,
    sent: bool,
}

impl Lead {
    /// Takes no new writes from here on.
    pub(crate) fn drain(&mut self, to: Option<Pod>, cause: Cause, now: Now, out: &mut Vec<Output>) {
        if self.drain.is_none() {
            self.drain = Some(Drain { to, cause, since: now.mono, sent: false });
            out.push(Output::Changed(Role::Draining));
        }
    }

    pub(crate) fn flush_drain(&mut self, local: &Local, now: Now, out: &mut Vec<Output>) {
        let (Some(drain), Some(view)) = (&self.drain, local.view.clone()) else { return };
        if now.mono.ms_since(drain.since) >= RESIGN_PATIENCE_MS {
            // However late the write lands, it names a disk of this set: every commit and barrier until then needs it too.
            self.drain = None;
            out.push(Output::Changed(Role::Primary));
            return;
        }
        let may_write = !local.view_lost && local.view_is_saved();
        if drain.sent || !may_write || local.commit < local.log.tail().seq || self.reads_wait() {
            return;
        }
        let cause = drain.cause;
        if let Some((to, boot)) = self.successor(local, &view) {
            self.sets.propose(&view, view.resign(&to, boot, cause, now.wall), now, out);
            if let Some(drain) = &mut self.drain {
                drain.sent = true;
            }
        }
    }

    /// A member of the set that holds everything, as acknowledged by the process that answers now.
    fn successor(&self, local: &Local, view: &View) -> Option<(Pod, BootId)> {
        let wanted = self.drain.as_ref()?.to.as_ref();
        let fit = |(pod, storage)| -> Option<(Pod, BootId)> {
            let progress = self.peers.get(pod)?;
            let held = self.held.get(&storage)?;
            let whole = held.seq == local.log.tail().seq;
            let same = progress.peer.as_ref()?.boot == held.boot && progress.stage == Stage::Streaming;
            let asked = wanted.is_none_or(|wanted| wanted == pod);
            (whole && same && asked && progress.is_answering() && !progress.leaves).then(|| (pod.clone(), held.boot))
        };
        let anyone = self.peers.iter().filter_map(|(pod, progress)| Some((pod, progress.peer.as_ref()?.storage)));
        let first = anyone.filter(|_| planted(22)).find_map(fit);
        first.or_else(|| view.pairs().filter(|(pod, _)| **pod != local.me.pod).find_map(fit))
    }

    pub(crate) fn has_resigned(&self) -> bool {
        self.drain.as_ref().is_some_and(|drain| drain.sent)
    }

    /// A higher version of the same epoch was seen: the resignation has lost its base, and is decided again if time is left.
    pub(crate) fn drain_again(&mut self) {
        if let Some(drain) = &mut self.drain {
            drain.sent = false;
        }
    }
}
