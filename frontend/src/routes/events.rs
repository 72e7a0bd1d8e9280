//! Server-sent events: the framing of what a subscriber is told. Where events come from is not known here.
use crate::answer::Answered;
use crate::app::App;
use crate::failure::Error;
use crate::follow::Wish;
use crate::headers::LAST_EVENT_ID;
use crate::limits;
use crate::steering::{Order, Search};
use crate::subscribe::{Lost, Told, subscribe};
use api::v1::error::{ErrorCode, Problem};
use api::v1::event::{self, OrderEvent, Reset};
use api::v1::paths;
use api::v1::time::Timestamp;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use bytes::Bytes;
use futures_util::{StreamExt, future};
use member::Cursor;
use serde::Deserialize;
use std::convert::Infallible;
use std::fmt::Write;
use utoipa::IntoParams;

/// From where, and what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// The cursor to go on from: an event's id, or the `JH-Cursor` of an answer. `Last-Event-ID` goes before it.
    after: Option<String>,
    /// Only this restaurant's orders.
    restaurant: Option<String>,
}

/// The same for one order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FromHere {
    /// The cursor to go on from: an event's id, or the `JH-Cursor` of an answer. `Last-Event-ID` goes before it.
    after: Option<String>,
}

/// One order's events as they happen. Resume with the last `id` at any front end: nothing is lost, nothing comes twice.
#[utoipa::path(get, path = paths::ORDER_EVENTS, params(("order" = String, Path), FromHere), responses(
    (status = 200, content_type = "text/event-stream", body = OrderEvent), (status = 400, body = Problem)))]
pub(super) async fn of_order(
    State(app): State<App>,
    Order(id): Order,
    Search(from): Search<FromHere>,
    headers: HeaderMap,
) -> Answered {
    stream(&app, Wish::Order(id), cursor(&headers, from.after.as_deref())?)
}

/// All events as they happen. Resume with the last `id` at any front end: nothing is lost, nothing comes twice.
#[utoipa::path(get, path = paths::EVENTS, params(From), responses(
    (status = 200, content_type = "text/event-stream", body = OrderEvent), (status = 400, body = Problem)))]
pub(super) async fn all(State(app): State<App>, Search(from): Search<From>, headers: HeaderMap) -> Answered {
    let after = cursor(&headers, from.after.as_deref())?;
    let wish = match from.restaurant {
        Some(restaurant) => Wish::Restaurant(super::restaurants::number(&app, restaurant).await?),
        None => Wish::All,
    };
    stream(&app, wish, after)
}

/// Where to go on from. An empty `Last-Event-ID` is what browsers send before their first event.
fn cursor(headers: &HeaderMap, after: Option<&str>) -> Result<Option<Cursor>, Error> {
    let last = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("\n"));
    let text = last.filter(|text| !text.is_empty()).or(after.filter(|text| !text.is_empty()));
    let not_ours =
        |_| Error::new(ErrorCode::CursorInvalid, "use an event's id or the JH-Cursor of an answer, unchanged");
    text.map(|text| text.parse().map_err(not_ours)).transpose()
}

fn stream(app: &App, wish: Wish, after: Option<Cursor>) -> Answered {
    if app.follower.listeners() >= limits::SUBSCRIBERS {
        return Err(Error::new(ErrorCode::Overloaded, "as many listen as may; another front end has room"));
    }
    let mut stopping = app.stopping.clone();
    let stopped = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
    let told = subscribe(app.cluster.clone(), app.follower.clone(), wish, after);
    // The first bytes go out at once, so that the caller knows that it is connected.
    let opening = future::ready(Bytes::from_static(b"retry: 250\n\n"));
    let frames = futures_util::stream::once(opening).chain(told.map(|told| frames(&told)));
    let body = frames.take_until(Box::pin(stopped)).map(Ok::<Bytes, Infallible>);
    let mut response = Response::new(Body::from_stream(Box::pin(body)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Some proxies would keep events back until a buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What is told, in the framing of server-sent events.
fn frames(told: &Told) -> Bytes {
    let mut text = String::new();
    match told {
        Told::Nothing(cursor) => frame(&mut text, cursor, None),
        Told::Reset(cursor, lost) => {
            let reason = match lost {
                Lost::TooOld => "too_old",
                Lost::OtherHistory => "other_history",
            };
            let data = serde_json::to_string(&Reset { reason: reason.to_owned() }).expect("a word");
            frame(&mut text, cursor, Some((event::RESET, &data)));
        }
        Told::Events(events) => {
            for (cursor, event) in events {
                let data = OrderEvent {
                    order: event.order.to_string(),
                    version: u64::from(event.version),
                    stage: event.stage.into(),
                    at: Timestamp::from_ms(event.at_ms),
                    event: event.kind.name().to_owned(),
                };
                let data = serde_json::to_string(&data).expect("words and numbers");
                frame(&mut text, cursor, Some((event::ORDER, &data)));
            }
        }
    }
    Bytes::from(text)
}

fn frame(text: &mut String, cursor: &Cursor, event: Option<(&str, &str)>) {
    let event = event.map_or(String::new(), |(name, data)| format!("event: {name}\ndata: {data}\n"));
    write!(text, "id: {cursor}\n{event}\n").expect("writing to a string never fails");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keep_alive_is_an_id_alone() {
        assert_eq!(frames(&Told::Nothing(Cursor { loss: 0, seq: 7 })), "id: 0-7\n\n");
        let reset = frames(&Told::Reset(Cursor { loss: 1, seq: 7 }, Lost::OtherHistory));
        assert_eq!(reset, "id: 1-7\nevent: reset\ndata: {\"reason\":\"other_history\"}\n\n");
    }

    #[test]
    fn the_header_goes_before_the_parameter_and_nonsense_is_refused() {
        let with = |text: &'static str| HeaderMap::from_iter([(LAST_EVENT_ID, HeaderValue::from_static(text))]);
        assert_eq!(cursor(&with("0-9"), Some("0-3")).unwrap(), Some(Cursor { loss: 0, seq: 9 }));
        assert_eq!(cursor(&with(""), Some("0-3")).unwrap(), Some(Cursor { loss: 0, seq: 3 }));
        assert_eq!(cursor(&HeaderMap::new(), None).unwrap(), None);
        for wrong in ["9", "0-", "-1", "0--1", "0-99999999999999999999", "a-b"] {
            assert_eq!(cursor(&HeaderMap::new(), Some(wrong)).unwrap_err().problem().code, "cursor_invalid");
        }
    }
}
