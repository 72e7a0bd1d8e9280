//! Cached answers a second over HTTP: the adapter in a process of its own, the callers in this one, on whatever cores there
//! are, which they share.

use std::time::{Duration, Instant};

use postcode::pack::Pack;
use postcode::simulator::Simulator;

use crate::embedded::{all, spread};
use crate::report::Report;
use crate::server::{Caller, Server, request};

const CONNECTIONS: usize = 64;
const TIME: Duration = Duration::from_secs(5);
/// By then all answers are kept.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn cached(report: &mut Report) -> anyhow::Result<()> {
    let (told, url) = std::sync::mpsc::channel();
    let (keep, until_end) = std::sync::mpsc::channel::<()>();
    let simulator = std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let simulator = Simulator::start().await?;
            told.send(simulator.url())?;
            while until_end.try_recv() != Err(std::sync::mpsc::TryRecvError::Disconnected) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        })
    });
    let server = Server::start(&url.recv_timeout(Duration::from_secs(10))?)?;
    let postcodes: Vec<String> = spread(&all(&Pack::embedded()), 200).cloned().collect();
    let mut warm = Caller::connect(server.address)?;
    let began = Instant::now();
    for postcode in &postcodes {
        // Services are asked no faster than they allow; until one is, the pack answers, which is not kept.
        while !warm.is_kept(postcode)? {
            anyhow::ensure!(began.elapsed() < PATIENCE, "{postcode} is not kept");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    // Nobody needs the services any longer, and their thread is not to take part.
    drop(keep);
    simulator.join().expect("the simulator's thread does not panic")?;
    for (depth, what) in [(1, "64 connections"), (16, "64 connections, 16 at a time each")] {
        let before = server.processor_time()?;
        let (answers, seconds) = ask_for_some_time(&server, &postcodes, depth)?;
        let used = server.processor_time()? - before;
        let rate = answers as f64 / seconds;
        report.at_least(&format!("cached answers over HTTP, {what}"), rate, 50_000.0, "/s");
        // Whatever else runs on the machine, this is what it takes.
        report.told("processor time of the adapter for each", used.as_secs_f64() * 1e6 / answers as f64, "µs");
    }
    Ok(())
}

/// Every connection sends `depth` requests, then all answers are read, and again: how many, in how many seconds.
fn ask_for_some_time(server: &Server, postcodes: &[String], depth: usize) -> anyhow::Result<(usize, f64)> {
    let mut callers = (0..CONNECTIONS).map(|_| Caller::connect(server.address)).collect::<anyhow::Result<Vec<_>>>()?;
    let bundles: Vec<String> =
        postcodes.chunks_exact(depth).map(|chunk| chunk.iter().map(|postcode| request(postcode)).collect()).collect();
    let (mut next, mut answers, mut hits) = (0, 0_usize, 0_usize);
    let began = Instant::now();
    while began.elapsed() < TIME {
        for caller in &mut callers {
            caller.send(bundles[next % bundles.len()].as_bytes())?;
            next += 1;
        }
        for caller in &mut callers {
            for _ in 0..depth {
                hits += usize::from(caller.read()?);
                answers += 1;
            }
        }
    }
    anyhow::ensure!(hits == answers, "{} of {answers} did not come from memory", answers - hits);
    Ok((answers, began.elapsed().as_secs_f64()))
}
