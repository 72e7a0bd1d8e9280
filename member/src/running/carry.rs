//! Carries out, in order, what the core asks of the world. Decides nothing.
use super::Running;
use super::clients;
use super::feeds;
use crate::handle::{Ask, Ended, Event as News};
use crate::machine::Machine;
use crate::store::Save;
use crate::wire::Told;
use group::{Body, Epoch, Input, Output, Role, Seq, Stop, Wall};

impl<M: Machine + Send + 'static> Running<M> {
    /// Gives the core one input and carries out what comes of it.
    pub(super) fn step(&mut self, input: Input) {
        if self.is_ending() {
            return;
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        self.core.step(self.now, input, &mut outputs);
        self.carry(outputs);
    }

    /// Ends a turn: everything that it caused goes out together.
    pub(super) fn flush(&mut self) {
        if self.is_ending() {
            return;
        }
        if std::mem::take(&mut self.ticket_due) {
            self.ticket += 1;
            self.step(Input::Read { ticket: self.ticket });
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        self.core.flush(self.now, &mut outputs);
        self.carry(outputs);
        self.serve_feeds();
    }

    /// Nothing more is promised or acknowledged once the end is decided, even while the disk is still being marked.
    fn is_ending(&self) -> bool {
        self.ended.is_some() || self.reset_why.is_some()
    }

    fn carry(&mut self, mut outputs: Vec<Output>) {
        for output in outputs.drain(..) {
            self.carry_one(output);
            if self.is_ending() {
                return;
            }
        }
        // The same allocation serves the next step, unless carrying out has stepped itself.
        if self.outputs.is_empty() {
            self.outputs = outputs;
        }
    }

    fn carry_one(&mut self, output: Output) {
        match output {
            Output::Write { write, cut, entries, commit } => {
                self.store.write(crate::log::Write { write, cut, entries, commit });
            }
            Output::Save { save, group, promised, view } => self.store.save(Save { save, group, promised, view }),
            Output::Send { to, message } => self.links.send(&to, &message),
            Output::Propose(proposal) => drop(self.asks.send(Ask::Propose(proposal))),
            Output::ReadView { held } => drop(self.asks.send(Ask::Read { held })),
            Output::Committed { seq } => self.committed(seq),
            Output::ReadReady { ticket } => {
                while let Some((asker, answer)) = self.held.next_read(ticket) {
                    self.give(asker, Ok(answer));
                }
            }
            Output::Lead { epoch } => self.lead(epoch),
            Output::Changed(role) => self.changed(role),
            Output::Viewed(view) => {
                tracing::info!(epoch = %view.epoch, version = view.version, primary = %view.primary, in_sync = ?view.in_sync.keys(), "view");
                self.fetching = self.fetching.take().filter(|fetching| fetching.outlives(view.epoch));
                self.clients.push_all(&Told::View(view.clone()));
                self.status_due = true;
                let _ = self.member.events.send(News::ViewChanged(view));
            }
            Output::FetchSnapshot { from, epoch } => self.fetch(from, epoch),
            // The storage keeps its log back to the snapshot before the last by itself.
            Output::Trim { .. } => {}
            Output::Reset { why } => {
                tracing::warn!(?why, "this disk is formatted anew");
                self.reset_why = Some(why);
                self.store.reset();
            }
            Output::Exit { why } => self.ended = Some(ended(why)),
        }
    }

    fn committed(&mut self, seq: Seq) {
        self.state.advance(&self.core, seq);
        while let Some((asker, answer)) = self.held.next_write(seq) {
            self.give(asker, Ok(answer));
        }
        while let Some((asker, answer)) = self.held.next_settled(seq) {
            self.give(asker, Ok(answer));
        }
        if self.member.events.receiver_count() > 0 {
            let loss = feeds::cursor(&self.core, seq).loss;
            for delivered in self.core.entries(self.delivered, seq).filter_map(|entry| feeds::delivered(entry, loss)) {
                let _ = self.member.events.send(News::Delivered(delivered));
            }
        }
        self.delivered = seq;
        self.feed_due = true;
    }

    fn lead(&mut self, epoch: Epoch) {
        let tail = self.core.tail().seq;
        // All but the entry that begins the reign.
        self.state.advance(&self.core, tail - 1);
        self.outage_ms = self.outage(self.state.at);
        self.state.advance(&self.core, tail);
        self.at = None;
        tracing::info!(%epoch, tail, "leads");
    }

    /// How long the group could not work before this reign, in ms, as the log tells it: from the last entry on, or from the
    /// first sign if the primary was replaced while others watched.
    fn outage(&self, last: Wall) -> Option<u64> {
        use group::Cause::{Asked, Birth, Died, Leaving, Rebuilt, Restarted, Silent, Stalled};
        let tail = self.core.tail().seq;
        let entry = self.core.entries(tail - 1, tail).next()?;
        let Body::Start(start) = &entry.body else { return None };
        let since = match start.change.cause {
            _ if last == 0 => return None,
            Died | Silent | Stalled => last.max(start.change.suspected_at),
            Restarted | Rebuilt => last,
            Birth | Asked | Leaving => return None,
        };
        Some(entry.at.saturating_sub(since))
    }

    fn changed(&mut self, role: Role) {
        tracing::info!(?role, "role");
        if let Some(told) = clients::standing(&self.core) {
            self.clients.push_all(&told);
        }
        self.status_due = true;
        let _ = self.member.events.send(News::RoleChanged(role));
    }

    fn serve_feeds(&mut self) {
        let alive = std::mem::take(&mut self.feed_alive);
        if !std::mem::take(&mut self.feed_due) && !alive {
            return;
        }
        let core = &self.core;
        self.clients.serve_subscriptions(alive, |after, alive| feeds::next(core, after, alive).map(Told::History));
    }
}

fn ended(why: Stop) -> Ended {
    match why {
        Stop::Demoted { by } => Ended::Demoted { by },
        Stop::Left => Ended::Left,
        Stop::Unsound => Ended::Unsound,
        Stop::Outdated => Ended::Reset { why: "it had less than it acknowledged" },
        Stop::LossForced => Ended::Reset { why: "a forced loss did not keep it" },
    }
}

/// The end that a reset comes to, once the disk is marked.
pub(super) fn reset(why: Option<Stop>) -> Ended {
    ended(why.unwrap_or(Stop::Outdated))
}
