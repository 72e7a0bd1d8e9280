//! Measures the storage on this machine: syncs a second and how long one takes, for batches of several sizes, through the
//! threads and, for comparison, inline.
//!
//! `cargo run --release -p member --example log_speed [DIRECTORY]`
use bytes::Bytes;
use group::{Body, BootId, Entry, Epoch, Position, StorageId};
use member::disk::DataDir;
use member::log::Write;
use member::store::{Done, Handle, Opening, Store, open};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const ENTRY_BYTES: usize = 240;
const EACH: Duration = Duration::from_secs(3);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parent = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = parent.join(format!("log-speed-{}", std::process::id()));
    let (sender, done) = unbounded_channel();
    let begun = Instant::now();
    let (_, handle) = open(&dir, BootId(1), move |it| drop(sender.send(it)))?;
    println!("a blank directory was open after {:?}", begun.elapsed());
    let mut bench = Bench { handle, done, at: Position::default(), write: 0 };
    for batch in [1, 16, 128] {
        bench.run(batch).await;
    }
    let Bench { handle, .. } = bench;
    drop(handle);
    let begun = Instant::now();
    let (recovered, _) = open(&dir, BootId(2), |_| {})?;
    println!("{} entries were recovered after {:?}", recovered.entries.len(), begun.elapsed());
    std::fs::remove_dir_all(&dir)?;
    inline(&dir)?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// The same work on the caller's thread: what the hop to the log's thread and back costs is the difference.
fn inline(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let disk = Arc::new(DataDir::open(dir)?);
    let opening = Opening::new(BootId(3), StorageId(4));
    let (mut store, _) = Store::open(disk, &dir.display().to_string(), opening)?;
    let mut at = Position::default();
    for batch in [1, 16, 128] {
        let begun = Instant::now();
        let mut took = vec![];
        while begun.elapsed() < EACH {
            let entries = entries(&mut at, batch);
            let asked = Instant::now();
            store.write(&Write { write: 1, cut: None, entries, commit: 0 })?;
            store.flush()?;
            took.push(asked.elapsed());
        }
        print("inline ", batch, took, begun.elapsed());
    }
    Ok(())
}

fn print(how: &str, batch: usize, mut took: Vec<Duration>, total: Duration) {
    let rate = took.len() as f64 / total.as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| took[(took.len() as f64 * share) as usize].as_micros();
    println!(
        "{how} {batch:>4} entries a sync: {rate:>6.0} syncs/s {:>8.0} entries/s, µs p50 {} p99 {} p99.9 {} max {}",
        rate * batch as f64,
        at(0.5),
        at(0.99),
        at(0.999),
        took.last().expect("at least one").as_micros()
    );
}

fn entries(at: &mut Position, count: usize) -> Vec<Entry> {
    let body = Bytes::from(vec![7; ENTRY_BYTES]);
    (0..count)
        .map(|_| {
            let Position { seq, hash, .. } = *at;
            let body = Body::App(body.clone());
            let entry = Entry { epoch: Epoch::new(0, 1), seq: seq + 1, prev_hash: hash, at: seq, body };
            *at = entry.position();
            entry
        })
        .collect()
}

struct Bench {
    handle: Handle,
    done: UnboundedReceiver<Done>,
    at: Position,
    write: u64,
}

impl Bench {
    /// Writes batch after batch, each when the one before is on the disk.
    async fn run(&mut self, batch: usize) {
        let begun = Instant::now();
        let mut took = vec![];
        while begun.elapsed() < EACH {
            let entries = entries(&mut self.at, batch);
            self.write += 1;
            let asked = Instant::now();
            self.handle.write(Write { write: self.write, cut: None, entries, commit: self.at.seq });
            match self.done.recv().await {
                Some(Done::Written { .. }) => took.push(asked.elapsed()),
                Some(Done::Failed(error)) => panic!("{error}"),
                _ => panic!("nothing else was asked for"),
            }
        }
        print("threads", batch, took, begun.elapsed());
    }
}
