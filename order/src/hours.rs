//! Opening hours: intervals of the week on a local wall clock, exceptions by date, and what they mean at an instant. Knows no pauses.

use thiserror::Error;

use crate::clock::{Date, Edge, Zone};
use crate::limits;

/// From opening to closing, in minutes after the start day's midnight on the wall clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Interval {
    open_minute: u16,
    close_minute: u16,
}

/// When a service is offered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Hours {
    /// The wall clock that the intervals are read on.
    pub zone: Zone,
    /// Intervals by start day, Monday first. An interval over midnight belongs to the day it starts on.
    pub week: [Vec<Interval>; 7],
    /// Dates whose intervals replace those of the week; none means closed all day. Sorted by date.
    pub exceptions: Vec<(Date, Vec<Interval>)>,
}

/// What the hours say of an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opening {
    /// Open, and until when (ms since 1970).
    Open {
        /// The end of the opening, adjoining intervals taken together.
        until_ms: u64,
    },
    /// Closed, and when it opens next, if within two weeks.
    Closed {
        /// The next opening, ms since 1970.
        next_open_at_ms: Option<u64>,
    },
}

/// Why two times of day make no interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("read opening hours: give two times of day such as 11:30 and 22:00; 00:00 or 24:00 ends at midnight")]
pub struct IntervalError;

const DAY_MINUTES: u16 = 1_440;
const MINUTE_MS: u64 = 60_000;

impl Interval {
    /// From one minute of the day (0–1439) to another; one not later than the first is on the next day.
    pub fn new(open_minute: u16, close_minute: u16) -> Option<Interval> {
        if open_minute >= DAY_MINUTES || close_minute > DAY_MINUTES {
            return None;
        }
        let close_minute = if close_minute <= open_minute { close_minute + DAY_MINUTES } else { close_minute };
        Some(Interval { open_minute, close_minute })
    }

    /// Reads two times of day such as `18:00` and `02:00`.
    pub fn parse(open: &str, close: &str) -> Result<Interval, IntervalError> {
        let minutes = minute_of_day(open).zip(minute_of_day(close));
        minutes.and_then(|(open, close)| Interval::new(open, close)).ok_or(IntervalError)
    }

    /// The first minute of the start day, 0–1439.
    pub fn open_minute(self) -> u16 {
        self.open_minute
    }

    /// The minute it closes, counted from the start day's midnight; above 1440 it is on the next day.
    pub fn close_minute(self) -> u16 {
        self.close_minute
    }

    /// Opening and closing as times of day.
    pub fn texts(self) -> (String, String) {
        let text = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        (text(self.open_minute), text(self.close_minute % DAY_MINUTES))
    }
}

fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number =
        |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u16>().ok()).flatten();
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60 || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
}

impl Hours {
    /// Open day and night.
    pub fn always(zone: Zone) -> Hours {
        Hours { zone, week: std::array::from_fn(|_| vec![ALL_DAY]), exceptions: Vec::new() }
    }

    /// What the hours say of an instant.
    pub fn at(&self, at_ms: u64) -> Opening {
        if self.is_always() {
            return Opening::Open { until_ms: u64::MAX };
        }
        match self.spans(at_ms, 1).into_iter().find(|(open, close)| (*open..*close).contains(&at_ms)) {
            Some((_, until_ms)) => Opening::Open { until_ms },
            None => Opening::Closed { next_open_at_ms: self.next_open(at_ms) },
        }
    }

    /// The first opening after an instant, within two weeks.
    pub fn next_open(&self, after_ms: u64) -> Option<u64> {
        self.spans(after_ms, limits::NEXT_OPEN_DAYS).into_iter().map(|(open, _)| open).find(|open| *open > after_ms)
    }

    /// Whether an order can be placed for now: open, and not yet within `last_orders_minutes` of closing.
    pub fn takes_orders(&self, at_ms: u64, last_orders_minutes: u16) -> Opening {
        match self.at(at_ms) {
            Opening::Open { until_ms } if at_ms >= until_ms.saturating_sub(minutes_ms(last_orders_minutes)) => {
                Opening::Closed { next_open_at_ms: self.next_open(at_ms) }
            }
            opening => opening,
        }
    }

    /// Whether an order can be wished for at an instant: between opening + lead and closing − last orders.
    /// Otherwise the first instant after it at which one can, if within two weeks.
    pub fn slot(&self, wish_ms: u64, lead_minutes: u16, last_orders_minutes: u16) -> Result<(), Option<u64>> {
        if self.is_always() {
            return Ok(());
        }
        let slots = self.spans(wish_ms, limits::NEXT_OPEN_DAYS).into_iter().filter_map(|(open, close)| {
            let (first, last) =
                (open + minutes_ms(lead_minutes), close.saturating_sub(minutes_ms(last_orders_minutes)));
            (first <= last).then_some((first, last))
        });
        let next = slots.into_iter().find(|(_, last)| wish_ms <= *last);
        match next {
            Some((first, _)) if first <= wish_ms => Ok(()),
            other => Err(other.map(|(first, _)| first)),
        }
    }

    fn is_always(&self) -> bool {
        self.exceptions.is_empty() && self.week.iter().all(|day| day.as_slice() == [ALL_DAY])
    }

    fn intervals(&self, date: Date) -> &[Interval] {
        match self.exceptions.binary_search_by_key(&date, |(date, _)| *date) {
            Ok(place) => &self.exceptions[place].1,
            Err(_) => &self.week[date.weekday()],
        }
    }

    /// Openings from the day before an instant to so many days after it, in order, adjoining ones joined.
    fn spans(&self, around_ms: u64, days: i16) -> Vec<(u64, u64)> {
        let Some(today) = self.zone.date(around_ms) else { return Vec::new() };
        let dates = (-1..=i64::from(days)).filter_map(|days| today.plus(days));
        let mut all: Vec<(u64, u64)> = dates.flat_map(|date| self.spans_of(date)).collect();
        all.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(all.len());
        for (open, close) in all {
            match joined.last_mut() {
                Some((_, until)) if open <= *until => *until = close.max(*until),
                _ => joined.push((open, close)),
            }
        }
        joined
    }

    fn spans_of(&self, date: Date) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.intervals(date).iter().filter_map(move |interval| {
            let open = self.zone.instant(date, interval.open_minute, Edge::Open)?;
            let close = self.zone.instant(date, interval.close_minute, Edge::Close)?;
            (open < close).then_some((open, close))
        })
    }
}

const ALL_DAY: Interval = Interval { open_minute: 0, close_minute: DAY_MINUTES };

fn minutes_ms(minutes: u16) -> u64 {
    u64::from(minutes) * MINUTE_MS
}
