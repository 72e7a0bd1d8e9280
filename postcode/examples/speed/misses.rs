//! What many callers and services in trouble cost: calls of services, and waiting. The services are the simulator's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use order::postcode::Postcode;
use postcode::code::Code;
use postcode::config::{Config, Source};
use postcode::pack::Pack;
use postcode::provider::Deadline;
use postcode::simulator::{Fault, Simulator};
use postcode::{Adapter, Setup};

use crate::embedded::{all, spread};
use crate::report::{Report, quantile};
use crate::server::{Caller, Server};

const CALLERS: usize = 1_000;
const FIRST: &str = "postcodes.io";

fn code(text: &str) -> anyhow::Result<Code> {
    Ok(Code::British(Postcode::parse(text).map_err(|error| anyhow::anyhow!("{text}: {error}"))?))
}

/// A thousand who miss the same postcode at once; then again, and the one who asked first leaves.
pub(crate) async fn together(report: &mut Report) -> anyhow::Result<()> {
    let simulator = Simulator::start().await?;
    let adapter = Arc::new(Adapter::new(Setup::default()));
    adapter.configure(&Config::load(&Source::Simulated(simulator.url())).map_err(anyhow::Error::msg)?)?;
    let asked = |code| {
        let adapter = Arc::clone(&adapter);
        tokio::spawn(async move { adapter.places().resolve(code, Deadline::after(Duration::from_secs(2))).await })
    };
    let warm_up = asked(code("ZE1 0AA")?).await?;
    anyhow::ensure!(warm_up.resolution.is_from_outside(), "the services answer");
    let services = || simulator.calls(FIRST) + simulator.calls("open-postcode-geo");
    let before = services();
    let durham = code("DH1 3LE")?;
    let answers = join_all((0..CALLERS).map(|_| asked(durham))).await;
    report.exactly("1,000 concurrent misses on one postcode: calls of services", (services() - before) as usize, 1);
    let is_served = |answer: &Result<postcode::cache::Answer, _>| {
        answer.as_ref().is_ok_and(|answer| answer.resolution.is_from_outside())
    };
    report.exactly("of the 1,000, served by the service", answers.iter().filter(|a| is_served(a)).count(), CALLERS);
    let newcastle = code("NE1 7RU")?;
    let leader = asked(newcastle);
    tokio::task::yield_now().await;
    let others: Vec<_> = (0..CALLERS).map(|_| asked(newcastle)).collect();
    leader.abort();
    let answers = join_all(others).await;
    report.exactly("the first of them leaves: others served", answers.iter().filter(|a| is_served(a)).count(), CALLERS);
    Ok(())
}

/// Everything outside takes requests and never answers, from the start.
pub(crate) async fn everything_dead(report: &mut Report) -> anyhow::Result<()> {
    let simulator = Simulator::start().await?;
    simulator.break_all_down(Fault::Silence);
    let server = Server::start(&simulator.url())?;
    let postcodes: Vec<String> = spread(&all(&Pack::embedded()), 1_001).cloned().collect();
    // The callers wait in a thread of their own: the simulator runs on this one.
    let address = server.address;
    let mut times = tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<f64>> {
        let mut caller = Caller::connect(address)?;
        postcodes.iter().map(|postcode| Ok(caller.ask(postcode)?.as_secs_f64() * 1e3)).collect()
    })
    .await??;
    report.at_most("everything outside dead from the start: first answer", times[0], 1_500.0, "ms");
    report.at_most("then: p99 of 1,000", quantile(&mut times[1..], 99), 5.0, "ms");
    report.told("then: the slowest", quantile(&mut times[1..], 100), "ms");
    Ok(())
}

/// One service that answers nothing but errors for a minute, while a hundred postcodes a second are asked for.
pub(crate) async fn errors_for_a_minute(report: &mut Report) -> anyhow::Result<()> {
    const EVERY: Duration = Duration::from_millis(10);
    let simulator = Simulator::start().await?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("services.json");
    let services = serde_json::json!({"services": [{"service": FIRST, "url": format!("{}/{FIRST}", simulator.url())}]});
    std::fs::write(&file, services.to_string())?;
    let server = Server::start(&file.display().to_string())?;
    let postcodes: Vec<String> = spread(&all(&Pack::embedded()), 6_100).cloned().collect();
    let (address, rest) = (server.address, postcodes[..100].to_vec());
    let ask = move |postcodes: Vec<String>| {
        tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<f64>> {
            let mut caller = Caller::connect(address)?;
            let began = Instant::now();
            let times = (0_u32..).zip(&postcodes).map(|(i, postcode)| {
                std::thread::sleep((began + EVERY * i).saturating_duration_since(Instant::now()));
                Ok(caller.ask(postcode)?.as_secs_f64() * 1e3)
            });
            times.collect()
        })
    };
    ask(rest).await??;
    simulator.break_down(FIRST, Fault::Broken);
    let before = simulator.calls(FIRST);
    let mut times = ask(postcodes[100..].to_vec()).await??;
    let calls = (simulator.calls(FIRST) - before) as f64;
    report.at_most("a service at 100 % errors for a minute: calls a look-up", calls / times.len() as f64, 1.2, "");
    report.told("its calls in that minute, probes included", calls, "");
    // Twenty good calls before, so at most twenty failures open it.
    report.at_most("once its breaker is open: p99", quantile(&mut times[40..], 99), 300.0, "ms");
    Ok(())
}
