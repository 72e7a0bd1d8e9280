//! Frames: a length and a body, with a bound on both sides. Knows nothing of what the bodies say.
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;

const LENGTH: usize = 4;

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The other side closed it.
    #[error("the other side closed the connection")]
    Closed,
    /// Nothing came for too long.
    #[error("nothing came in {ms} ms")]
    Silent {
        /// How long, in ms.
        ms: u64,
    },
    /// A frame is longer than frames may be.
    #[error("a frame of {bytes} bytes; at most {max} are allowed")]
    TooLong {
        /// The length announced.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// A frame cannot be read.
    #[error("a frame that cannot be read: {0}")]
    Malformed(#[from] postcard::Error),
    /// The greeting was refused, or is not one.
    #[error("greeting: {0}")]
    Greeting(String),
    /// The operating system reports an error.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Appends a frame to `buffer`. `value` must be of a type that postcard can write, which all of `wire` are.
pub(crate) fn encode<T: Serialize>(buffer: &mut Vec<u8>, value: &T) {
    let start = buffer.len();
    let mut bytes = std::mem::take(buffer);
    bytes.extend_from_slice(&[0; LENGTH]);
    let mut bytes = postcard::to_extend(value, bytes).expect("wire types have no maps of unknown length");
    seal(&mut bytes, start);
    *buffer = bytes;
}

/// Appends the frame of `(number, request)`, where the request was written before: every sending is byte for byte the same (E1).
pub(crate) fn encode_numbered(buffer: &mut Vec<u8>, number: u64, request: &[u8]) {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; LENGTH]);
    let mut rest = number;
    while rest >= 0x80 {
        buffer.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    buffer.push(rest as u8);
    buffer.extend_from_slice(request);
    seal(buffer, start);
}

fn seal(bytes: &mut [u8], start: usize) {
    let length = u32::try_from(bytes.len() - start - LENGTH).expect("frames are bounded far below 4 GiB");
    bytes[start..start + LENGTH].copy_from_slice(&length.to_le_bytes());
}

/// Bytes that came, and the frames in them.
pub(crate) struct Frames {
    bytes: Vec<u8>,
    /// Where the next frame begins.
    start: usize,
    max: usize,
}

impl Frames {
    pub(crate) fn new(max: usize) -> Frames {
        Frames { bytes: Vec::new(), start: 0, max }
    }

    /// Where what is read next belongs. What was taken out is dropped first.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        &mut self.bytes
    }

    /// The next whole frame, if it is there.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Broken> {
        let rest = &self.bytes[self.start..];
        let Some((length, rest)) = rest.split_first_chunk::<LENGTH>() else { return Ok(None) };
        let bytes = u32::from_le_bytes(*length) as usize;
        if bytes > self.max {
            return Err(Broken::TooLong { bytes, max: self.max });
        }
        let Some(body) = rest.get(..bytes) else { return Ok(None) };
        let value = postcard::from_bytes(body)?;
        self.start += LENGTH + bytes;
        Ok(Some(value))
    }

    /// All whole frames that are there.
    pub(crate) fn drain<T: DeserializeOwned>(&mut self) -> Result<Vec<T>, Broken> {
        let mut all = Vec::new();
        while let Some(value) = self.next()? {
            all.push(value);
        }
        Ok(all)
    }

    /// From here on frames may be this long.
    pub(crate) fn allow(&mut self, max: usize) {
        self.max = max;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Request, Told};
    use bytes::Bytes;
    use proptest::prelude::*;

    #[test]
    fn a_numbered_request_is_the_same_frame_as_the_pair() {
        for number in [0, 1, 127, 128, 300, u64::MAX] {
            let request = Request::Submit(Bytes::from_static(b"tea"));
            let (mut whole, mut parts) = (Vec::new(), Vec::new());
            encode(&mut whole, &(number, request.clone()));
            encode_numbered(&mut parts, number, &postcard::to_allocvec(&request).unwrap());
            assert_eq!(whole, parts);
        }
    }

    #[test]
    fn a_frame_longer_than_allowed_is_refused_before_it_is_read() {
        let mut frames = Frames::new(8);
        frames.room().extend_from_slice(&9u32.to_le_bytes());
        assert!(matches!(frames.next::<Told>(), Err(Broken::TooLong { bytes: 9, max: 8 })));
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_they_are_cut(bodies in prop::collection::vec(".{0,40}", 0..20), cut in 1usize..30) {
            let mut bytes = Vec::new();
            bodies.iter().for_each(|body| encode(&mut bytes, body));
            let mut frames = Frames::new(1000);
            let mut seen = Vec::new();
            for chunk in bytes.chunks(cut) {
                frames.room().extend_from_slice(chunk);
                seen.extend(frames.drain::<String>().unwrap());
            }
            prop_assert_eq!(seen, bodies);
        }

        #[test]
        fn bytes_of_a_stranger_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = Frames::new(150);
            frames.room().extend_from_slice(&bytes);
            let _ = frames.drain::<(u64, Request)>();
            let mut frames = Frames::new(150);
            frames.room().extend_from_slice(&bytes);
            let _ = frames.drain::<group::Message>();
        }
    }
}
