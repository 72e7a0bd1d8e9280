//! What is said to an order once it is placed: one route for each command. Who may say it when is the book's business.
use crate::answer::Answered;
use crate::app::{App, now_ms};
use crate::body::{Json, Optional};
use crate::failure::Error;
use crate::limits;
use crate::steering::{Order, Segment, Steering};
use api::fingerprint;
use api::v1::asked::Reading;
use api::v1::command::{Accept, ByCourier, Cancel, Delay, Fail, HandOver, Nothing, Party, Redeliver, Reject};
use api::v1::error::{ErrorCode, Problem};
use api::v1::order::Order as Told;
use api::v1::paths;
use axum::extract::State;
use order::Command;
use order::OrderId;
use order::command::{Action, Destination, Step};
use order::stage::{Actor, Reason, Role};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const MINUTE_MS: u64 = 60_000;

/// One handler for each command: its path, its body, who says it, and what it means.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($read:ident($body:ident): $shape:ty, $app:ident, $order:ident) $meant:block)+) => {
        $(
            $(#[$doc])*
            #[utoipa::path(post, path = concat!("/v1/orders/{order}/", stringify!($name)), request_body = $shape,
                params(("order" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
                responses((status = 200, body = Told), (status = 403, body = Problem), (status = 404, body = Problem),
                (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem),
                (status = 503, body = Problem)))]
            async fn $name(
                State($app): State<App>,
                Order($order): Order,
                steering: Steering,
                $read($body): $read<$shape>,
            ) -> Answered {
                let keyed = fingerprint::of("POST", &paths::order_command(&$order.to_string(), stringify!($name)), &$body);
                let (actor, step): (Actor, Step) = $meant;
                submit(&$app, $order, &steering, keyed, actor, step).await
            }
        )+

        /// All commands with their description.
        pub(super) fn described() -> OpenApiRouter<App> {
            OpenApiRouter::new()$(.routes(routes!($name)))+.routes(routes!(unknown))
        }

        /// The commands by name.
        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

commands! {
    /// The restaurant will make it.
    accept(Optional(body): Accept, _app, _order) {
        let in_minutes = body.ready_in_minutes.map(|minutes| now_ms() + u64::from(minutes) * MINUTE_MS);
        (the(Role::Restaurant), Step::Accept { ready_by_ms: body.ready_by.map(|at| at.ms()).or(in_minutes) })
    }
    /// The restaurant will not make it.
    reject(Json(body): Reject, _app, _order) {
        let mut reading = Reading::default();
        let reason = reading.reason(&body.reason, "/reason");
        let items = body.items.iter().enumerate();
        let items = items.filter_map(|(place, item)| reading.slug(item, format!("/items/{place}"), "item_unknown")).collect();
        let reason = reading.done(reason).map_err(refused)?;
        (the(Role::Restaurant), Step::Reject { reason, items })
    }
    /// The kitchen begins.
    start(Optional(_body): Nothing, _app, _order) { (the(Role::Restaurant), Step::Start) }
    /// The food is made.
    ready(Optional(_body): Nothing, _app, _order) { (the(Role::Restaurant), Step::Ready) }
    /// It takes longer than promised.
    delay(Json(body): Delay, _app, _order) {
        (the(Role::Restaurant), Step::Delay { ready_by_ms: body.ready_by.ms() })
    }
    /// The customer fetches the food at the counter.
    hand_over(Optional(body): HandOver, _app, _order) {
        (the(Role::Restaurant), Step::HandOver { code: body.code.map(String::into_boxed_str) })
    }
    /// A courier takes the job.
    claim(Optional(body): ByCourier, _app, _order) { (courier(body.courier.as_deref().unwrap_or_default()), Step::Claim) }
    /// A courier is given the job.
    assign(Optional(body): ByCourier, _app, _order) {
        (the(Role::Restaurant), Step::Assign { courier: body.courier.unwrap_or_default().into() })
    }
    /// The job is open again.
    unassign(Optional(_body): Nothing, _app, _order) { (the(Role::Restaurant), Step::Unassign) }
    /// The courier is at the restaurant, or at the door.
    arrive(Optional(body): ByCourier, app, order) { (assigned(&app, order, body.courier).await?, Step::Arrive) }
    /// The courier takes the food.
    pick_up(Optional(body): ByCourier, app, order) { (assigned(&app, order, body.courier).await?, Step::PickUp) }
    /// The customer has the food.
    deliver(Optional(body): ByCourier, app, order) { (assigned(&app, order, body.courier).await?, Step::Deliver) }
    /// The food could not be handed over.
    fail(Json(body): Fail, app, order) {
        let mut reading = Reading::default();
        let reason = reading.reason(&body.reason, "/reason");
        let reason = reading.done(reason).map_err(refused)?;
        (assigned(&app, order, body.courier).await?, Step::Fail { reason })
    }
    /// Another attempt, perhaps elsewhere.
    redeliver(Optional(body): Redeliver, app, _order) {
        let deliver_to = match body.deliver_to {
            Some(address) => Some(Box::new(Destination {
                postcode: app.places.given(&address.postcode, limits::PLACE_TIME_OF_ORDERS).await,
                lines: address.lines.into_iter().map(String::into_boxed_str).collect(),
            })),
            None => None,
        };
        (the(Role::Customer), Step::Redeliver { deliver_to })
    }
    /// Calls the order off.
    cancel(Optional(body): Cancel, _app, _order) {
        let mut reading = Reading::default();
        let reason = match &body.reason {
            Some(text) => reading.reason(text, "/reason"),
            None => Some(Reason::Other),
        };
        let reason = reading.done(reason).map_err(refused)?;
        (the(body.by.unwrap_or(Party::Customer).into()), Step::Cancel { reason })
    }
}

/// Any other command.
#[utoipa::path(post, path = paths::ORDER_COMMAND, params(("order" = String, Path), ("command" = String, Path)),
    responses((status = 404, body = Problem)))]
async fn unknown(Segment(names): Segment<(String, String)>) -> Error {
    let (_, command) = names;
    let command: String = command.chars().take(40).collect();
    let detail = format!("an order has no command {command:?}; it has {}", NAMES.join(", "));
    Error::new(ErrorCode::CommandUnknown, detail).fact("commands", NAMES)
}

async fn submit(
    app: &App,
    order: OrderId,
    steering: &Steering,
    fingerprint: u128,
    actor: Actor,
    step: Step,
) -> Answered {
    let action = Action::Step { order, step };
    let keyed = Some(steering.keyed(fingerprint));
    app.submit(&Command { actor, keyed, if_match: steering.if_match(), action }).await
}

fn the(role: Role) -> Actor {
    Actor::guest(role)
}

fn courier(id: &str) -> Actor {
    Actor::named(Role::Courier, id)
}

/// The courier who says so; where nobody is named, the one who has the job. The book checks that it is still so.
async fn assigned(app: &App, order: OrderId, named: Option<String>) -> Result<Actor, Error> {
    match named {
        Some(id) => Ok(courier(&id)),
        None => Ok(courier(&app.courier_of(order).await?.unwrap_or_default())),
    }
}

fn refused(issues: Vec<api::v1::issue::Issue>) -> Error {
    Error::new(ErrorCode::CommandRefused, "it cannot be carried out as it is; `issues` says why").issues(issues)
}

#[cfg(test)]
mod tests {
    use super::*;
    use order::transitions::Verb;

    #[test]
    fn every_verb_that_people_use_has_a_route() {
        let by_people = |verb: &&Verb| ![Verb::Place, Verb::Release, Verb::Expire].contains(verb);
        for verb in Verb::ALL.iter().filter(by_people) {
            assert!(NAMES.contains(&verb.name()), "{}", verb.name());
        }
    }
}
