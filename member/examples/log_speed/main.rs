//! Measures who should write the log on this machine: a thread, the loop itself, or the kernel by `io_uring`; on a calm disk and on one
//! that stands still for 220 ms of every second. A loop like a member's hands over one batch after the other and ticks beside it.
//!
//! `cargo run --release -p member --example log_speed [DIRECTORY] [SECONDS]`
mod stalling;

use bytes::Bytes;
use group::{Body, BootId, Entry, Epoch, Position, StorageId};
use member::disk::{DataDir, Disk};
use member::log::Write;
use member::store::{Done, Handle, LogWriter, Opening, open_on};
use rustix::time::{ClockId, clock_gettime};
use stalling::{Stalling, Stalls};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ENTRY_BYTES: usize = 240;
/// What a stall takes on the machines that were looked at.
const STALL: Duration = Duration::from_millis(220);
/// The loop's tick: in a member heartbeats and answers to controllers leave with it.
const TICK: Duration = Duration::from_millis(group::limits::TICK_MS);
const WRITERS: [(&str, LogWriter); 3] =
    [("thread", LogWriter::Thread), ("inline", LogWriter::Inline), ("io-uring", LogWriter::IoUring)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    let mut args = std::env::args().skip(1);
    let parent = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let each = Duration::from_secs(args.next().map_or(Ok(4), |text| text.parse())?);
    println!(
        "| disk | entries a batch | writer | batches/s | p50 µs | p99 µs | max ms | CPU µs a batch | longest the loop stood still, ms |"
    );
    println!("|---|--:|---|--:|--:|--:|--:|--:|--:|");
    for stall in [Duration::ZERO, STALL] {
        for batch in [1, 16, 128] {
            for (name, how) in WRITERS {
                let dir = parent.join(format!("log-speed-{}", std::process::id()));
                let measured = measure(&dir, how, stall, batch, each).await;
                std::fs::remove_dir_all(&dir)?;
                let disk = if stall.is_zero() { "calm" } else { "220 ms of each second" };
                println!("| {disk} | {batch} | {name} | {} |", measured?);
            }
        }
    }
    Ok(())
}

/// One row.
async fn measure(dir: &Path, how: LogWriter, stall: Duration, batch: usize, each: Duration) -> Result<String> {
    let disk = DataDir::open(dir)?;
    let stalls = Stalls { began: Instant::now(), each: stall };
    let disk: Arc<dyn Disk> = if stall.is_zero() { Arc::new(disk) } else { Arc::new(Stalling { disk, stalls }) };
    let (sender, done) = unbounded_channel();
    let opening = Opening::new(BootId(1), StorageId(2));
    let (_, handle) = open_on(disk, "the directory", opening, how, move |it| drop(sender.send(it)))?;
    let mut bench = Bench { handle, done, at: Position::default(), write: 0 };
    let (cpu, begun) = (cpu(), Instant::now());
    let (mut took, stood) = bench.run(batch, each).await?;
    let (cpu, total) = (self::cpu() - cpu, begun.elapsed());
    took.sort_unstable();
    let at = |share: f64| took[(took.len() as f64 * share) as usize].as_micros();
    let max = took.last().ok_or("nothing was written")?.as_secs_f64() * 1e3;
    Ok(format!(
        "{:.0} | {} | {} | {max:.1} | {:.1} | {:.1}",
        took.len() as f64 / total.as_secs_f64(),
        at(0.5),
        at(0.99),
        cpu.as_secs_f64() * 1e6 / took.len() as f64,
        stood.as_secs_f64() * 1e3
    ))
}

/// What this process, its threads and the kernel on its behalf have computed so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |number: i64| u64::try_from(number).expect("time does not run backwards");
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
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
    /// Writes batch after batch, each when the one before is on the disk. Tells how long each took, and the longest time
    /// that the loop did not tick, beyond the tick's own.
    async fn run(&mut self, batch: usize, each: Duration) -> Result<(Vec<Duration>, Duration)> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        let (begun, mut ticked) = (Instant::now(), Instant::now());
        let (mut took, mut stood) = (vec![], Duration::ZERO);
        let mut asked = self.ask(batch);
        while begun.elapsed() < each {
            tokio::select! {
                biased;
                _ = ticks.tick() => {
                    stood = stood.max(ticked.elapsed().saturating_sub(TICK));
                    ticked = Instant::now();
                }
                done = self.done.recv() => match done {
                    Some(Done::Written { .. }) => {
                        took.push(asked.elapsed());
                        asked = self.ask(batch);
                    }
                    Some(Done::Failed(error)) => return Err(error.into()),
                    _ => return Err("nothing else was asked for".into()),
                },
                () = self.handle.progress() => {}
            }
        }
        Ok((took, stood))
    }
    fn ask(&mut self, batch: usize) -> Instant {
        let entries = entries(&mut self.at, batch);
        self.write += 1;
        let asked = Instant::now();
        self.handle.write(Write { write: self.write, cut: None, entries, commit: self.at.seq });
        asked
    }
}
