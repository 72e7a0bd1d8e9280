//! A front end or a controller that is played: what it asks and what it is told, as the wire has it. Knows no rule that is tested.
//! It writes the wire's order out a second time on purpose: whoever moves a variant there breaks other versions, and fails here.
use crate::hand::ByHand;
use crate::obliging::Obliging;
use bytes::Bytes;
use group::{Epoch, Fence, Pod, Status, View};
use member::{Answer, Consistency, Cursor, Driven, Hand, History, Rejection, Report};
use serde::{Deserialize, Serialize};

/// The number of what nobody asked for.
pub(crate) const UNASKED: u64 = 0;

/// What may be asked. The order is the wire's.
#[derive(Serialize)]
pub(crate) enum Request {
    Submit(Bytes),
    Read(Consistency, Bytes),
    Report,
    Log { after: Cursor, max: u32 },
    Subscribe { after: Option<Cursor> },
    Unsubscribe { number: u64 },
    HandOver { to: Pod, epoch: Epoch },
    PushView(View),
    Ping,
    Fence(Fence),
}

/// What may be told. The order is the wire's.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(crate) enum Told {
    Answer(Answer),
    Rejected(Rejection),
    Report(Box<Report>),
    Status(Box<Status>),
    History(History),
    Noted,
    View(View),
    Serving(Epoch),
    Draining(Epoch),
    NotPrimary { epoch: Epoch, primary: Option<Pod> },
    Pong,
}

/// One end of a connection to a member, in the caller's hand.
pub(crate) struct Caller {
    connection: u64,
    hand: Hand,
}

impl Caller {
    pub(crate) fn front_end(of: &mut ByHand, connection: u64) -> Caller {
        Caller::connected(of, connection, false)
    }
    /// A front end that has taken what it is told first.
    pub(crate) fn greeted(of: &mut ByHand, connection: u64) -> Caller {
        let caller = Caller::front_end(of, connection);
        caller.takes();
        caller
    }
    pub(crate) fn controller(of: &mut ByHand, connection: u64) -> Caller {
        Caller::connected(of, connection, true)
    }
    fn connected(of: &mut ByHand, connection: u64, controller: bool) -> Caller {
        let mut hand = None;
        of.turn(|driven| hand = Some(driven.client_up(connection, controller)));
        Caller { connection, hand: hand.unwrap() }
    }

    /// Asks this in a turn of its own.
    pub(crate) fn asks(&self, of: &mut ByHand, number: u64, request: Request) {
        self.asks_all(of, [(number, request)]);
    }
    /// Asks all of this in one turn.
    pub(crate) fn asks_all(&self, of: &mut ByHand, requests: impl IntoIterator<Item = (u64, Request)>) {
        of.turn(|driven| self.says(driven, requests));
    }
    /// Asks all of this in the turn that is under way.
    pub(crate) fn says(&self, driven: &mut Driven<Obliging>, requests: impl IntoIterator<Item = (u64, Request)>) {
        let frames: Vec<u8> = requests.into_iter().flat_map(|request| frame(&request)).collect();
        driven.requests(self.connection, &frames).unwrap();
    }
    /// What it was told since it last listened.
    pub(crate) fn hears(&self) -> Vec<(u64, Told)> {
        frames(&self.hand.take().expect("the connection is open"))
    }
    /// The same, of its subscriptions.
    pub(crate) fn reads(&self) -> Vec<(u64, History)> {
        let history = |(number, told)| if let Told::History(history) = told { Some((number, history)) } else { None };
        self.hears().into_iter().filter_map(history).collect()
    }
    /// How often it was told how the member is, and how that was at last.
    pub(crate) fn sees(&self) -> (usize, Option<Status>) {
        let status = |(number, told)| match told {
            Told::Status(status) if number == UNASKED => Some(*status),
            _ => None,
        };
        let all: Vec<Status> = self.hears().into_iter().filter_map(status).collect();
        (all.len(), all.into_iter().next_back())
    }
    /// How many bytes wait for it, which it takes unread.
    pub(crate) fn takes(&self) -> usize {
        self.hand.take().expect("the connection is open").len()
    }
    /// Whether the connection has ended, and all that was told before is out.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.hand.take().is_none()
    }
}

fn frame(request: &(u64, Request)) -> Vec<u8> {
    let body = postcard::to_stdvec(request).unwrap();
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_le_bytes()[..], &body].concat()
}
fn frames(mut said: &[u8]) -> Vec<(u64, Told)> {
    let mut frames = vec![];
    while let Some((length, more)) = said.split_first_chunk::<4>() {
        let (body, others) = more.split_at(u32::from_le_bytes(*length) as usize);
        frames.push(postcard::from_bytes(body).unwrap());
        said = others;
    }
    frames
}
