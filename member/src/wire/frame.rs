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
    use proptest::sample::Index;

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

    fn cases() -> u32 {
        std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000)
    }

    /// One frame of every kind that has a shape of its own.
    fn said() -> Vec<Vec<u8>> {
        use crate::wire::{Hello, Kind, MAGIC, PROTOCOL, Piece, Pull, Welcome};
        use group::{
            BootId, Cause, Change, Entry, Epoch, Fence, GroupId, Message, Peer, Pod, Position, StorageId, View,
        };
        fn frame(value: &impl Serialize) -> Vec<u8> {
            let mut bytes = Vec::new();
            encode(&mut bytes, value);
            bytes
        }
        let (pod, epoch) = (Pod::from("r0"), Epoch::new(1, 300));
        let peer = Peer { pod: pod.clone(), storage: StorageId(u128::MAX - 1), boot: BootId(7) };
        let change = Change { cause: Cause::Died, suspected_at: 1_700_000_000_000, decided_at: 1_700_000_000_004 };
        let view = View {
            group: GroupId(7),
            version: 3,
            epoch,
            primary: pod.clone(),
            primary_boot: BootId(7),
            in_sync: [(pod.clone(), peer.storage)].into(),
            members: [pod.clone(), Pod::from("r1")].into(),
            min_in_sync: 1,
            change,
        };
        let body = group::Body::App(Bytes::from_static(b"an order"));
        let entry = Entry { epoch, seq: 1, prev_hash: 0, at: 5, body };
        let (prev, entries) = (Position::default(), vec![entry]);
        let id = crate::snapshot::SnapshotId { at: prev, bytes: 500, digest: 9 };
        vec![
            frame(&Hello {
                magic: MAGIC,
                protocol: PROTOCOL,
                to: pod.clone(),
                kind: Kind::Peer(peer.clone()),
                name: "r0".into(),
            }),
            frame(&Welcome::Peer(peer)),
            frame(&Welcome::Refused("no".into())),
            frame(&Message::NewEpoch { view: view.clone() }),
            frame(&Message::Promised { epoch, starts: vec![], tail: prev, commit: 3, format: 2, clock: 4 }),
            frame(&Message::Append { epoch, nonce: 9, prev, entries, commit: 0 }),
            frame(&Message::Ack { epoch, durable: 200, nonce: 1, clock: 3 }),
            frame(&Message::Stale { promised: epoch, view: Some(view.clone()) }),
            frame(&(5_u64, Request::Submit(Bytes::from_static(b"tea")))),
            frame(&(300_u64, Request::PushView(view.clone()))),
            frame(&(6_u64, Request::HandOver { to: pod.clone(), epoch })),
            frame(&(7_u64, Request::Fence(Fence { group: view.group, continues: epoch, loss: 300 }))),
            frame(&(5_u64, Told::View(view))),
            frame(&(0_u64, Told::NotPrimary { epoch, primary: Some(pod) })),
            frame(&Pull { of: Some(id), offset: 77 }),
            frame(&Piece::Offer(id)),
        ]
    }

    /// What is read from bytes that nobody wrote comes back as it went, and is not much longer.
    fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
        bytes: &[u8],
    ) -> Result<(), TestCaseError> {
        let read = |bytes: &[u8]| {
            let mut frames = Frames::new(10_000);
            frames.room().extend_from_slice(bytes);
            frames.drain::<T>()
        };
        for value in read(bytes).unwrap_or_default() {
            let mut again = Vec::new();
            encode(&mut again, &value);
            prop_assert!(again.len() <= bytes.len() + 16);
            prop_assert_eq!(read(&again).unwrap(), vec![value]);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

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
        fn damaged_frames_are_refused_or_read_as_something_that_comes_back(
            which: Index, changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4), cut in prop::option::of(any::<Index>()),
        ) {
            let mut bytes = which.get(&said()).clone();
            changes.iter().for_each(|(place, byte)| *place.get_mut(&mut bytes) = *byte);
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            comes_back::<crate::wire::Hello>(&bytes)?;
            comes_back::<crate::wire::Welcome>(&bytes)?;
            comes_back::<group::Message>(&bytes)?;
            comes_back::<(u64, Request)>(&bytes)?;
            comes_back::<(u64, Told)>(&bytes)?;
            comes_back::<crate::wire::Pull>(&bytes)?;
            comes_back::<crate::wire::Piece>(&bytes)?;
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
