//! The door of a service that gives tokens: who gets one, and who is turned away. Knows OneMap's words; no place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Stage;
use super::shapes::Shape;
use crate::country::Country;
use crate::services;

const JSON: &str = "application/json";
const THREE_DAYS: Duration = Duration::from_secs(3 * 24 * 3_600);

/// What a request is about.
pub(super) enum Part {
    /// A token.
    Door,
    /// A postcode of a country.
    Place(Country, String),
}

/// The door, if this is where it is.
pub(super) fn part(service: &str, target: &str) -> Option<Part> {
    let service = services::named(service)?;
    (service.door()?.target() == target).then_some(Part::Door)
}

/// A token for anybody who says who they are.
pub(super) fn answer(stage: &Stage, body: &str) -> Shape {
    let login: Value = serde_json::from_str(body).unwrap_or_default();
    let is_said = |name: &str| login[name].as_str().is_some_and(|text| !text.is_empty());
    if !is_said("email") || !is_said("password") {
        return (400, JSON, json!({"error": "Email and password are required"}).to_string());
    }
    let mut state = stage.state();
    state.tokens += 1;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ends = now + state.token_lasts.unwrap_or(THREE_DAYS);
    let token = format!("token-{}", state.tokens);
    let body = json!({"access_token": token, "expiry_timestamp": ends.as_secs().to_string()});
    (200, JSON, body.to_string())
}

/// How a service with a door turns away those without a good token.
pub(super) fn refused(stage: &Stage, service: &str, authorization: &str) -> Option<Shape> {
    services::named(service)?.door()?;
    let state = stage.state();
    let given = state.called_back + 1..=state.tokens;
    let number = authorization.strip_prefix("token-").and_then(|number| number.parse::<u64>().ok());
    let is_good = number.is_some_and(|number| given.contains(&number));
    (!is_good).then(|| (401, JSON, json!({"error": "Authentication token expired or invalid"}).to_string()))
}
