//! Dealing with an order that is placed: what is sent, and what an answer tells of the order. Pure; knows the API's words.

use api::v1::paths;
use serde::Deserialize;

use super::linearity::{Answered, Asked};
use crate::api_client::new_key;

/// What every answer about an order tells, a refusal of a command too.
#[derive(Deserialize)]
struct Told {
    version: u64,
}

/// The whole request: a look, or a command with a key of its own.
pub(super) fn request(authority: &str, id: &str, asked: Asked, command: &str) -> String {
    if asked == Asked::Look {
        return format!("GET {}/{id} HTTP/1.1\r\nHost: {authority}\r\n\r\n", paths::ORDERS);
    }
    let (path, key) = (paths::order_command(id, command), new_key());
    format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\n\
         Content-Length: 2\r\n\r\n{{}}"
    )
}

/// What an answer means; None if the call must be repeated. The answer to a repeated command may tell of a later version
/// than the one that it made.
pub(super) fn read(status: u16, body: &[u8], asked: Asked, is_first: bool) -> Option<Answered> {
    let version = serde_json::from_slice::<Told>(body).ok().map(|told| told.version);
    match (status, asked, version) {
        (200, Asked::Look, version) => version.map(Answered::Version),
        (200, _, Some(version)) if is_first => Some(Answered::Version(version)),
        (200, ..) => Some(Answered::Done),
        (404 | 410, ..) => Some(Answered::Nothing),
        // A repeated command is refused for what its first attempt found, or for what has become of the order since.
        (409, _, version) => Some(Answered::Refused(version.filter(|_| is_first))),
        (400..429, ..) => Some(Answered::Refused(None)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_has_no_body_and_a_command_has_a_key_of_its_own() {
        assert_eq!(request("h:1", "X", Asked::Look, ""), "GET /v1/orders/X HTTP/1.1\r\nHost: h:1\r\n\r\n");
        let (one, other) = (request("h:1", "X", Asked::Change, "accept"), request("h:1", "X", Asked::Change, "accept"));
        assert!(one.starts_with("POST /v1/orders/X/accept HTTP/1.1\r\n") && one.ends_with("\r\n\r\n{}"), "{one}");
        assert_ne!(one, other);
    }

    #[test]
    fn answers_tell_a_version_where_it_is_certain() {
        let order = br#"{"id":"X","version":2,"stage":"accepted"}"#;
        let refused = br#"{"code":"wrong_stage","stage":"cancelled","version":3,"allowed":[]}"#;
        assert_eq!(read(200, order, Asked::Look, false), Some(Answered::Version(2)));
        assert_eq!(read(200, order, Asked::Change, true), Some(Answered::Version(2)));
        assert_eq!(read(200, order, Asked::Change, false), Some(Answered::Done));
        assert_eq!(read(409, refused, Asked::Change, true), Some(Answered::Refused(Some(3))));
        assert_eq!(read(409, refused, Asked::Change, false), Some(Answered::Refused(None)));
        assert_eq!(read(404, b"{}", Asked::Look, true), Some(Answered::Nothing));
        assert_eq!(read(422, b"{}", Asked::Change, true), Some(Answered::Refused(None)));
        assert_eq!([429, 500, 503].map(|status| read(status, b"{}", Asked::Look, true)), [None; 3]);
        assert_eq!(read(200, b"{}", Asked::Look, true), None, "a look that shows nothing");
    }
}
