//! Requests: executed on the primary's state as it is, answered when that state may be seen (W4, R1). Knows bytes, never what they mean.
use super::Running;
use super::clients;
use super::feeds;
use super::held::Asker;
use crate::answer::{Answer, Consistency, Freshness, Rejection};
use crate::handle::{Local, Report};
use crate::limits;
use crate::machine::{Executed, Machine};
use crate::mistake::planted;
use crate::wire::{Request, Told};
use bytes::Bytes;
use group::{Input, Role, Seq, Serving, Wall};

impl<M: Machine + Send + 'static> Running<M> {
    pub(super) fn request(&mut self, connection: u64, number: u64, request: Request) {
        let asker = Asker::Client { connection, number };
        let told = match request {
            Request::Submit(command) => return self.submit(asker, &command),
            Request::Read(consistency, request) => return self.read(asker, consistency, &request),
            Request::Report => Told::Report(Box::new(self.report())),
            Request::Log { after, max } => {
                Told::History(feeds::page(&self.core, after, usize::try_from(max).unwrap_or(usize::MAX)))
            }
            Request::Subscribe { after } => {
                if self.clients.subscribe(connection, number, after) {
                    return self.feed_due = true;
                }
                Told::Rejected(Rejection::Busy)
            }
            Request::Unsubscribe { number } => return self.clients.unsubscribe(connection, number),
            Request::HandOver { to, epoch } => match self.core.serving() {
                Serving::No => Told::Rejected(self.rejection()),
                Serving::Yes | Serving::Draining { .. } => {
                    self.step(Input::HandOver { to, epoch });
                    Told::Noted
                }
            },
            Request::PushView(view) => {
                self.step(Input::View(view));
                Told::Noted
            }
            Request::Fence(fence) => {
                self.step(Input::Fence(fence));
                Told::Noted
            }
            Request::Ping => Told::Pong,
        };
        self.clients.tell(connection, number, &told);
    }

    pub(super) fn local(&mut self, request: Local) {
        match request {
            Local::Submit(command, asker) => self.submit(Asker::Here(asker), &command),
            Local::Read(consistency, request, asker) => self.read(Asker::Here(asker), consistency, &request),
            Local::Log(after, max, asker) => drop(asker.send(feeds::page(&self.core, after, max))),
            Local::Report(asker) => drop(asker.send(self.report())),
            Local::HandOver(to, epoch) => self.step(Input::HandOver { to, epoch }),
            Local::Leave => self.step(Input::Leave),
        }
    }

    /// Executes a command on the state that includes everything appended. The answer is held.
    pub(super) fn submit(&mut self, asker: Asker, command: &[u8]) {
        if self.core.serving() != Serving::Yes {
            return self.send_away(asker);
        }
        if command.len() > limits::COMMAND_BYTES {
            return self.reject(asker, Rejection::TooLarge { max: limits::COMMAND_BYTES });
        }
        if self.held.is_full() || !self.store.has_room() {
            return self.reject_busy(asker);
        }
        let at = self.log_time();
        match self.state.machine.execute(at, command) {
            Executed::Changed { delta, .. } if delta.len() > limits::DELTA_BYTES => {
                tracing::error!(bytes = delta.len(), "a delta is larger than the log takes");
                self.reject(asker, Rejection::TooLarge { max: limits::DELTA_BYTES });
            }
            Executed::Changed { reply, .. } | Executed::Unchanged { reply } if is_too_large(&reply) => {
                self.reject(asker, Rejection::TooLarge { max: limits::REPLY_BYTES });
            }
            Executed::Changed { delta, reply } => {
                let seq = self.propose(at, delta);
                self.figures.changes += 1;
                self.held.write(seq, asker, self.answer(reply, seq, Freshness::Strong));
            }
            Executed::Unchanged { reply } if planted(13) => {
                let answer = self.answer(reply, self.state.applied, Freshness::Strong);
                self.give(asker, Ok(answer));
            }
            Executed::Unchanged { reply } => self.hold_read(asker, reply),
        }
    }

    fn propose(&mut self, at: Wall, delta: Bytes) -> Seq {
        self.step(Input::Propose { at, body: delta.clone() });
        let seq = self.core.tail().seq;
        self.state.apply_own(at, seq, &delta);
        seq
    }

    fn read(&mut self, asker: Asker, consistency: Consistency, request: &[u8]) {
        match consistency {
            Consistency::Strong if self.core.serving() != Serving::Yes => self.send_away(asker),
            Consistency::Eventual if !self.can_read() => self.send_away(asker),
            _ if self.held.is_full() => self.reject_busy(asker),
            Consistency::Strong => {
                let at = self.log_time();
                let reply = self.state.machine.query(at, request);
                if is_too_large(&reply) {
                    return self.reject(asker, Rejection::TooLarge { max: limits::REPLY_BYTES });
                }
                self.hold_read(asker, reply);
            }
            Consistency::Eventual => self.read_eventual(asker, request),
        }
    }

    /// R1 and W4: an answer that appended nothing. All of one turn share a ticket, taken after the last of them was computed.
    fn hold_read(&mut self, asker: Asker, reply: Bytes) {
        self.figures.reads += 1;
        self.ticket_due = true;
        self.held.read(self.ticket + 1, asker, self.answer(reply, self.state.applied, Freshness::Strong));
    }

    /// Whether the state is one that the group once had: not before the first entry, not while a snapshot takes its place.
    fn can_read(&self) -> bool {
        self.state.applied > 0 && self.fetching.is_none() && self.core.role() != Role::Waiting
    }

    fn read_eventual(&mut self, asker: Asker, request: &[u8]) {
        self.figures.reads += 1;
        let at = self.log_time();
        let reply = self.state.machine.query(at, request);
        if is_too_large(&reply) {
            return self.reject(asker, Rejection::TooLarge { max: limits::REPLY_BYTES });
        }
        let (seq, commit) = (self.state.applied, self.core.commit());
        let answer = self.answer(reply, seq, Freshness::Eventual);
        if seq <= commit {
            return self.give(asker, Ok(answer));
        }
        // A primary's state may hold what is never committed: it settles within a millisecond, or the group is in trouble.
        let until = self.now.mono.plus_ms(limits::UNSETTLED_MS);
        self.held.unsettled(seq, until, asker, answer);
    }

    fn answer(&self, reply: Bytes, seq: Seq, freshness: Freshness) -> Answer {
        Answer { reply, cursor: feeds::cursor(&self.core, seq), freshness }
    }

    /// T1: the log time of everything in this turn.
    fn log_time(&mut self) -> Wall {
        let (core, now) = (&self.core, self.now);
        *self.at.get_or_insert_with(|| core.log_time(now))
    }

    fn rejection(&self) -> Rejection {
        match self.core.serving() {
            Serving::Draining { epoch } => Rejection::Draining { epoch },
            Serving::Yes | Serving::No => {
                let (epoch, primary) = clients::believed(&self.core);
                Rejection::NotPrimary { epoch, primary }
            }
        }
    }
    fn send_away(&mut self, asker: Asker) {
        self.figures.sent_away += 1;
        let why = self.rejection();
        self.reject(asker, why);
    }
    fn reject_busy(&mut self, asker: Asker) {
        self.figures.busy += 1;
        self.reject(asker, Rejection::Busy);
    }
    fn reject(&self, asker: Asker, why: Rejection) {
        self.give(asker, Err(why));
    }

    /// The one place where answers leave.
    pub(super) fn give(&self, asker: Asker, answer: Result<Answer, Rejection>) {
        match asker {
            Asker::Client { connection, number } => {
                let told = answer.map_or_else(Told::Rejected, Told::Answer);
                self.clients.tell(connection, number, &told);
            }
            Asker::Here(waiter) => drop(waiter.send(answer)),
            Asker::Timer => {}
        }
    }

    /// T1: what is due by the clock: one slice at a time, behind the clients' work of this turn.
    pub(super) fn run_timers(&mut self) {
        if self.core.serving() != Serving::Yes || self.held.has_timers() || self.held.is_full() {
            return;
        }
        let at = self.log_time();
        for command in self.state.machine.due(at, limits::TIMERS) {
            self.submit(Asker::Timer, &command);
        }
    }

    /// T1: tells the machine of an outage before anything else is executed.
    pub(super) fn tell_outage(&mut self) {
        let Some(outage_ms) = self.outage_ms.take() else { return };
        let at = self.log_time();
        if outage_ms > limits::OUTAGE_MS
            && let Some(command) = self.state.machine.resumed(at, outage_ms)
        {
            tracing::info!(outage_ms, "deadlines move by the outage");
            self.submit(Asker::Timer, &command);
        }
    }

    pub(super) fn report(&self) -> Report {
        let mut figures = self.figures;
        figures.held = self.held.len();
        figures.connections = self.clients.len() + self.links.len();
        figures.applied = self.state.count;
        Report { status: self.core.status(self.now), reigns: self.core.reigns().cloned().collect(), figures }
    }
}

/// A frame that its reader must refuse would end the connection, and with it everybody else's requests.
fn is_too_large(reply: &Bytes) -> bool {
    reply.len() > limits::REPLY_BYTES
}
