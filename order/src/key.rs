//! Idempotency keys: the caller's name for one attempt to change something (E1–E3). Knows no records.

use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use crate::limits::{KEY_BYTES_MAX, KEY_BYTES_MIN, KEY_KEPT_MS};

/// A key: 16–128 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(Box<str>);

/// A key with the hash of the request it came with (method, route and parsed body before enrichment: E2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Keyed {
    /// The key.
    pub key: Key,
    /// The hash of the request.
    pub fingerprint: u128,
}

/// Why a text is not a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("read an idempotency key: give 16–128 visible ASCII characters, such as a UUID")]
pub struct KeyError;

impl Key {
    /// Reads a key; nothing is corrected.
    pub fn parse(text: &str) -> Result<Key, KeyError> {
        let fits = (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_graphic()) { Ok(Key(text.into())) } else { Err(KeyError) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its hash in its scope: restaurant, principal (empty for a guest) and key.
    pub fn hash(&self, restaurant: &str, principal: &str) -> u128 {
        let mut hasher = Xxh3::new();
        for part in [restaurant, principal, self.as_str()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.digest128()
    }

    /// Whether it is a version 7 UUID made so long ago that a record of it may have been trimmed: its time, if so.
    pub fn expired(&self, at_ms: u64) -> Option<u64> {
        self.uuid_v7_ms().filter(|made_ms| made_ms.saturating_add(KEY_KEPT_MS) < at_ms)
    }

    fn uuid_v7_ms(&self) -> Option<u64> {
        let bytes = self.0.as_bytes();
        let hyphens = [8, 13, 18, 23];
        let formed = bytes.len() == 36
            && bytes
                .iter()
                .enumerate()
                .all(|(i, b)| if hyphens.contains(&i) { *b == b'-' } else { b.is_ascii_hexdigit() });
        if !formed || bytes[14] != b'7' {
            return None;
        }
        u64::from_str_radix(&format!("{}{}", &self.0[..8], &self.0[9..13]), 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_some_length() {
        assert!(Key::parse("0123456789abcdef").is_ok());
        let long = "x".repeat(129);
        for text in ["", "short", "0123456789 bcdef", "0123456789abcdé", "0123456789abcde\n", &long] {
            assert_eq!(Key::parse(text), Err(KeyError), "{text:?}");
        }
    }

    #[test]
    fn a_version_7_uuid_tells_its_age() {
        let key = Key::parse("018cc251-f400-7000-8000-0123456789ab").unwrap();
        assert_eq!(key.uuid_v7_ms(), Some(1_704_067_200_000));
        assert_eq!(key.expired(1_704_067_200_000 + KEY_KEPT_MS), None);
        assert_eq!(key.expired(1_704_067_200_001 + KEY_KEPT_MS), Some(1_704_067_200_000));
        let fourth = Key::parse("018cc251-f400-4000-8000-0123456789ab").unwrap();
        assert_eq!(fourth.expired(u64::MAX), None);
        assert_eq!(Key::parse("018cc251f40070008000-0123456789ab-xy").unwrap().expired(u64::MAX), None);
    }

    #[test]
    fn a_hash_depends_on_every_part_of_the_scope() {
        let key = Key::parse("0123456789abcdef").unwrap();
        let hashes = [key.hash("ab", "c"), key.hash("a", "bc"), key.hash("ab", ""), key.hash("", "abc")];
        assert!(hashes.iter().enumerate().all(|(i, a)| hashes[..i].iter().all(|b| a != b)));
    }
}
