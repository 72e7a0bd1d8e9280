//! The one view object: compare-and-swap, with writes that land late or never. Knows the rules of `View::admits` and no member.
use group::{Proposal, View, Writer};

pub(crate) struct Store {
    pub(crate) view: View,
    pub(crate) history: Vec<View>,
}

impl Store {
    pub(crate) fn new(view: View) -> Store {
        Store { history: vec![view.clone()], view }
    }
    /// Lands a write: only on its base, and only if the rules allow it.
    pub(crate) fn swap(&mut self, proposal: Proposal, writer: &Writer) -> bool {
        if proposal.base != self.view.version {
            return false;
        }
        if let Err(refusal) = self.view.admits(&proposal.next, writer) {
            panic!(
                "{writer:?} proposed what is not allowed: {refusal}\n from {:?}\n to {:?}",
                self.view, proposal.next
            );
        }
        self.view = proposal.next;
        self.history.push(self.view.clone());
        true
    }
}
