//! Measures what the storage's part of a restart takes: opening a member's directory, without an application that applies anything.
//! Give it a copy of a stopped member's directory; it is written to.
//!
//! `cargo run --release -p member --example recovery_speed DIRECTORY`
use bytes::Bytes;
use group::{Pod, Seq, Wall};
use member::{Config, Executed, LoadError, Machine, Slice, directory};
use std::net::TcpListener;
use std::time::Instant;
use tokio::sync::mpsc::unbounded_channel;

/// A machine that forgets everything.
struct Nothing;
impl Machine for Nothing {
    fn execute(&self, _: Wall, _: &[u8]) -> Executed {
        Executed::Unchanged { reply: Bytes::new() }
    }
    fn apply(&mut self, _: Wall, _: Seq, _: &[u8]) {}
    fn query(&self, _: Wall, _: &[u8]) -> Bytes {
        Bytes::new()
    }
    fn slice(&self, _: Option<&[u8]>, _: usize) -> Slice {
        Slice { bytes: Bytes::new(), next: None }
    }
    fn load(&mut self, _: &[u8]) -> Result<(), LoadError> {
        Ok(())
    }
    fn blank(&self) -> Nothing {
        Nothing
    }
    fn digest(&self) -> u64 {
        0
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).ok_or("give a copy of a member's directory")?;
    for _ in 0..5 {
        let config =
            Config::new(Pod::new("replica-0"), dir.clone().into(), TcpListener::bind("127.0.0.1:0")?, directory([]));
        let (asks, _asked) = unbounded_channel();
        let begun = Instant::now();
        let (_member, running) = member::join(config, Nothing, futures_util::stream::pending(), asks)?;
        println!("recovered after {:?}", begun.elapsed());
        drop(running);
    }
    Ok(())
}
