//! The small values that everything else is made of, as bytes. Every one is checked when it is read.
use crate::wire::{Coded, Garbled, Reader, coded, coded_as, coded_enum};
use order::allergen::AllergenSet;
use order::clock::{Date, Zone};
use order::hours::{Hours, Interval};
use order::id::{OrderId, RestaurantNumber, Slug};
use order::key::{Key, Keyed};
use order::money::{Currency, Money};
use order::payment::{Method, Payment, PaymentState};
use order::phone::Phone;
use order::place::{Freshness, Place, Point, Precision, Standing};
use order::postcode::{Outcode, Postcode, Sector};
use order::promise::Secret;
use order::slot::Slot;
use order::stage::{Actor, Leg, Reason, Role, Service, Stage};
use order::transitions::{EventKind, Verb};

/// Names that are stored as one byte.
macro_rules! coded_byte {
    ($($type:ident),+) => { $( coded_as!($type as u8: |name: &$type| name.to_u8(), $type::from_u8); )+ };
}
coded_byte!(Stage, Leg, Service, Role, Reason, EventKind, Verb, Method, PaymentState);

coded_as!(OrderId as u128: |id: &OrderId| id.to_u128(), |bits| Some(OrderId::from_u128(bits)));
coded_as!(RestaurantNumber as u32: |number: &RestaurantNumber| number.get(), RestaurantNumber::new);
coded_as!(Phone as u64: |phone: &Phone| phone.get(), Phone::new);
coded_as!(Slot as u32: |slot: &Slot| slot.get(), |number| Some(Slot::new(number)));
coded_as!(AllergenSet as u16: |set: &AllergenSet| set.bits(), |bits| Some(AllergenSet::from_bits(bits)));

/// Values that are written as their text.
macro_rules! coded_text {
    ($($type:ident: $text:expr, $read:expr);+ $(;)?) => { $(
        impl Coded for $type {
            fn write(&self, out: &mut Vec<u8>) {
                crate::wire::write_text($text(self).as_ref(), out);
            }
            fn read(input: &mut Reader<'_>) -> Result<$type, Garbled> {
                $read(input.text()?).ok().ok_or(Garbled::Value(concat!("such a ", stringify!($type))))
            }
        }
    )+ };
}
coded_text! {
    Slug: Slug::as_str, Slug::parse;
    Key: Key::as_str, Key::parse;
    Zone: Zone::name, Zone::parse;
    Date: Date::to_string, Date::parse;
    Outcode: Outcode::as_str, Outcode::parse;
    Currency: Currency::code, Currency::parse;
}

coded!(Keyed { key, fingerprint });
coded!(Actor { role, id });
coded!(Sector { outcode, digit });
coded!(Money { amount, currency });
coded!(Payment { method, state });
coded!(Hours { zone, week, exceptions });
coded_enum!(Standing { 0 => Verified, 1 => Unverified, 2 => Unknown, 3 => Terminated });
coded_enum!(Freshness { 0 => Fresh, 1 => Stale, 2 => Embedded, 3 => Local });
coded_enum!(Precision { 0 => Premise, 1 => Building, 2 => Postcode, 3 => Outcode });
coded!(Place { postcode, point, standing, source, fetched_at_ms, freshness, precision, suggestions });

impl Coded for Postcode {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }
    fn read(input: &mut Reader<'_>) -> Result<Postcode, Garbled> {
        let bytes = input.take(7)?.try_into().expect("seven bytes were taken");
        Postcode::from_bytes(bytes).ok_or(Garbled::Value("such a postcode"))
    }
}

impl Coded for Secret {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes());
    }
    fn read(input: &mut Reader<'_>) -> Result<Secret, Garbled> {
        Ok(Secret::new(input.take(32)?.try_into().expect("32 bytes were taken")))
    }
}

impl Coded for Point {
    fn write(&self, out: &mut Vec<u8>) {
        (self.lat_e6, self.lon_e6).write(out);
    }
    fn read(input: &mut Reader<'_>) -> Result<Point, Garbled> {
        let (lat_e6, lon_e6) = Coded::read(input)?;
        Point::new(lat_e6, lon_e6).ok_or(Garbled::Value("a point off the earth"))
    }
}

/// An interval's end is told as minutes after the start day's midnight; its maker wants a time of day.
const DAY_MINUTES: u16 = 1_440;

impl Coded for Interval {
    fn write(&self, out: &mut Vec<u8>) {
        (self.open_minute(), self.close_minute()).write(out);
    }
    fn read(input: &mut Reader<'_>) -> Result<Interval, Garbled> {
        let (open, close): (u16, u16) = Coded::read(input)?;
        let close = if close > DAY_MINUTES { close - DAY_MINUTES } else { close };
        Interval::new(open, close).ok_or(Garbled::Value("such an interval"))
    }
}

impl Coded for [Vec<Interval>; 7] {
    fn write(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|day| day.write(out));
    }
    fn read(input: &mut Reader<'_>) -> Result<Self, Garbled> {
        let mut week = Self::default();
        for day in &mut week {
            *day = Coded::read(input)?;
        }
        Ok(week)
    }
}
