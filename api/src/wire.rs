//! How values become bytes inside the cluster and on disk: postcard's encoding (variable-length integers, lengths before
//! contents), written from lists of fields. Knows no meaning.
//!
//! The lists stand here and not on the domain's types, which know no format. Nothing is copied into mirror types on the
//! way, because every order passes here four times. A field that a list forgets does not compile.
use thiserror::Error;

/// Bytes that are not what they should be.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Garbled {
    /// They end too early.
    #[error("read a message: {wanted} more bytes were expected, {left} are left")]
    Short {
        /// Bytes expected.
        wanted: usize,
        /// Bytes left.
        left: usize,
    },
    /// Bytes are left over.
    #[error("read a message: {0} bytes are left over")]
    Long(usize),
    /// Written by a build with another format.
    #[error("read a message: format {found} is not one of {FORMAT_OLDEST} to {FORMAT}")]
    Format {
        /// The format it names.
        found: u8,
    },
    /// A value that cannot be.
    #[error("read a message: {0} cannot be")]
    Value(&'static str),
}

/// The format that this build writes. A build reads its own and the one before, so that a rollout may mix two builds: a
/// field that is new in format n is read only from messages of format n on, and written once the log says so (F1).
pub const FORMAT: u8 = 3;
/// The oldest format that this build reads.
pub const FORMAT_OLDEST: u8 = 3;

/// A command, a question or a delta of one order is shorter than this, in bytes.
const ORDINARY_BYTES: usize = 512;

/// A value that has bytes.
pub trait Coded: Sized {
    /// Appends its bytes.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes its bytes off.
    ///
    /// # Errors
    /// They are not such a value's.
    fn read(input: &mut Reader<'_>) -> Result<Self, Garbled>;
}

/// Bytes not yet read.
pub struct Reader<'a> {
    left: &'a [u8],
}

/// A whole message: its format, then its value.
pub fn encode(value: &impl Coded) -> Vec<u8> {
    encode_about(ORDINARY_BYTES, value)
}

/// The same for a message of about so many bytes: growing a large one piece by piece costs more than writing it.
pub fn encode_about(bytes: usize, value: &impl Coded) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes);
    out.push(FORMAT);
    value.write(&mut out);
    out
}

/// Reads a whole message.
///
/// # Errors
/// The bytes are not exactly one such message of a format this build knows.
pub fn decode<T: Coded>(bytes: &[u8]) -> Result<T, Garbled> {
    let mut reader = open(bytes)?;
    let value = T::read(&mut reader)?;
    if reader.left.is_empty() { Ok(value) } else { Err(Garbled::Long(reader.left.len())) }
}

/// Reads what a message begins with, and leaves the rest unread.
///
/// # Errors
/// The bytes do not begin with such a value in a format this build knows.
pub fn decode_first<T: Coded>(bytes: &[u8]) -> Result<T, Garbled> {
    T::read(&mut open(bytes)?)
}

fn open(bytes: &[u8]) -> Result<Reader<'_>, Garbled> {
    let mut reader = Reader { left: bytes };
    let found = reader.byte()?;
    if (FORMAT_OLDEST..=FORMAT).contains(&found) { Ok(reader) } else { Err(Garbled::Format { found }) }
}

impl<'a> Reader<'a> {
    /// The next byte.
    ///
    /// # Errors
    /// There is none.
    pub fn byte(&mut self) -> Result<u8, Garbled> {
        Ok(self.take(1)?[0])
    }

    /// So many bytes.
    ///
    /// # Errors
    /// There are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Garbled> {
        let (taken, left) =
            self.left.split_at_checked(count).ok_or(Garbled::Short { wanted: count, left: self.left.len() })?;
        self.left = left;
        Ok(taken)
    }

    /// Bytes not yet read.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// A count of things that take at least one byte each: so many cannot be announced that memory is taken for nothing.
    pub(crate) fn count(&mut self) -> Result<usize, Garbled> {
        let count = usize::try_from(u64::read(self)?).map_err(|_| Garbled::Value("a count"))?;
        if count > self.left() { Err(Garbled::Short { wanted: count, left: self.left() }) } else { Ok(count) }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Garbled> {
        let count = self.count()?;
        std::str::from_utf8(self.take(count)?).map_err(|_| Garbled::Value("a text that is not UTF-8"))
    }
}

pub(crate) fn write_count(count: usize, out: &mut Vec<u8>) {
    (count as u64).write(out);
}

pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    write_count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

impl Coded for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }
    fn read(input: &mut Reader<'_>) -> Result<u64, Garbled> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = input.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Garbled::Value("a number beyond 64 bits"))
    }
}

macro_rules! narrow {
    ($($type:ty),+) => { $(
        impl Coded for $type {
            fn write(&self, out: &mut Vec<u8>) {
                u64::from(*self).write(out);
            }
            fn read(input: &mut Reader<'_>) -> Result<Self, Garbled> {
                Self::try_from(u64::read(input)?).map_err(|_| Garbled::Value(concat!("a number beyond ", stringify!($type))))
            }
        }
    )+ };
}
narrow!(u16, u32);

impl Coded for u8 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    fn read(input: &mut Reader<'_>) -> Result<u8, Garbled> {
        input.byte()
    }
}

impl Coded for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        (((*self << 1) ^ (*self >> 63)) as u64).write(out);
    }
    fn read(input: &mut Reader<'_>) -> Result<i64, Garbled> {
        let folded = u64::read(input)?;
        Ok((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }
}

impl Coded for i32 {
    fn write(&self, out: &mut Vec<u8>) {
        i64::from(*self).write(out);
    }
    fn read(input: &mut Reader<'_>) -> Result<i32, Garbled> {
        i32::try_from(i64::read(input)?).map_err(|_| Garbled::Value("a number beyond i32"))
    }
}

/// Hashes and ids are random: sixteen bytes are shorter than nineteen.
impl Coded for u128 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
    fn read(input: &mut Reader<'_>) -> Result<u128, Garbled> {
        Ok(u128::from_le_bytes(input.take(16)?.try_into().expect("sixteen bytes were taken")))
    }
}

impl Coded for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn read(input: &mut Reader<'_>) -> Result<bool, Garbled> {
        match input.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Garbled::Value("a third truth")),
        }
    }
}

impl Coded for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self, out);
    }
    fn read(input: &mut Reader<'_>) -> Result<String, Garbled> {
        input.text().map(str::to_owned)
    }
}

impl Coded for Box<str> {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self, out);
    }
    fn read(input: &mut Reader<'_>) -> Result<Box<str>, Garbled> {
        input.text().map(Box::from)
    }
}

impl<T: Coded> Coded for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_count(self.len(), out);
        self.iter().for_each(|element| element.write(out));
    }
    fn read(input: &mut Reader<'_>) -> Result<Vec<T>, Garbled> {
        let count = input.count()?;
        // An element may be much larger in memory than on the wire: let the vector grow as elements really come.
        let mut all = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            all.push(T::read(input)?);
        }
        Ok(all)
    }
}

impl<T: Coded> Coded for Box<[T]> {
    fn write(&self, out: &mut Vec<u8>) {
        write_count(self.len(), out);
        self.iter().for_each(|element| element.write(out));
    }
    fn read(input: &mut Reader<'_>) -> Result<Box<[T]>, Garbled> {
        Vec::read(input).map(Vec::into_boxed_slice)
    }
}

impl<T: Coded> Coded for Box<T> {
    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }
    fn read(input: &mut Reader<'_>) -> Result<Box<T>, Garbled> {
        T::read(input).map(Box::new)
    }
}

impl<T: Coded> Coded for std::sync::Arc<T> {
    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }
    fn read(input: &mut Reader<'_>) -> Result<Self, Garbled> {
        T::read(input).map(std::sync::Arc::new)
    }
}

impl<T: Coded> Coded for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        self.iter().for_each(|value| value.write(out));
    }
    fn read(input: &mut Reader<'_>) -> Result<Option<T>, Garbled> {
        if bool::read(input)? { T::read(input).map(Some) } else { Ok(None) }
    }
}

impl<A: Coded, B: Coded> Coded for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }
    fn read(input: &mut Reader<'_>) -> Result<(A, B), Garbled> {
        Ok((A::read(input)?, B::read(input)?))
    }
}

/// Bytes of a struct from the list of its fields, and what must hold of one that was read.
macro_rules! coded {
    ($type:ident { $($field:ident),+ $(,)? } $(if $sound:path)?) => {
        impl $crate::wire::Coded for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let $type { $($field),+ } = self;
                $($crate::wire::Coded::write($field, out);)+
            }
            fn read(input: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::wire::Garbled> {
                let value = $type { $($field: $crate::wire::Coded::read(input)?),+ };
                $(if !$sound(&value) {
                    return Err($crate::wire::Garbled::Value(concat!("such a ", stringify!($type))));
                })?
                Ok(value)
            }
        }
    };
}
pub(crate) use coded;

/// Bytes of an enum from the list of its variants, each with the number that stands for it for ever.
macro_rules! coded_enum {
    ($type:ident { $($tag:literal => $variant:ident $(( $($part:ident),+ ))? $({ $($field:ident),+ })?),+ $(,)? }) => {
        impl $crate::wire::Coded for $type {
            fn write(&self, out: &mut Vec<u8>) {
                match self { $(
                    $type::$variant $(( $($part),+ ))? $({ $($field),+ })? => {
                        out.push($tag);
                        $($($crate::wire::Coded::write($part, out);)+)?
                        $($($crate::wire::Coded::write($field, out);)+)?
                    }
                )+ }
            }
            fn read(input: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::wire::Garbled> {
                match input.byte()? {
                    $($tag => {
                        $($(let $part = $crate::wire::Coded::read(input)?;)+)?
                        $($(let $field = $crate::wire::Coded::read(input)?;)+)?
                        Ok($type::$variant $(( $($part),+ ))? $({ $($field),+ })?)
                    })+
                    _ => Err($crate::wire::Garbled::Value(concat!("such a ", stringify!($type)))),
                }
            }
        }
    };
}
pub(crate) use coded_enum;

/// Bytes of a value that another type can hold: how to get that, and how to get back.
macro_rules! coded_as {
    ($type:ty as $other:ty: $to:expr, $from:expr) => {
        impl $crate::wire::Coded for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let other: $other = $to(self);
                $crate::wire::Coded::write(&other, out);
            }
            fn read(input: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::wire::Garbled> {
                let other: $other = $crate::wire::Coded::read(input)?;
                $from(other).ok_or($crate::wire::Garbled::Value(concat!("such a ", stringify!($type))))
            }
        }
    };
}
pub(crate) use coded_as;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn another_format_is_told_by_its_number() {
        for found in [0, FORMAT_OLDEST - 1, FORMAT + 1, u8::MAX] {
            assert_eq!(decode::<u64>(&[found, 0]), Err(Garbled::Format { found }));
        }
        assert_eq!(decode::<u64>(&[FORMAT, 0, 0]), Err(Garbled::Long(1)));
    }

    #[test]
    fn a_count_beyond_the_message_takes_no_memory() {
        let mut bytes = vec![FORMAT];
        (u64::MAX / 2).write(&mut bytes);
        assert!(matches!(decode::<Vec<u128>>(&bytes), Err(Garbled::Short { .. })));
    }

    proptest! {
        #[test]
        fn every_value_survives(value: (u64, (i64, (Option<String>, Vec<(u128, (i32, bool))>)))) {
            prop_assert_eq!(decode(&encode(&value)), Ok(value));
        }

        #[test]
        fn numbers_are_written_as_postcard_does(value: (u64, i64), text: String) {
            let ours = encode(&(value, text.clone()));
            prop_assert_eq!(&ours[1..], &postcard::to_allocvec(&(value, text)).unwrap()[..]);
        }

        #[test]
        fn garbage_is_an_error_and_never_a_panic(mut bytes: Vec<u8>) {
            bytes.insert(0, FORMAT);
            let _ = decode::<Vec<(String, Option<(u64, i32)>)>>(&bytes);
        }
    }
}
