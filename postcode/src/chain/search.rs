//! One search through the chain: who is asked when, and whose word counts in the end. Knows the chain; keeps nothing.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, sleep_until};
use tracing::error;

use super::{Cause, Chain, End, Grounds, Resolution, Step, Verdict};
use crate::check::{Judged, judge};
use crate::code::Code;
use crate::link::{Leave, Link, Skip};
use crate::provider::{Deadline, Outcome, Place, Reply};
use crate::retry;

/// Asks until one knows or the deadline is there.
pub(super) async fn search(chain: &Chain, code: Code, deadline: Deadline) -> Resolution {
    let mut search = Search::begin(chain, code, deadline).await;
    search.run().await;
    search.conclude()
}

struct Search<'a> {
    chain: &'a Chain,
    code: Code,
    deadline: Deadline,
    began: Instant,
    pack: Pack<'a>,
    waiting: VecDeque<Arc<Link>>,
    running: FuturesUnordered<BoxFuture<'static, Ended>>,
    hedge_at: Option<Instant>,
    repeat: Option<(Instant, Arc<Link>)>,
    has_repeated: bool,
    steps: Vec<Step>,
    found: Option<(Arc<Link>, Place)>,
    denials: Vec<Arc<Link>>,
    was_terminated: bool,
    was_suspect: bool,
    has_services: bool,
}

/// What the pack says, which is known before anyone is asked.
enum Pack<'a> {
    /// It does not cover the postcode, or is not of this chain.
    Silent,
    Has(&'a Arc<Link>, Place),
    Lacks(&'a Arc<Link>),
}

/// A request that is over.
struct Ended {
    link: Arc<Link>,
    cause: Cause,
    began: Instant,
    answer: Result<Reply, Skip>,
}

impl<'a> Search<'a> {
    async fn begin(chain: &'a Chain, code: Code, deadline: Deadline) -> Self {
        let began = Instant::now();
        let (mut waiting, mut pack, mut steps) = (VecDeque::new(), Pack::Silent, Vec::new());
        for link in chain.covering(code) {
            if link.provider().terms(code).embedded_ms.is_none() {
                waiting.push_back(Arc::clone(link));
                continue;
            }
            let Ok(reply) = link.ask(Leave::Usual, code, deadline).await else { continue };
            let end = End::Said(reply.outcome.word(), None);
            steps.push(Step { provider: link.provider().name(), cause: Cause::Turn, began_ms: 0, took_ms: 0, end });
            pack = match reply.outcome {
                Outcome::Found(place) => Pack::Has(link, place),
                _ => Pack::Lacks(link),
            };
        }
        let has_services = !waiting.is_empty();
        Self {
            chain,
            code,
            deadline,
            began,
            pack,
            waiting,
            running: FuturesUnordered::new(),
            hedge_at: None,
            repeat: None,
            has_repeated: false,
            steps,
            found: None,
            denials: Vec::new(),
            was_terminated: false,
            was_suspect: false,
            has_services,
        }
    }

    async fn run(&mut self) {
        while !self.is_decided() && !self.deadline.is_over() {
            if self.running.is_empty() && !self.start_next(Cause::Turn) && self.repeat.is_none() {
                break;
            }
            let (hedge_at, repeat_at) = (self.hedge_at, self.repeat.as_ref().map(|(at, _)| *at));
            tokio::select! {
                Some(ended) = self.running.next() => self.take(ended),
                () = at(hedge_at), if hedge_at.is_some() => {
                    self.hedge_at = None;
                    self.start_next(Cause::Hedge);
                }
                () = at(repeat_at), if repeat_at.is_some() => self.start_again(),
                () = sleep_until(self.deadline.instant()) => {}
            }
        }
    }

    /// Whether nothing that is still to come can change the verdict.
    fn is_decided(&self) -> bool {
        self.found.is_some() || self.denials.len() >= self.denials_needed()
    }

    /// One service may be wrong or behind: that a postcode does not exist is believed of two, or of one and the pack.
    fn denials_needed(&self) -> usize {
        if matches!(self.pack, Pack::Lacks(_)) { 1 } else { 2 }
    }

    /// Begins to ask the next one that may be asked; false if there is none.
    fn start_next(&mut self, cause: Cause) -> bool {
        while let Some(link) = self.waiting.pop_front() {
            match link.leave() {
                // Nobody has to wait to learn whether a service works again while the pack has the answer.
                Ok(Leave::Probe) if matches!(self.pack, Pack::Has(..)) => {
                    let (probed, code, deadline) = (Arc::clone(&link), self.code, self.attempt());
                    tokio::spawn(async move { probed.ask(Leave::Probe, code, deadline).await });
                    self.skip(&link, cause, Skip::Probing);
                }
                Ok(leave) => {
                    self.chain.budget.lock().unwrap_or_else(PoisonError::into_inner).earn();
                    self.start(link, leave, cause);
                    return true;
                }
                Err(skip) => self.skip(&link, cause, skip),
            }
        }
        false
    }

    fn start_again(&mut self) {
        let Some((_, link)) = self.repeat.take() else { return };
        match link.leave() {
            Ok(leave) => self.start(link, leave, Cause::Repeat),
            Err(skip) => self.skip(&link, Cause::Repeat, skip),
        }
    }

    /// The request runs in a task of its own: when another answers first it goes on, and its end is taken note of.
    fn start(&mut self, link: Arc<Link>, leave: Leave, cause: Cause) {
        let (asked, code, deadline) = (Arc::clone(&link), self.code, self.attempt());
        self.hedge_at = (!self.waiting.is_empty()).then(|| Instant::now() + link.hedge_after());
        let began = Instant::now();
        let task = tokio::spawn(async move { asked.ask(leave, code, deadline).await });
        let ended = async move {
            let answer = task.await.unwrap_or_else(|broken| {
                error!(%broken, "a provider ended without an answer");
                Ok(Outcome::Transient.into())
            });
            Ended { link, cause, began, answer }
        };
        self.running.push(ended.boxed());
    }

    fn attempt(&self) -> Deadline {
        self.deadline.within(self.chain.attempt)
    }

    fn take(&mut self, Ended { link, cause, began, answer }: Ended) {
        let reply = match answer {
            Ok(reply) => reply,
            Err(skip) => return self.skip(&link, cause, skip),
        };
        let said = End::Said(reply.outcome.word(), reply.status);
        let end = match judge(self.code, reply.outcome, self.pack_point()) {
            Judged::Suspect(metres) => {
                self.was_suspect = true;
                self.chain.metrics.mismatched(link.provider().name());
                End::Suspect(metres)
            }
            Judged::Sound(outcome) => {
                let end = if outcome == Outcome::Malformed { End::Said(outcome.word(), reply.status) } else { said };
                self.weigh(&link, cause, outcome);
                end
            }
        };
        self.note(&link, cause, began, end);
        // Whoever failed is not waited for: the next one is asked at once.
        if !self.is_decided() && self.running.is_empty() {
            self.start_next(Cause::Turn);
        }
    }

    fn weigh(&mut self, link: &Arc<Link>, cause: Cause, outcome: Outcome) {
        match outcome {
            Outcome::Found(place) => {
                if cause == Cause::Hedge {
                    self.chain.metrics.hedge_won(link.provider().name());
                }
                self.found = Some((Arc::clone(link), place));
            }
            Outcome::Terminated | Outcome::NotFound | Outcome::Invalid => {
                self.was_terminated |= outcome == Outcome::Terminated;
                self.denials.push(Arc::clone(link));
            }
            Outcome::Transient => self.plan_repeat(link),
            Outcome::RateLimited(_) | Outcome::Unauthorised | Outcome::Exhausted | Outcome::Malformed => {}
        }
    }

    /// One repetition at most, when no other service is left to ask and there is time for an answer.
    fn plan_repeat(&mut self, link: &Arc<Link>) {
        let wait = retry::wait(self.chain.luck.share());
        let at = Instant::now() + wait;
        let in_time = at + wait < self.deadline.instant();
        let alone = self.waiting.is_empty() && self.running.is_empty();
        if !self.has_repeated
            && alone
            && in_time
            && self.chain.budget.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            self.has_repeated = true;
            self.chain.metrics.repeated(link.provider().name());
            self.repeat = Some((at, Arc::clone(link)));
        }
    }

    fn skip(&mut self, link: &Arc<Link>, cause: Cause, skip: Skip) {
        self.chain.metrics.skipped(link.provider().name(), skip);
        self.note(link, cause, Instant::now(), End::Skipped(skip));
    }

    fn note(&mut self, link: &Arc<Link>, cause: Cause, began: Instant, end: End) {
        let ms = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let (began_ms, took_ms) = (ms(began - self.began), ms(began.elapsed()));
        self.steps.push(Step { provider: link.provider().name(), cause, began_ms, took_ms, end });
    }

    fn pack_point(&self) -> Option<crate::grid::Position> {
        if let Pack::Has(_, place) = &self.pack { place.position } else { None }
    }

    fn conclude(mut self) -> Resolution {
        if let Some((link, place)) = self.found.take() {
            return self.resolution(Some(&link), Verdict::Found(place), Grounds::ServiceKnows);
        }
        let denied = if self.was_terminated { Verdict::Terminated } else { Verdict::NotFound };
        let denier = self.denials.first().cloned();
        match (std::mem::replace(&mut self.pack, Pack::Silent), denier) {
            (_, Some(denier)) if self.denials.len() >= 2 => {
                self.resolution(Some(&denier), denied, Grounds::DeniedTwice)
            }
            (Pack::Lacks(_), Some(denier)) => self.resolution(Some(&denier), denied, Grounds::DeniedWithPack),
            (Pack::Has(link, place), denier) => {
                let grounds = match denier {
                    Some(_) => Grounds::PackOverDenial,
                    None if self.was_suspect => Grounds::PackOverSuspect,
                    None if self.has_services => Grounds::PackForWant,
                    None => Grounds::PackAlone,
                };
                self.resolution(Some(link), Verdict::Found(place), grounds)
            }
            (Pack::Lacks(link), None) if !self.has_services => {
                self.resolution(Some(link), Verdict::NotFound, Grounds::PackAlone)
            }
            // New postcodes appear after the pack was made: with no service to ask, it does not say that there is none.
            (Pack::Lacks(_) | Pack::Silent, None) => self.resolution(None, Verdict::Unresolved, Grounds::NobodyKnows),
            (Pack::Silent, Some(_)) => self.resolution(None, Verdict::Unresolved, Grounds::DeniedOnce),
        }
    }

    fn resolution(self, link: Option<&Arc<Link>>, verdict: Verdict, grounds: Grounds) -> Resolution {
        let now_ms = self.chain.clock.now_ms();
        match link {
            None => Resolution { grounds, steps: self.steps, ..self.chain.unresolved() },
            Some(link) => {
                let terms = link.provider().terms(self.code);
                let fetched_ms = terms.embedded_ms.unwrap_or(now_ms);
                let source = link.provider().name();
                Resolution { verdict, source, terms, fetched_ms, grounds, steps: self.steps }
            }
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
