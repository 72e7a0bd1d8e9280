//! Local wall time: time zones, dates, and the instants at which a wall clock opens or closes a door. Never asks what time it is.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil};
use thiserror::Error;

/// A time zone of the IANA database, by name. The database is the one compiled in, the same on every machine.
#[derive(Clone)]
pub struct Zone {
    name: Box<str>,
    zone: TimeZone,
}

/// A day of the calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

/// Why a time zone or date cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ClockError {
    /// No zone of that name.
    #[error("read a time zone: give a name of the IANA database such as Europe/London")]
    Zone,
    /// No such day, or another form.
    #[error("read a date: give year, month and day such as 2027-03-28")]
    Date,
}

/// Which edge of an interval a wall time is: it decides when a wall time happens twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Edge {
    Open,
    Close,
}

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

impl Zone {
    /// Finds a zone by its IANA name, such as `Europe/London`.
    pub fn parse(name: &str) -> Result<Zone, ClockError> {
        let zone = ZONES.get(name).map_err(|_| ClockError::Zone)?;
        let name = zone.iana_name().unwrap_or(name).into();
        Ok(Zone { name, zone })
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The date on the wall at an instant; none beyond the calendar.
    pub(crate) fn date(&self, at_ms: u64) -> Option<Date> {
        let at = Timestamp::from_millisecond(i64::try_from(at_ms).ok()?).ok()?;
        Some(Date(self.zone.to_datetime(at).date()))
    }

    /// When so many minutes of a date have passed on the wall clock.
    ///
    /// An opening that happens twice happens at the first, a closing at the last; one that is skipped happens when the
    /// clock jumps. So a door is open exactly while the wall clock says so.
    pub(crate) fn instant(&self, date: Date, minute: u16, edge: Edge) -> Option<u64> {
        let date = if minute < 1_440 { date } else { date.plus(i64::from(minute / 1_440))? };
        let minute = minute % 1_440;
        let wall = date.0.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        let ambiguous = self.zone.to_ambiguous_timestamp(wall);
        let at = match ambiguous.offset() {
            jiff::tz::AmbiguousOffset::Unambiguous { .. } => ambiguous.compatible().ok()?,
            jiff::tz::AmbiguousOffset::Gap { .. } => {
                let after = ambiguous.later().ok()?;
                self.zone.preceding(after).next()?.timestamp()
            }
            jiff::tz::AmbiguousOffset::Fold { .. } if edge == Edge::Open => ambiguous.earlier().ok()?,
            jiff::tz::AmbiguousOffset::Fold { .. } => ambiguous.later().ok()?,
        };
        u64::try_from(at.as_millisecond()).ok()
    }
}

impl Date {
    /// Reads `2027-03-28`.
    pub fn parse(text: &str) -> Result<Date, ClockError> {
        let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = text.parse::<civil::Date>().ok().filter(|_| plain);
        date.map(Date).ok_or(ClockError::Date)
    }

    /// So many days later.
    pub(crate) fn plus(self, days: i64) -> Option<Date> {
        self.0.checked_add(jiff::Span::new().try_days(days).ok()?).ok().map(Date)
    }

    /// 0 for Monday to 6 for Sunday.
    pub fn weekday(self) -> usize {
        self.0.weekday().to_monday_zero_offset() as usize
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_dates_are_read_or_refused() {
        assert_eq!(Zone::parse("europe/london").unwrap().name(), "Europe/London");
        assert_eq!(Zone::parse("Europe/Durham"), Err(ClockError::Zone));
        assert_eq!(Date::parse("2027-03-28").unwrap().weekday(), 6);
        assert!(
            ["", "2027-02-30", "2027-3-28", "28.03.2027", "2027-03-28T00:00"].iter().all(|t| Date::parse(t).is_err())
        );
    }
}
