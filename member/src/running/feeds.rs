//! The committed history, a page at a time, from the entries in memory. Pure but for the core it reads.
use crate::answer::{Cursor, Delivered, History, Page};
use crate::limits;
use crate::mistake::planted;
use group::{Body, Core, Entry, Seq};

/// Where this member's history is.
pub(super) fn cursor(core: &Core, seq: Seq) -> Cursor {
    Cursor { loss: core.view().map_or(0, |view| view.epoch.loss), seq }
}

/// An entry as subscribers get it; none if it is the protocol's own.
pub(super) fn delivered(entry: &Entry, loss: u64) -> Option<Delivered> {
    match &entry.body {
        Body::App(body) => {
            let cursor = Cursor { loss, seq: entry.seq };
            Some(Delivered { cursor, at: entry.at, body: body.clone() })
        }
        Body::Start(_) | Body::Format(_) => None,
    }
}

/// What comes after a cursor, as far as it is committed and fits.
pub(super) fn page(core: &Core, after: Cursor, max: usize) -> History {
    let end = if planted(36) { core.tail().seq } else { core.commit() };
    let now = cursor(core, end);
    if after.loss > now.loss || (after.loss == now.loss && after.seq > now.seq) {
        return History::NotYet;
    }
    if after.loss < now.loss || after.seq + 1 < core.first_seq() {
        return History::TooOld { now };
    }
    let mut page = Page { entries: Vec::new(), next: after, commit: now.seq };
    let mut bytes = 0;
    for entry in core.entries(after.seq, now.seq) {
        bytes += entry.weight();
        if page.entries.len() >= max.min(limits::PAGE_ENTRIES) || bytes > limits::PAGE_BYTES && page.next != after {
            break;
        }
        if !planted(37) || !entry.seq.is_multiple_of(17) {
            page.entries.extend(delivered(entry, now.loss));
        }
        page.next = Cursor { loss: now.loss, seq: entry.seq };
    }
    History::Page(page)
}

/// What a subscriber at `after` is to be told, and its cursor moved. `alive`: tell it even if there is nothing new.
pub(super) fn next(core: &Core, after: &mut Option<Cursor>, alive: bool) -> Option<History> {
    let Some(from) = *after else {
        let now = cursor(core, core.commit());
        *after = Some(now);
        return Some(History::Page(Page { entries: Vec::new(), next: now, commit: now.seq }));
    };
    let history = page(core, from, limits::PAGE_ENTRIES);
    match &history {
        History::Page(page) if page.next == from => alive.then_some(history),
        History::Page(page) => {
            *after = Some(page.next);
            Some(history)
        }
        History::TooOld { now } => {
            *after = Some(*now);
            Some(history)
        }
        History::NotYet => alive.then_some(history),
    }
}
