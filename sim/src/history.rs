//! What clients asked and were told, and whether one order of all of it explains every answer (linearizability, one order book record at a
//! time). Knows versions, not stages.
//!
//! Every change of an order raises its version by one, so the versions told are themselves the order that must explain everything, and
//! no search is needed: each change has a version of its own, and nothing that began after an answer may be older than that answer.

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// It made this version.
    Made(u32),
    /// It changed nothing, and showed this version.
    Showed(u32),
    /// It showed that there is no such order.
    Absent,
    /// It was answered, and the answer shows no version.
    Nothing,
}

macro_rules! answers {
    ($($name:ident $text:literal,)*) => {
        /// A kind of answer, for the ledger.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Heard { $(#[doc = $text] $name,)* }
        impl Heard {
            /// All kinds.
            pub const ALL: &'static [Heard] = &[$(Heard::$name,)*];
        }
    };
}

answers! {
    Begun "a restaurant or its menu was set up",
    Placed "an order was placed",
    PlacedBefore "an order was placed by an earlier sending of the same request",
    Changed "an order was changed",
    ChangedBefore "an order was changed by an earlier sending of the same request",
    Refused "a change was refused",
    Shown "an order was shown",
    ShownPerhapsOld "an order was shown by any copy",
    Unsettled "an order was shown as it is not committed yet",
    Page "a page of the history was shown",
    NoPage "there is nothing to show of the history",
}

/// A request about one order: when it was first sent, when it was answered, and with what. Not answered: its outcome is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// When it was first sent.
    pub sent: u64,
    /// When its answer came, and the answer.
    pub answer: Option<(u64, Told)>,
    /// Any copy may answer, so the answer may be old.
    pub eventual: bool,
}

/// Looks for an answer that no order of these requests explains.
///
/// # Errors
/// Which answers contradict each other, in words.
pub fn explain(requests: &[Request]) -> Result<(), String> {
    let mut answers: Vec<(u64, u64, Told, bool)> = requests
        .iter()
        .filter_map(|request| request.answer.map(|(at, told)| (request.sent, at, told, request.eventual)))
        .collect();
    answers.sort_by_key(|(sent, at, ..)| (*sent, *at));
    let mut made: Vec<u32> = answers
        .iter()
        .filter_map(|(_, _, told, _)| if let Told::Made(version) = told { Some(*version) } else { None })
        .collect();
    made.sort_unstable();
    if let Some(twice) = made.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two requests made version {}", twice[0]));
    }
    for (sent, _, told, eventual) in &answers {
        let before = answers.iter().filter(|(_, at, _, late)| at < sent && !late);
        let floor = before.filter_map(|(_, _, told, _)| version(*told)).max().unwrap_or(0);
        let wrong = match told {
            Told::Made(version) => *version <= floor,
            Told::Showed(version) => !eventual && *version < floor,
            Told::Absent => !eventual && floor > 0,
            Told::Nothing => false,
        };
        if wrong {
            return Err(format!("a request sent at {sent} µs was told {told:?} after version {floor} had been told"));
        }
    }
    for (_, at, told, _) in &answers {
        let maker = |made: &&(u64, u64, Told, bool)| version(*told).is_some_and(|shown| made.2 == Told::Made(shown));
        if let Some((sent, ..)) = answers.iter().find(maker).filter(|(sent, ..)| sent > at) {
            return Err(format!("{told:?} was told at {at} µs, before the request that made it was sent at {sent} µs"));
        }
    }
    Ok(())
}

fn version(told: Told) -> Option<u32> {
    match told {
        Told::Made(version) | Told::Showed(version) => Some(version),
        Told::Absent | Told::Nothing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(sent: u64, at: u64, told: Told) -> Request {
        Request { sent, answer: Some((at, told)), eventual: false }
    }

    #[test]
    fn overlapping_requests_may_be_answered_either_way() {
        let placed = request(0, 10, Told::Made(1));
        assert!(explain(&[placed, request(5, 6, Told::Absent), request(5, 6, Told::Showed(1))]).is_ok());
        let open = Request { sent: 11, answer: None, eventual: false };
        assert!(explain(&[placed, open, request(12, 13, Told::Showed(2)), request(14, 15, Told::Showed(2))]).is_ok());
    }

    #[test]
    fn what_no_order_explains_is_found() {
        let placed = request(0, 10, Told::Made(1));
        let stale = [placed, request(11, 20, Told::Made(2)), request(21, 30, Told::Showed(1))];
        assert!(explain(&stale).unwrap_err().contains("after version 2"));
        assert!(explain(&[placed, request(11, 12, Told::Absent)]).is_err());
        assert!(explain(&[placed, request(11, 20, Told::Made(2)), request(12, 21, Told::Made(2))]).is_err());
        assert!(explain(&[placed, request(11, 12, Told::Showed(2)), request(13, 14, Told::Made(2))]).is_err());
        let flicker = [
            placed,
            request(11, 30, Told::Made(2)),
            request(12, 13, Told::Showed(2)),
            request(14, 15, Told::Showed(1)),
        ];
        assert!(explain(&flicker).is_err());
    }

    #[test]
    fn an_eventual_read_may_be_old_but_not_early() {
        let placed = request(0, 10, Told::Made(1));
        let eventual = |sent, at, told| Request { eventual: true, ..request(sent, at, told) };
        assert!(explain(&[placed, eventual(11, 12, Told::Absent)]).is_ok());
        assert!(explain(&[placed, eventual(11, 12, Told::Showed(2)), request(13, 14, Told::Made(2))]).is_err());
    }
}
