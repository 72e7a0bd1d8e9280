//! The book's end of the conversation: bytes in, what changes and bytes out. Decides nothing: `order` does.
use crate::cluster::{self, Found, Json, Reply as Told};
use crate::v1::error::{ErrorCode, Problem};
use crate::v1::order::Order;
use crate::v1::told;
use crate::wire::Garbled;
use order::command::{Action, Command};
use order::delta::Delta;
use order::reply::Reply;
use order::state::State;

/// Executes a command on the state as it is, at a time of the log (ms since 1970): what it changes, and the answer.
pub fn execute(state: &State, at_ms: u64, command: &[u8]) -> (Option<Delta>, Vec<u8>) {
    let command: Command = match cluster::command_from_bytes(command) {
        Ok(command) => command,
        Err(garbled) => return (None, cluster::reply_to_bytes(&Told::Refused(Json::of(&unreadable(&garbled))))),
    };
    let (delta, reply) = state.execute(at_ms, &command);
    (delta, cluster::reply_to_bytes(&tell(at_ms, &command.action, &reply)))
}

/// Answers a question to the state at a time of the log (ms since 1970).
pub fn answer(state: &State, at_ms: u64, query: &[u8]) -> Vec<u8> {
    let found = match cluster::query_from_bytes(query) {
        Ok(query) => super::answers::answer(state, at_ms, &query),
        Err(garbled) => Found::Refused(Json::of(&unreadable(&garbled))),
    };
    cluster::found_to_bytes(&found)
}

/// What the domain replied, as it travels.
fn tell(at_ms: u64, action: &Action, reply: &Reply) -> Told {
    match reply {
        Reply::Placed { order, replayed } | Reply::Moved { order, replayed, .. } => Told::Order {
            id: order.order.id,
            version: order.version(),
            placed: matches!(reply, Reply::Placed { .. }),
            replayed: *replayed,
            json: Json::of(&Order::from(order)),
        },
        Reply::Restaurant { restaurant, created, replayed } => Told::Restaurant {
            version: if matches!(action, Action::PutMenu { .. }) {
                restaurant.menu_revision
            } else {
                restaurant.version
            },
            created: *created,
            replayed: *replayed,
            json: Json::of(&told::restaurant(restaurant, at_ms)),
        },
        Reply::Done => Told::Done,
        Reply::Refused(refusal) => Told::Refused(Json::of(&told::refusal(refusal, Some(action)))),
    }
}

/// A front end of another build said something that this one cannot read.
fn unreadable(garbled: &Garbled) -> Problem {
    let detail = format!("the replica could not read the request: {garbled}; nothing was executed");
    Problem::new(ErrorCode::NotExecuted, detail)
}
