//! Measures the adapter: `cargo run --release -p postcode --example speed`. Prints one line a figure, with what it is to
//! reach. Uses loopback and the simulator, never the internet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use postcode::config::{Config, Source};
use postcode::grid::GridPoint;
use postcode::pack::Pack;
use postcode::simulator::{Fault, Simulator};
use postcode::{Adapter, Setup, app, suggest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 64;
const SECONDS: u64 = 5;

fn main() -> anyhow::Result<()> {
    let pack = Pack::embedded();
    let mut all = Vec::with_capacity(pack.len());
    pack.each(|text, _| all.push(text.to_owned()));
    look_ups(&pack, &all);
    guesses(&pack, &all)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(outages())?;
    let rate = over_http(&all)?;
    println!("cached answers over HTTP, {CONNECTIONS} connections: {rate:.0}/s (reach 50000)");
    Ok(())
}

/// Every `step`th of the postcodes, in an order that has nothing to do with the pack's.
fn spread(all: &[String], count: usize) -> impl Iterator<Item = &String> {
    (0..count).map(|i| &all[i * 7_919 % all.len()])
}

fn look_ups(pack: &Pack, all: &[String]) {
    let mut times: Vec<u32> = Vec::new();
    for text in spread(all, 200_000) {
        let (outcode, incode) = text.split_once(' ').unwrap_or_default();
        let start = Instant::now();
        let found = std::hint::black_box(pack.find(outcode, incode));
        times.push(start.elapsed().as_nanos() as u32);
        assert!(found.is_some(), "{text}");
    }
    println!("look-up in the pack: p50 {} ns, p99 {} ns (reach 1000 ns p50)", at(&mut times, 50), at(&mut times, 99));
    let found = all.iter().filter(|text| text.split_once(' ').is_some_and(|(o, i)| pack.find(o, i).is_some())).count();
    println!("live postcodes found: {found} of {}; without a point: {}", pack.len(), pack.pointless());
}

fn guesses(pack: &Pack, all: &[String]) -> anyhow::Result<()> {
    let mut near = Vec::new();
    let mut typed = Vec::new();
    let mut reverse = Vec::new();
    // The first call measures the sectors.
    timed(|| pack.nearest(GridPoint { easting_m: 427_300, northing_m: 542_500 }, 10, 20_000));
    for text in spread(all, 2_000) {
        let wrong = order::postcode::Postcode::parse(&text.replace(['A', 'B'], "D")).context("it has the shape")?;
        near.push(timed(|| suggest::near(pack, wrong)));
        typed.push(timed(|| pack.starting(&text[..text.len() - 2], 10)));
        let (outcode, incode) = text.split_once(' ').context("it has a blank")?;
        if let Some(point) = pack.find(outcode, incode).and_then(|entry| entry.point) {
            reverse.push(timed(|| pack.nearest(point, 10, 20_000)));
        }
    }
    for (what, mut times) in [("typo repair", near), ("autocomplete", typed), ("ten nearest to a point", reverse)] {
        let (half, most) = (at(&mut times, 50), at(&mut times, 99));
        println!("{what}: p50 {:.1} µs, p99 {:.1} µs", f64::from(half) / 1e3, f64::from(most) / 1e3);
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> T) -> u32 {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed().as_nanos() as u32
}

fn at(times: &mut [u32], percent: usize) -> u32 {
    times.sort_unstable();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}

/// How long callers wait while the outside is in trouble, over real sockets.
async fn outages() -> anyhow::Result<()> {
    let simulator = Simulator::start().await?;
    let adapter = Arc::new(Adapter::new(Setup::default()));
    adapter.configure(&Config::load(&Source::Simulated(simulator.url())).map_err(anyhow::Error::msg)?)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = app(adapter);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    simulator.break_all_down(Fault::Silence);
    let mut caller = Caller::connect(address).await?;
    println!("everything silent from the start: first answer {:?} (reach 1.5 s)", caller.ask("DH13LE").await?);
    let mut times = Vec::new();
    for i in 0..200 {
        times.push(caller.ask(&format!("DH1{}L{}", i % 10, ["A", "B", "D", "E"][i / 50])).await?.as_micros() as u32);
    }
    println!("then: p50 {} µs, p99 {} µs (reach 5 ms)", at(&mut times, 50), at(&mut times, 99));
    let asked = simulator.calls("postcodes.io") + simulator.calls("open-postcode-geo");
    println!("calls of both services for 201 look-ups: {asked} (reach 1.2 a look-up and service)");
    Ok(())
}

/// Answers a second: the adapter on one thread, the callers on another, so two cores in all.
fn over_http(all: &[String]) -> anyhow::Result<f64> {
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let simulator = Simulator::start().await?;
            let adapter = Arc::new(Adapter::new(Setup::default()));
            adapter.configure(&Config::load(&Source::Simulated(simulator.url())).map_err(anyhow::Error::msg)?)?;
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            told.send(listener.local_addr()?)?;
            Ok(axum::serve(listener, app(adapter)).await?)
        })
    });
    let address = address.recv_timeout(Duration::from_secs(10))?;
    let codes: Arc<Vec<String>> = Arc::new(spread(all, 64).map(|text| text.replace(' ', "")).collect());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut warm = Caller::connect(address).await?;
        for code in codes.iter() {
            warm.ask(code).await?;
        }
        let end = Instant::now() + Duration::from_secs(SECONDS);
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|n| {
                let codes = Arc::clone(&codes);
                tokio::spawn(async move {
                    let mut caller = Caller::connect(address).await?;
                    let mut count = 0_u64;
                    while Instant::now() < end {
                        caller.ask(&codes[(n + count as usize) % codes.len()]).await?;
                        count += 1;
                    }
                    ensure!(caller.last.contains("jh-postcode; hit"), "not from memory: {}", caller.last);
                    anyhow::Ok(count)
                })
            })
            .collect();
        let mut total = 0;
        for task in tasks {
            total += task.await??;
        }
        Ok(total as f64 / SECONDS as f64)
    })
}

/// One connection, one question at a time.
struct Caller {
    stream: TcpStream,
    last: String,
    bytes: Vec<u8>,
}

impl Caller {
    async fn connect(address: std::net::SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, last: String::new(), bytes: Vec::with_capacity(4_096) })
    }

    async fn ask(&mut self, code: &str) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let request = format!("GET /v1/postcodes/{code} HTTP/1.1\r\nhost: x\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.bytes.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.bytes).await? > 0, "the adapter hung up");
            if let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.bytes[..end])?;
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.context("a length")?.parse()?;
                if self.bytes.len() >= end + 4 + length {
                    self.last = head.to_owned();
                    return Ok(start.elapsed());
                }
            }
        }
    }
}
