//! Where the view is kept, and the writes that are on their way to it. Knows the rules for the next view, and no member's mind.
use crate::mistake::Mistake;
use crate::play::Play;
use group::{Epoch, Proposal, View, Writer};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// A write under way: it may land at any time, or never, and nobody is told.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) proposal: Arc<Proposal>,
    pub(crate) by: By,
}

/// Who writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum By {
    Member,
    Controller,
}

/// The view's store.
#[derive(Clone)]
pub(crate) struct Store {
    /// What can still be read; the last is what it holds.
    pub(crate) views: Vec<Arc<View>>,
    pub(crate) missing: bool,
    pub(crate) puts: Vec<Put>,
    /// The highest view there ever was.
    pub(crate) highest: (Epoch, u64),
}

impl Store {
    pub(crate) fn new(view: View) -> Store {
        let highest = (view.epoch, view.version);
        Store { views: vec![Arc::new(view)], missing: false, puts: vec![], highest }
    }
    /// The newest view, though it may be missing.
    pub(crate) fn last(&self) -> &Arc<View> {
        self.views.last().expect("there is always one")
    }
    pub(crate) fn current(&self) -> Option<&Arc<View>> {
        (!self.missing).then(|| self.last())
    }
    /// V3: missing, or lower than it once was.
    pub(crate) fn is_lost(&self) -> bool {
        self.current().is_none_or(|view| (view.epoch, view.version) < self.highest)
    }
    pub(crate) fn ask(&mut self, put: Put) {
        if !self.puts.contains(&put) {
            self.puts.push(put);
        }
    }
    /// Whether this write may land now.
    pub(crate) fn takes(&self, put: &Put, play: &Play) -> bool {
        let Some(current) = self.current() else { return false };
        if play.mistake == Some(Mistake::WritesBlindly) {
            return put.proposal.next.version > put.proposal.base;
        }
        let writer = match put.by {
            By::Member => Writer::Member(current.primary.clone()),
            By::Controller => Writer::Controller,
        };
        let rules = current.admits(&put.proposal.next, &writer).is_ok();
        let broken = matches!(play.mistake, Some(Mistake::PromotesOutsider | Mistake::AddsToSet));
        put.proposal.base == current.version && (rules || broken)
    }
    pub(crate) fn write(&mut self, mut next: View, play: &Play) {
        if play.mistake == Some(Mistake::WritesBlindly) {
            next.version = next.version.max(self.last().version + 1);
        }
        self.highest = self.highest.max((next.epoch, next.version));
        let version = next.version;
        self.missing = false;
        self.views.push(Arc::new(next));
        if play.max.rollbacks == 0 && play.mistake != Some(Mistake::WritesBlindly) {
            self.puts.retain(|put| put.proposal.base >= version);
        }
    }
    /// Forgets views that nobody can read any more: all members have seen later ones.
    pub(crate) fn forget(&mut self, seen_by_all: u64, play: &Play) {
        if play.max.rollbacks > 0 {
            return;
        }
        let from = if play.stale_views { seen_by_all } else { u64::MAX };
        let last = self.last().version;
        self.views.retain(|view| view.version > from || view.version == last);
    }
    pub(crate) fn alike(&self, into: &mut impl Hasher) {
        let Store { views, missing, puts, highest } = self;
        (views, missing, highest).hash(into);
        // Their order tells nothing.
        let mut sum = 0_u64;
        for put in puts {
            let mut one = Xxh3::new();
            (put.proposal.base, &put.proposal.next, put.by).hash(&mut one);
            sum = sum.wrapping_add(one.finish());
        }
        sum.hash(into);
    }
}
