//! The place where the view is kept: one object, changed only by compare-and-swap, and the writes still under way to it.
use crate::names;
use group::{Proposal, View, Writer};
use std::collections::BTreeMap;

/// The stored view, those before it, and what may still land.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) view: Option<View>,
    pub(crate) history: BTreeMap<u64, View>,
    under_way: Vec<(String, Proposal)>,
}

impl Store {
    /// The first view, or one that nobody should have been able to write.
    pub(crate) fn put(&mut self, view: View) {
        self.history.insert(view.version, view.clone());
        self.view = Some(view);
    }
    /// A write by someone; says what became of it.
    pub(crate) fn write(&mut self, next: View, base: u64, writer: &Writer) -> String {
        let Some(view) = &self.view else { return "store: refuses, there is no view".into() };
        if view.version != base {
            return format!("store: refuses v{}, it holds v{}", next.version, view.version);
        }
        if let Err(refusal) = view.admits(&next, writer) {
            return format!("store: refuses v{}: {refusal}", next.version);
        }
        let said = format!("store: {}", names::view(&next));
        self.put(next);
        said
    }
    /// The same write sent again while it is under way is one write.
    pub(crate) fn send(&mut self, by: &str, proposal: Proposal) {
        let write = (by.to_string(), proposal);
        if !self.under_way.contains(&write) {
            self.under_way.push(write);
        }
    }
    /// The oldest write under way of this member.
    pub(crate) fn take(&mut self, by: &str) -> Option<Proposal> {
        let first = self.under_way.iter().position(|(writer, _)| writer == by)?;
        Some(self.under_way.remove(first).1)
    }
    pub(crate) fn land(&mut self, by: &str) -> String {
        let Some(Proposal { base, next }) = self.take(by) else {
            return format!("store: nothing of {by} is under way");
        };
        self.write(next, base, &Writer::Member(by.into()))
    }
}
