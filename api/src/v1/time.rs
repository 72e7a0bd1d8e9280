//! A moment on the wire: RFC 3339 in UTC. Knows no clock.
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A moment, in milliseconds since 1970. As JSON: `2026-11-21T18:00:00Z`, always UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The last moment that can be printed in every time zone with four digits for its year.
const LAST_MS: u64 = 253_402_207_199_999;

/// A text or number is no moment we can tell.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a time is written like 2026-11-21T18:00:00Z, from 1970 to 9999")]
pub struct NotATime;

impl Timestamp {
    /// The moment this many milliseconds after the start of 1970; later than the last we can tell counts as the last.
    pub fn from_ms(ms: u64) -> Timestamp {
        Timestamp(ms.min(LAST_MS))
    }
    /// Milliseconds since the start of 1970.
    pub fn ms(self) -> u64 {
        self.0
    }
}
impl FromStr for Timestamp {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        let ms = u64::try_from(moment.as_millisecond()).map_err(|_| NotATime)?;
        if ms <= LAST_MS { Ok(Timestamp(ms)) } else { Err(NotATime) }
    }
}
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = i64::try_from(self.0).expect("bounded by LAST_MS");
        let moment = jiff::Timestamp::from_millisecond(ms).expect("bounded by LAST_MS");
        write!(f, "{moment}")
    }
}
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}
impl ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_and_read_in_any_offset() {
        let moment: Timestamp = "2026-11-21T19:00:00.25+01:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-21T18:00:00.25Z");
        assert_eq!(Timestamp::from_ms(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_ms(u64::MAX).to_string(), "9999-12-30T21:59:59.999Z");
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for wrong in ["", "18:00", "2026-02-30T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-21T18:00:00"] {
            assert_eq!(wrong.parse::<Timestamp>(), Err(NotATime), "{wrong}");
        }
    }
}
