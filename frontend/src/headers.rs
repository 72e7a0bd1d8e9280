//! The headers that steer a request: Idempotency-Key, If-Match, If-None-Match, Last-Event-ID. Knows their forms, not what follows.
use crate::failure::Error;
use api::v1::error::ErrorCode;
use axum::http::{HeaderMap, HeaderName, header};
use order::key::Key;

/// The header that makes repeating safe.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is the one given before.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// From where to subscribe without a gap.
pub const JH_CURSOR: HeaderName = HeaderName::from_static("jh-cursor");
/// How new the state was that a read was answered from: `strong`, `eventual` or `unsettled`.
pub const JH_FRESHNESS: HeaderName = HeaderName::from_static("jh-freshness");
/// Where a subscriber left off.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The caller's key, if one was sent. Bare, or quoted as a structured field's string.
///
/// # Errors
/// It is too short, too long, sent twice, or has other characters than visible ASCII.
pub fn key(headers: &HeaderMap) -> Result<Option<Key>, Error> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = |what: &str| Error::new(ErrorCode::KeyInvalid, format!("{what}; a UUID (version 7) is a good key"));
    if values.next().is_some() {
        return Err(wrong("the header Idempotency-Key was sent more than once"));
    }
    let text = value.to_str().unwrap_or("\n");
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    Key::parse(text).map(Some).map_err(|_| wrong("give 16 to 128 visible ASCII characters"))
}

/// The version that `If-Match` names, if it is there and not `*`.
///
/// # Errors
/// It is not one strong tag as an `ETag` of ours has it.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u32>, Error> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let digits = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
    // A menu's tag has a mark behind its revision while something is not to be had.
    let digits = digits.split('-').next().unwrap_or_default();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(version) if plain => Ok(Some(version)),
        _ => Err(Error::new(ErrorCode::InvalidHeader, "If-Match must be the ETag that you read, like \"3\"")
            .fact("header", "If-Match")),
    }
}

/// Whether `If-None-Match` names this tag.
pub fn has_not_changed(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == tag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: HeaderName, value: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_bytes(value).unwrap())])
    }

    #[test]
    fn a_key_has_16_to_128_visible_characters() {
        let read = |value: &[u8]| key(&with(IDEMPOTENCY_KEY, value)).map_err(|error| error.problem().code.to_string());
        assert_eq!(read(b"0123456789abcdef"), Ok(Some(Key::parse("0123456789abcdef").unwrap())));
        assert_eq!(read(b"\"0123456789abcdef\""), Ok(Some(Key::parse("0123456789abcdef").unwrap())));
        for wrong in [
            &b""[..],
            b"short",
            &[b'x'; 129],
            b"0123456789 abcdef",
            "0123456789abcdé".as_bytes(),
            b"\xff0123456789abcdef",
        ] {
            assert_eq!(read(wrong), Err("idempotency_key_invalid".to_owned()));
        }
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn if_match_is_a_tag_of_ours() {
        let read = |value: &[u8]| if_match(&with(header::IF_MATCH, value)).map_err(|error| error.problem().status);
        assert_eq!(read(b"\"3\""), Ok(Some(3)));
        assert_eq!(read(b"\"3-00ab\""), Ok(Some(3)));
        assert_eq!(read(b"*"), Ok(None));
        for wrong in [&b"3"[..], b"W/\"3\"", b"\"\"", b"\"+3\"", b"\"3\", \"4\"", b"\"99999999999999999999\"", b"\xff"]
        {
            assert_eq!(read(wrong), Err(400), "{}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn any_of_several_tags_may_match() {
        assert!(has_not_changed(&with(header::IF_NONE_MATCH, b"\"1\", W/\"2\""), "\"2\""));
        assert!(!has_not_changed(&with(header::IF_NONE_MATCH, b"\"1\""), "\"2\""));
    }
}
