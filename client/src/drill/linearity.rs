//! Whether what clients saw of each order could have been seen of one single copy: whether the history is linearizable.
//! Judged order by order by Stateright's checker. Pure: no clocks, no sockets.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

use serde::Serialize;
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

/// Calls about one order that are judged together; the search could take for ever with many more at once.
const CALLS_MAX: usize = 32;
/// Of them such as were never answered: each may have happened at any time, or not at all.
const OPEN_MAX: usize = 6;
/// Steps of the search for one order, some tenths of a second. A history that needs more is not judged.
const STEPS_MAX: u64 = 20_000;

/// One call about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The order: histories of different orders are independent of one another.
    pub order: String,
    /// When it began, in µs of any clock that all callers share.
    pub begun_us: u64,
    /// When its answer was there; none if none came, so that it may have taken effect at any time since, or never.
    pub done_us: Option<u64>,
    /// What was asked for.
    pub asked: Asked,
    /// What was answered; of no account where nothing was.
    pub answered: Answered,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// That the order be there.
    Place,
    /// That it go on to its next version, in whatever way.
    Change,
    /// What it is.
    Look,
}

/// What a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// That the order has this version: made by this call, or looked at.
    Version(u64),
    /// That it is done. Of what version, the answer to a repeated call does not tell.
    Done,
    /// That there is no such order.
    Nothing,
    /// A no, and the order's version if it was told.
    Refused(Option<u64>),
}

/// What the history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// One copy could have answered all of it.
    Linearizable,
    /// No single copy could have answered it.
    Not,
    /// Too much happened to some order at once for an answer.
    Unknown,
}

/// The verdict on a whole history, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linearity {
    /// On all orders.
    pub verdict: Verdict,
    /// How many orders were judged.
    pub orders: usize,
    /// How many calls.
    pub calls: usize,
    /// How many of them were never answered.
    pub open: usize,
    /// Histories that are not linearizable, one order each, in words.
    pub not: Vec<String>,
    /// Orders on which there is no verdict.
    pub unknown: Vec<String>,
}

/// Judges calls in any order.
pub(crate) fn judge(calls: impl IntoIterator<Item = Call>) -> Linearity {
    let mut orders: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    for call in calls {
        orders.entry(call.order.clone()).or_default().push(call);
    }
    let all = || orders.values().flatten();
    let (calls, open) = (all().count(), all().filter(|call| call.done_us.is_none()).count());
    let (mut not, mut unknown) = (Vec::new(), Vec::new());
    for (order, calls) in &mut orders {
        calls.sort_by_key(|call| (call.begun_us, call.done_us));
        match judge_one(calls) {
            Verdict::Linearizable => {}
            Verdict::Not => not.push(format!("order {order}: {}", told(calls))),
            Verdict::Unknown => unknown.push(order.clone()),
        }
    }
    let verdict = match (not.is_empty(), unknown.is_empty()) {
        (false, _) => Verdict::Not,
        (true, false) => Verdict::Unknown,
        (true, true) => Verdict::Linearizable,
    };
    Linearity { verdict, orders: orders.len(), calls, open, not, unknown }
}

/// One order's calls, sorted by their beginnings.
fn judge_one(calls: &[Call]) -> Verdict {
    // A look that nobody saw tells nothing.
    let calls: Vec<&Call> = calls.iter().filter(|call| call.done_us.is_some() || call.asked != Asked::Look).collect();
    let open = calls.iter().filter(|call| call.done_us.is_none()).count();
    if calls.len() > CALLS_MAX || open > OPEN_MAX {
        return Verdict::Unknown;
    }
    let steps = Rc::new(Cell::new(0));
    let history = history(&calls, Copy { version: None, steps: Rc::clone(&steps) });
    match (history.is_consistent(), steps.get() > STEPS_MAX) {
        (true, _) => Verdict::Linearizable,
        (false, true) => Verdict::Unknown,
        (false, false) => Verdict::Not,
    }
}

/// The calls in the checker's words. Each is a client of its own: what one client does one after the other is told by the
/// times. What ends in the microsecond in which another begins counts as concurrent with it.
fn history(calls: &[&Call], copy: Copy) -> LinearizabilityTester<usize, Copy> {
    let begun = calls.iter().enumerate().map(|(client, call)| (call.begun_us, false, client));
    let done = calls.iter().enumerate().filter_map(|(client, call)| Some((call.done_us?, true, client)));
    let mut moments: Vec<(u64, bool, usize)> = begun.chain(done).collect();
    moments.sort_unstable();
    let mut history = LinearizabilityTester::new(copy);
    for (_, is_end, client) in moments {
        let call = calls[client];
        let said =
            if is_end { history.on_return(client, call.answered) } else { history.on_invoke(client, call.asked) };
        said.expect("every client calls once, and is answered after that");
    }
    history
}

/// A single copy of one order: what all the copies together must look like.
#[derive(Debug, Clone)]
struct Copy {
    /// None until it is placed.
    version: Option<u64>,
    steps: Rc<Cell<u64>>,
}

impl SequentialSpec for Copy {
    type Op = Asked;
    type Ret = Answered;

    /// What a call does that nobody heard of again.
    fn invoke(&mut self, asked: &Asked) -> Answered {
        self.version = match (asked, self.version) {
            (Asked::Place, None) => Some(1),
            (Asked::Change, Some(version)) => Some(version + 1),
            (_, version) => version,
        };
        Answered::Done
    }

    fn is_valid_step(&mut self, asked: &Asked, answered: &Answered) -> bool {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX {
            return false;
        }
        match (asked, *answered) {
            (Asked::Look, Answered::Version(seen)) => self.version == Some(seen),
            (Asked::Look, Answered::Done) => false,
            (Asked::Place | Asked::Change, Answered::Version(_) | Answered::Done) => {
                let before = self.version;
                self.invoke(asked);
                let is_made = self.version != before;
                is_made && (*answered == Answered::Done || *answered == Answered::Version(self.version.unwrap_or(0)))
            }
            (_, Answered::Nothing) => self.version.is_none(),
            (_, Answered::Refused(told)) => told.is_none_or(|told| self.version == Some(told)),
        }
    }
}

/// The history of an order in words.
fn told(calls: &[Call]) -> String {
    let mut text = String::new();
    for Call { begun_us, done_us, asked, answered, .. } in calls {
        let end = done_us.map_or("…".to_owned(), |us| us.to_string());
        let said = match (done_us, answered) {
            (None, _) => "no answer".to_owned(),
            (_, Answered::Version(version)) => format!("version {version}"),
            (_, Answered::Done) => "done".to_owned(),
            (_, Answered::Nothing) => "no such order".to_owned(),
            (_, Answered::Refused(None)) => "refused".to_owned(),
            (_, Answered::Refused(Some(version))) => format!("refused at version {version}"),
        };
        let word = match asked {
            Asked::Place => "place",
            Asked::Change => "change",
            Asked::Look => "look",
        };
        let between = if text.is_empty() { "" } else { "; " };
        write!(text, "{between}{word} {begun_us}–{end} µs: {said}").expect("a string takes all text");
    }
    text
}

#[cfg(test)]
#[path = "linearity_tests.rs"]
mod tests;
