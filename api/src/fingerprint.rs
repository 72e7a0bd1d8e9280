//! What makes two requests the same one (E2): the method, the route and the client's parsed body, before anything is added to it.
use serde::Serialize;
use std::io;
use xxhash_rust::xxh3::Xxh3;

/// The fingerprint of a request. `route` is the path as it was asked; `body` is the parsed body, whose fields have one order
/// and one spelling each, however the client wrote them.
pub fn of(method: &str, route: &str, body: &impl Serialize) -> u128 {
    let mut hash = Hash(Xxh3::new());
    hash.part(method.as_bytes());
    hash.part(route.as_bytes());
    serde_json::to_writer(&mut hash, body).expect("a parsed body can be written again");
    hash.0.digest128()
}

/// A short mark of a list of names.
pub fn of_names(names: &[&str]) -> u64 {
    let mut hash = Hash(Xxh3::new());
    names.iter().for_each(|name| hash.part(name.as_bytes()));
    hash.0.digest()
}

struct Hash(Xxh3);

impl Hash {
    /// With its length, so that no two lists of parts run into each other.
    fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::command::Accept;

    fn accept(body: &str) -> u128 {
        of("POST", "/v1/orders/1/accept", &serde_json::from_str::<Accept>(body).unwrap())
    }

    #[test]
    fn spelling_does_not_count_and_content_does() {
        let first = accept(r#"{"ready_by":"2026-11-21T18:00:00Z","ready_in_minutes":5}"#);
        assert_eq!(first, accept(r#" {"ready_in_minutes" : 5, "ready_by":"2026-11-21T19:00:00+01:00"}"#));
        assert_ne!(first, accept(r#"{"ready_in_minutes":5}"#));
        assert_ne!(of("POST", "/a", &1), of("PUT", "/a", &1));
        assert_ne!(of("POST", "/a", &1), of("POST", "/b", &1));
        assert_ne!(of_names(&["ab", "c"]), of_names(&["a", "bc"]));
    }
}
