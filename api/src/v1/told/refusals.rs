//! Why a command changed nothing, as told: one row for each refusal of the domain.
use crate::v1::error::{ErrorCode, Problem};
use crate::v1::issue::Issue;
use crate::v1::order::Stage;
use crate::v1::time::Timestamp;
use order::command::Action;
use order::reply::{Bound, Refusal};
use order::transitions::Verb;

/// The problem that a caller is told of, who asked for this action (none: asked a question).
pub fn refusal(refusal: &Refusal, action: Option<&Action>) -> Problem {
    match refusal {
        Refusal::Issues(found) => {
            Problem::new(issues_code(action, found), summary(found)).issues(found.iter().map(Issue::from).collect())
        }
        Refusal::NoOrder(id) => Problem::new(ErrorCode::OrderUnknown, format!("no order has the id {id}")),
        Refusal::NoRestaurant(slug) => {
            let detail = format!("no restaurant is called {slug}; GET /v1/restaurants lists them");
            Problem::new(ErrorCode::RestaurantUnknown, detail)
        }
        Refusal::Forbidden { verb, who } => {
            let who: Vec<&str> = who.iter().map(|role| role.name()).collect();
            let what = verb.map_or("do this", Verb::name);
            Problem::new(ErrorCode::NotAllowed, format!("only {} may {what}", who.join(" or "))).fact("who", who)
        }
        Refusal::Conflict { stage, version, allowed, why } => {
            let allowed: Vec<&str> = allowed.iter().map(|verb| verb.name()).collect();
            Problem::new(ErrorCode::WrongStage, format!("{}: it is {}", why.text(), stage.name()))
                .fact("stage", serde_json::json!(Stage::from(*stage)))
                .fact("version", *version)
                .fact("allowed", allowed)
        }
        Refusal::PreconditionFailed { version } => {
            let detail = format!("If-Match names another version than {version}; read it again and decide again");
            Problem::new(ErrorCode::VersionMismatch, detail).fact("version", *version)
        }
        Refusal::KeyRequired => Problem::new(ErrorCode::KeyRequired, "send the header Idempotency-Key"),
        Refusal::KeyReused => Problem::new(
            ErrorCode::KeyReused,
            "this key came with another body before; use a new key for a new request",
        ),
        Refusal::KeyExpired { made_at_ms } => {
            let made_at = Timestamp::from_ms(*made_at_ms).to_string();
            let detail =
                "it may have been executed and forgotten: look whether the order is there before you use a new key";
            Problem::new(ErrorCode::KeyExpired, detail).fact("made_at", made_at)
        }
        Refusal::Busy(bound) => busy(*bound),
    }
}

fn busy(bound: Bound) -> Problem {
    let code = match bound {
        Bound::Keys | Bound::Orders => ErrorCode::KeysFull,
        Bound::Restaurants | Bound::MenuRevisions => ErrorCode::Overloaded,
    };
    Problem::new(code, format!("as many {} are held as there may be; nothing was executed", bound.text()))
}

fn summary(found: &[order::issue::Issue]) -> String {
    match found {
        [] => "it cannot be taken as it is".to_owned(),
        [one] => one.problem.remedy(),
        many => format!("{} things stand in the way; `issues` has each with its remedy", many.len()),
    }
}

/// What the code is when a request's content is wrong.
fn issues_code(action: Option<&Action>, found: &[order::issue::Issue]) -> ErrorCode {
    match action {
        Some(Action::Place(_)) => ErrorCode::OrderRefused,
        Some(Action::PutMenu { .. }) => ErrorCode::MenuRefused,
        // The path names the item: one that is not on the menu is nowhere.
        Some(Action::SetAvailability { .. }) if found.iter().any(|issue| issue.code() == "item_unknown") => {
            ErrorCode::ItemUnknown
        }
        _ => ErrorCode::CommandRefused,
    }
}
