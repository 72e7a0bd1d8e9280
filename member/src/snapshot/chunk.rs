//! One chunk of a snapshot's file: its bytes and its checksum. Knows nothing of what is in it.
use crate::limits::SNAPSHOT_CHUNK_BYTES;

/// Bytes before the payload.
pub(super) const HEADER: usize = 16;

/// What a chunk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Begin,
    Slice,
    Entries,
    End,
}
const KINDS: [(u8, Kind); 4] = [(1, Kind::Begin), (2, Kind::Slice), (3, Kind::Entries), (4, Kind::End)];

/// A chunk's header, read and found possible. Its payload is still to be checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) length: usize,
    pub(super) kind: Kind,
    crc: u32,
    bytes: [u8; HEADER],
}

/// Header and payload, ready to be written.
pub(super) fn encode(index: u32, kind: Kind, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() <= SNAPSHOT_CHUNK_BYTES, "a chunk of {} bytes", payload.len());
    let mut chunk = Vec::with_capacity(HEADER + payload.len());
    chunk.extend(u32::try_from(payload.len()).expect("bounded above").to_le_bytes());
    chunk.extend(index.to_le_bytes());
    let (code, _) = KINDS.iter().find(|(_, known)| *known == kind).expect("every kind has a code");
    chunk.extend([*code, 0, 0, 0]);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&chunk), payload);
    chunk.extend(crc.to_le_bytes());
    chunk.extend(payload);
    chunk
}

pub(super) fn decode_header(index: u32, bytes: [u8; HEADER]) -> Result<Header, &'static str> {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let length = word(0) as usize;
    if length > SNAPSHOT_CHUNK_BYTES {
        return Err("a chunk has an impossible length");
    }
    if word(4) != index {
        return Err("a chunk is in the wrong place");
    }
    let kind = KINDS.iter().find(|(code, _)| *code == bytes[8]).ok_or("a chunk is of no known kind")?.1;
    Ok(Header { length, kind, crc: word(12), bytes })
}

impl Header {
    pub(super) fn admits(&self, payload: &[u8]) -> Result<(), &'static str> {
        let crc = crc32c::crc32c_append(crc32c::crc32c(&self.bytes[..12]), payload);
        if crc == self.crc { Ok(()) } else { Err("a chunk's checksum does not fit") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(index: u32, chunk: &[u8]) -> Result<(Kind, Vec<u8>), &'static str> {
        let header = decode_header(index, chunk[..HEADER].try_into().unwrap())?;
        let payload = chunk.get(HEADER..HEADER + header.length).ok_or("short")?;
        header.admits(payload)?;
        Ok((header.kind, payload.to_vec()))
    }

    proptest! {
        #[test]
        fn a_chunk_is_read_as_it_was_written_and_no_flipped_bit_passes(
            index in 0u32..9, payload in proptest::collection::vec(any::<u8>(), 0..80), flip in any::<prop::sample::Index>(),
        ) {
            let mut chunk = encode(index, Kind::Entries, &payload);
            prop_assert_eq!(decode(index, &chunk), Ok((Kind::Entries, payload)));
            prop_assert!(decode(index + 1, &chunk).is_err());
            let bit = flip.index(chunk.len() * 8);
            chunk[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(decode(index, &chunk).is_err());
        }
    }
}
