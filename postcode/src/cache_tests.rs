//! Tests of chain and cache together, with providers that follow a script, a wall clock that tests turn, and tokio's
//! paused clock for deadlines.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

use order::postcode::Postcode;

use super::*;
use crate::chain::Grounds;
use crate::embedded::Embedded;
use crate::metrics::Metrics;
use crate::pack::Pack;
use crate::provider::{Outcome, Place, Provider, Reply, Terms};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A provider that answers as told: its script in turn, then "found" for ever.
#[derive(Clone)]
struct Scripted(Arc<Script>);

struct Script {
    name: &'static str,
    cacheable: bool,
    lines: Mutex<VecDeque<Line>>,
    calls: AtomicUsize,
}

enum Line {
    Say(Outcome),
    Wait(Duration, Outcome),
    Hang,
    Panic,
    Until(Arc<Notify>),
}

impl Scripted {
    fn new(name: &'static str, lines: impl IntoIterator<Item = Line>) -> Self {
        let lines = Mutex::new(lines.into_iter().collect());
        Self(Arc::new(Script { name, cacheable: true, lines, calls: AtomicUsize::new(0) }))
    }

    fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }
}

impl Provider for Scripted {
    fn name(&self) -> &'static str {
        self.0.name
    }
    fn covers(&self, _: Code) -> bool {
        true
    }
    fn request(&self, code: Code) -> String {
        format!("GET {code}")
    }
    fn terms(&self, _: Code) -> Terms {
        Terms { cacheable: self.0.cacheable, attribution: &[], embedded_ms: None }
    }
    fn lookup(&self, _: Code, _: Deadline) -> BoxFuture<'_, Reply> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        let line = self.0.lines.lock().unwrap().pop_front();
        async move {
            let outcome = match line {
                None => found(),
                Some(Line::Say(outcome)) => outcome,
                Some(Line::Wait(time, outcome)) => {
                    tokio::time::sleep(time).await;
                    outcome
                }
                Some(Line::Hang) => std::future::pending().await,
                Some(Line::Panic) => panic!("a defect in a provider"),
                Some(Line::Until(notify)) => {
                    notify.notified().await;
                    found()
                }
            };
            outcome.into()
        }
        .boxed()
    }
}

fn found() -> Outcome {
    Outcome::Found(Place { name: Some("Somewhere".into()), ..Place::default() })
}

struct Bench {
    cache: Cache,
    now_ms: Arc<AtomicU64>,
}

impl Bench {
    fn new(providers: Vec<Box<dyn Provider>>) -> Self {
        let now_ms = Arc::new(AtomicU64::new(1_800_000_000_000));
        let shown = Arc::clone(&now_ms);
        let clock = Clock::new(move || shown.load(Ordering::Relaxed));
        let chain = Chain::new(providers, clock.clone(), Metrics::new());
        Self { cache: Cache::new(chain, clock, limits::LOAD, None), now_ms }
    }

    fn of(providers: &[&Scripted]) -> Self {
        Self::new(providers.iter().map(|provider| Box::new((*provider).clone()) as Box<dyn Provider>).collect())
    }

    fn pass(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Waits until no load is under way.
    async fn landed(&self) {
        while !self.cache.0.flights().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn ask(&self, text: &str) -> Answer {
        let deadline = Deadline::after(Duration::from_millis(limits::DEADLINE_MS));
        self.cache.resolve(postcode(text), deadline).await
    }
}

fn postcode(text: &str) -> Code {
    Code::British(Postcode::parse(text).unwrap())
}

fn pack() -> Box<dyn Provider> {
    Box::new(Embedded(Pack::embedded()))
}

#[tokio::test(start_paused = true)]
async fn a_thousand_who_ask_at_once_cause_one_call() {
    let service = Scripted::new("service", [Line::Wait(Duration::from_millis(100), found())]);
    let bench = Bench::of(&[&service]);
    let answers = futures_util::future::join_all((0..1_000).map(|_| bench.ask("DH1 3LE"))).await;
    assert_eq!(service.calls(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.resolution.verdict, Verdict::Found(_))));
    assert_eq!(answers[0].via, Via::Miss { stored: true });
    assert!(answers[1..].iter().all(|answer| answer.via == Via::Collapsed));
    assert!(bench.cache.0.flights().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_takes_nothing_from_those_who_wait() {
    let go = Arc::new(Notify::new());
    let service = Scripted::new("service", [Line::Until(Arc::clone(&go))]);
    let bench = Bench::of(&[&service]);
    let cache = bench.cache.clone();
    let leader = tokio::spawn(async move { cache.resolve(postcode("DH1 3LE"), Deadline::after(limits::LOAD)).await });
    tokio::task::yield_now().await;
    let cache = bench.cache.clone();
    let waiter = tokio::spawn(async move { cache.resolve(postcode("DH1 3LE"), Deadline::after(limits::LOAD)).await });
    tokio::task::yield_now().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    go.notify_one();
    assert_eq!(waiter.await.unwrap().via, Via::Collapsed);
    assert!(matches!(bench.ask("DH1 3LE").await.via, Via::Hit { .. }));
    assert_eq!(service.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_nobody_waits_for_any_longer_still_fills_the_cache() {
    let service = Scripted::new("service", [Line::Wait(Duration::from_millis(300), found())]);
    let bench = Bench::of(&[&service]);
    let early = bench.cache.resolve(postcode("DH1 3LE"), Deadline::after(Duration::from_millis(20))).await;
    assert_eq!((early.via, &early.resolution.verdict), (Via::Shed, &Verdict::Unresolved));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(matches!(bench.ask("DH1 3LE").await.via, Via::Hit { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_is_not_waited_for_longer_than_most_of_its_answers_take() {
    let (first, second) = (Scripted::new("first", [Line::Hang]), Scripted::new("second", []));
    let bench = Bench::of(&[&first, &second]);
    let start = tokio::time::Instant::now();
    assert_eq!(bench.ask("DH1 3LE").await.resolution.source, "second");
    assert_eq!(start.elapsed().as_millis(), limits::HEDGE_MIN.as_millis());
}

#[tokio::test(start_paused = true)]
async fn with_every_service_hanging_the_pack_answers_within_the_deadline() {
    let hanging: Vec<Scripted> = (0..4).map(|_| Scripted::new("hanging", [Line::Hang])).collect();
    let mut providers: Vec<Box<dyn Provider>> = hanging.iter().map(|p| Box::new(p.clone()) as _).collect();
    providers.push(pack());
    let bench = Bench::new(providers);
    let start = tokio::time::Instant::now();
    let answer = bench.ask("DH1 3LE").await;
    assert!(matches!(answer.resolution.verdict, Verdict::Found(_)));
    assert_eq!(answer.resolution.source, crate::embedded::NAME);
    assert!(start.elapsed() <= Duration::from_millis(limits::DEADLINE_MS), "{:?}", start.elapsed());
    let hurried = bench.cache.resolve(postcode("NE1 7RU"), Deadline::now()).await;
    assert_eq!((hurried.via, hurried.resolution.source), (Via::Shed, crate::embedded::NAME));
}

#[tokio::test(start_paused = true)]
async fn a_load_that_panics_becomes_an_answer_and_the_next_caller_tries_again() {
    let service = Scripted::new("service", [Line::Panic]);
    let bench = Bench::of(&[&service]);
    assert_eq!(bench.ask("DH1 3LE").await.resolution.verdict, Verdict::Unresolved);
    assert!(matches!(bench.ask("DH1 3LE").await.resolution.verdict, Verdict::Found(_)));
}

#[tokio::test(start_paused = true)]
async fn a_found_postcode_is_fresh_for_seven_days_give_or_take_a_tenth() {
    let service = Scripted::new("service", []);
    let bench = Bench::of(&[&service]);
    bench.ask("DH1 3LE").await;
    bench.pass(63 * DAY_MS / 10 - 1);
    assert!(matches!(bench.ask("DH1 3LE").await.via, Via::Hit { .. }));
    assert_eq!(service.calls(), 1);
    bench.pass(14 * DAY_MS / 10 + 2);
    assert!(matches!(bench.ask("DH1 3LE").await.via, Via::Stale { .. }));
}

#[tokio::test(start_paused = true)]
async fn up_to_thirty_days_an_old_answer_is_given_at_once_and_asked_for_anew_behind_it() {
    let service = Scripted::new("service", [Line::Say(found()), Line::Wait(Duration::from_millis(300), found())]);
    let bench = Bench::of(&[&service]);
    bench.ask("DH1 3LE").await;
    bench.pass(30 * DAY_MS - 1);
    let start = tokio::time::Instant::now();
    assert!(matches!(bench.ask("DH1 3LE").await.via, Via::Stale { .. }));
    assert!(matches!(bench.ask("DH1 3LE").await.via, Via::Stale { .. }));
    assert_eq!(start.elapsed(), Duration::ZERO);
    bench.landed().await;
    assert!(matches!(bench.ask("DH1 3LE").await.via, Via::Hit { .. }));
    assert_eq!(service.calls(), 2, "one asks anew for all");
}

#[tokio::test(start_paused = true)]
async fn asking_anew_in_vain_is_not_repeated_for_a_minute() {
    let failures = (0..50).map(|_| Line::Say(Outcome::Malformed));
    let service = Scripted::new("service", std::iter::once(Line::Say(found())).chain(failures));
    let bench = Bench::of(&[&service]);
    bench.ask("DH1 3LE").await;
    bench.pass(10 * DAY_MS);
    for _ in 0..10 {
        assert!(matches!(bench.ask("DH1 3LE").await.via, Via::Stale { .. }));
        bench.landed().await;
    }
    assert_eq!(service.calls(), 2);
    bench.pass(limits::REFRESH_REST.as_millis() as u64);
    bench.ask("DH1 3LE").await;
    bench.landed().await;
    assert_eq!(service.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn up_to_half_a_year_an_old_answer_is_given_if_no_service_can_say() {
    let service =
        Scripted::new("service", [Line::Say(found()), Line::Say(Outcome::Malformed), Line::Say(Outcome::Malformed)]);
    let bench = Bench::new(vec![Box::new(service.clone()), pack()]);
    bench.ask("DH1 3LE").await;
    bench.pass(179 * DAY_MS);
    let answer = bench.ask("DH1 3LE").await;
    assert!(matches!(answer.via, Via::StaleIfError { .. }), "{:?}", answer.via);
    assert_eq!(answer.resolution.source, "service");
    bench.pass(DAY_MS);
    let answer = bench.ask("DH1 3LE").await;
    assert_eq!((answer.via, answer.resolution.source), (Via::Miss { stored: false }, crate::embedded::NAME));
    assert_eq!(bench.ask("DH1 3LE").await.via, Via::Miss { stored: true });
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_gives_way_when_services_say_otherwise() {
    let lines = || [Line::Say(found()), Line::Say(Outcome::NotFound)];
    let (first, second) = (Scripted::new("first", lines()), Scripted::new("second", [Line::Say(Outcome::NotFound)]));
    let bench = Bench::of(&[&first, &second]);
    bench.ask("DH1 3LE").await;
    bench.pass(100 * DAY_MS);
    assert_eq!(bench.ask("DH1 3LE").await.resolution.verdict, Verdict::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_postcode_that_two_services_do_not_know_stays_unknown_for_six_hours() {
    let deny = || (0..2).map(|_| Line::Say(Outcome::NotFound));
    let (first, second) = (Scripted::new("first", deny()), Scripted::new("second", deny()));
    let bench = Bench::of(&[&first, &second]);
    assert_eq!(bench.ask("ID1 1QE").await.resolution.verdict, Verdict::NotFound);
    bench.pass(54 * HOUR_MS / 10 - 1);
    assert!(matches!(bench.ask("ID1 1QE").await.via, Via::Hit { .. }));
    bench.pass(12 * HOUR_MS / 10 + 2);
    assert_eq!(bench.ask("ID1 1QE").await.via, Via::Miss { stored: true });
    assert_eq!((first.calls(), second.calls()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn one_service_alone_is_not_believed_that_a_postcode_does_not_exist() {
    let service = Scripted::new("service", [Line::Say(Outcome::NotFound), Line::Say(Outcome::Invalid)]);
    let bench = Bench::of(&[&service]);
    assert_eq!(bench.ask("ID1 1QE").await.resolution.verdict, Verdict::Unresolved);
    let with_pack = Bench::new(vec![Box::new(service), pack()]);
    assert_eq!(with_pack.ask("ID1 1QE").await.resolution.verdict, Verdict::NotFound);
}

#[tokio::test(start_paused = true)]
async fn that_a_postcode_ended_is_believed_of_two_or_of_one_that_the_pack_bears_out() {
    let ended = || [Line::Say(Outcome::Terminated)];
    let (first, second) = (Scripted::new("first", ended()), Scripted::new("second", [Line::Say(Outcome::NotFound)]));
    let bench = Bench::of(&[&first, &second]);
    assert_eq!(bench.ask("AB1 0AA").await.resolution.verdict, Verdict::Terminated);
    assert!(matches!(bench.ask("AB1 0AA").await.via, Via::Hit { .. }));
    let bench = Bench::new(vec![Box::new(Scripted::new("first", ended())), pack()]);
    assert_eq!(bench.ask("AB1 0AA").await.resolution.verdict, Verdict::Terminated);
    let bench = Bench::new(vec![Box::new(Scripted::new("first", ended())), pack()]);
    let answer = bench.ask("DH1 3LE").await;
    assert_eq!((answer.resolution.source, answer.resolution.grounds), (crate::embedded::NAME, Grounds::PackOverDenial));
}

#[tokio::test(start_paused = true)]
async fn no_kind_of_error_is_ever_kept() {
    let errors = [
        Outcome::RateLimited(Some(Duration::from_secs(1))),
        Outcome::Unauthorised,
        Outcome::Exhausted,
        Outcome::Transient,
        Outcome::Malformed,
    ];
    for error in errors {
        let service = Scripted::new("service", [Line::Say(error.clone())]);
        let bench = Bench::of(&[&service]);
        let answer = bench.ask("DH1 3LE").await;
        assert_eq!((answer.via, &answer.resolution.verdict), (Via::Miss { stored: false }, &Verdict::Unresolved));
        assert_eq!(answer.resolution.source, "none", "{error:?}");
        tokio::time::sleep(limits::OPEN_HOPELESS).await;
        assert!(matches!(bench.ask("DH1 3LE").await.resolution.verdict, Verdict::Found(_)), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_kept_is_asked_for_every_time() {
    let script = Script { name: "keyed", cacheable: false, lines: Mutex::default(), calls: AtomicUsize::new(0) };
    let service = Scripted(Arc::new(script));
    let bench = Bench::of(&[&service]);
    for _ in 0..3 {
        assert_eq!(bench.ask("DH1 3LE").await.via, Via::Miss { stored: false });
    }
    assert_eq!(service.calls(), 3);
    assert_eq!(bench.cache.bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn more_loads_than_the_bound_are_answered_without_waiting() {
    let bench = Bench::new(vec![Box::new(Scripted::new("slow", (0..2_000).map(|_| Line::Hang))), pack()]);
    let codes: Vec<String> =
        (0..limits::FLIGHTS_MAX + 3).map(|i| format!("DH{} {}LE", i % 100, i / 100 % 10)).collect();
    let letters = |i: usize| ["LE", "LF", "LH"][i / 1_000];
    let asks = codes.iter().enumerate().map(|(i, code)| {
        let text = format!("{}{}", &code[..code.len() - 2], letters(i));
        let bench = &bench;
        async move { bench.ask(&text).await.via }
    });
    let ways = futures_util::future::join_all(asks).await;
    assert_eq!(ways.iter().filter(|via| **via == Via::Shed).count(), 3);
}

#[test]
fn jitter_spreads_over_its_whole_width_and_no_further() {
    let fresh_ms: Vec<u64> = (0..1_000)
        .map(|i| age::jittered(limits::FOUND_FRESH, postcode("DH1 3LE"), 1_800_000_000_000 + i).as_millis() as u64)
        .collect();
    let (least, most) = (fresh_ms.iter().min().unwrap(), fresh_ms.iter().max().unwrap());
    assert!((63 * DAY_MS / 10..65 * DAY_MS / 10).contains(least), "{least}");
    assert!((75 * DAY_MS / 10..=77 * DAY_MS / 10).contains(most), "{most}");
}

#[test]
fn memory_is_bounded_in_bytes() {
    let bench = Bench::new(Vec::new());
    let place = Place { name: Some("x".repeat(1 << 20)), ..Place::default() };
    let terms = Terms { cacheable: true, attribution: &[], embedded_ms: None };
    let resolution = Arc::new(Resolution {
        verdict: Verdict::Found(place),
        source: "service",
        terms,
        fetched_ms: 1_800_000_000_000,
        grounds: crate::chain::Grounds::ServiceKnows,
        steps: Vec::new(),
    });
    for i in 0..200 {
        bench.cache.0.keep(postcode(&format!("DH{} {}LE", i % 100, i / 100)), &resolution);
    }
    let bytes = bench.cache.bytes();
    assert!((1 << 24..=limits::CACHE_BYTES_MAX).contains(&bytes), "{bytes}");
}

#[tokio::test(start_paused = true)]
async fn with_everything_outside_dead_from_the_start_only_the_first_answer_takes_time() {
    let hanging = || (0..500).map(|_| Line::Hang);
    let (first, second) = (Scripted::new("first", hanging()), Scripted::new("second", hanging()));
    let bench = Bench::new(vec![Box::new(first.clone()), Box::new(second.clone()), pack()]);
    let start = tokio::time::Instant::now();
    let answer = bench.ask("DH1 3LE").await;
    assert_eq!((answer.resolution.source, answer.resolution.grounds), (crate::embedded::NAME, Grounds::PackForWant));
    assert!(start.elapsed() <= Duration::from_millis(1_500), "{:?}", start.elapsed());
    for second_s in 0..60 {
        let start = tokio::time::Instant::now();
        let answer = bench.ask(["NE1 7RU", "SW1A 2AA", "M1 1AE"][second_s % 3]).await;
        assert_eq!(answer.resolution.source, crate::embedded::NAME);
        assert!(start.elapsed() <= Duration::from_millis(5), "{:?}", start.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(first.calls() <= 7 && second.calls() <= 7, "probes alone: {} {}", first.calls(), second.calls());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_for_a_minute_is_not_asked_more_often_than_answers_are_wanted() {
    let failing = std::iter::once(Line::Say(found())).chain((0..5_000).map(|_| Line::Say(Outcome::Transient)));
    let service = Scripted::new("service", failing);
    let bench = Bench::new(vec![Box::new(service.clone()), pack()]);
    bench.ask("ZE1 0AA").await;
    let (mut wanted, mut slow) = (0, 0);
    for i in 0..600 {
        let start = tokio::time::Instant::now();
        bench.ask(&format!("DH{} {}LE", i % 9 + 1, i / 9 % 10)).await;
        wanted += 1;
        slow += usize::from(start.elapsed() > Duration::from_millis(300));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(service.calls() * 10 <= wanted * 12, "{} calls for {wanted} look-ups", service.calls());
    assert!(service.calls() <= 20, "{} calls", service.calls());
    assert_eq!(slow, 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_and_goes_is_repeated_within_its_budget() {
    let flapping = (0..2_000).map(|i| Line::Say(if i % 2 == 0 { found() } else { Outcome::Transient }));
    let service = Scripted::new("service", flapping);
    let bench = Bench::of(&[&service]);
    let mut wanted = 0;
    for i in 0..300 {
        bench.ask(&format!("DH{} {}{}E", i % 9 + 1, i / 9 % 10, ["A", "B", "D", "E"][i / 90])).await;
        wanted += 1;
    }
    assert!(service.calls() * 10 <= wanted * 12, "{} calls for {wanted} look-ups", service.calls());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_overtaken_is_still_found_out() {
    let hanging = std::iter::once(Line::Say(found())).chain((0..100).map(|_| Line::Hang));
    let (first, second) = (Scripted::new("first", hanging), Scripted::new("second", []));
    let bench = Bench::of(&[&first, &second]);
    for i in 0..20 {
        bench.ask(&format!("DH1 {}L{}", i % 10, ["A", "B"][i / 10])).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(first.calls() < 12, "its breaker opened: {}", first.calls());
    let doing = bench.cache.chain().doing();
    assert_ne!(doing[0].breaker, crate::breaker::State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_place_far_from_the_pack_s_is_not_believed() {
    let far = crate::grid::Position { latitude: 51.5, longitude: -0.12 };
    let place = Place { position: Some(far), ..Place::default() };
    let service = Scripted::new("service", [Line::Say(Outcome::Found(place))]);
    let bench = Bench::new(vec![Box::new(service), pack()]);
    let answer = bench.ask("DH1 3LE").await;
    assert_eq!(
        (answer.resolution.source, answer.resolution.grounds),
        (crate::embedded::NAME, Grounds::PackOverSuspect)
    );
    assert_eq!(answer.via, Via::Miss { stored: false });
}

#[tokio::test(start_paused = true)]
async fn a_postcode_that_nobody_can_be_asked_about_and_the_pack_lacks_may_be_new() {
    let service = Scripted::new("service", [Line::Say(Outcome::Transient)]);
    let bench = Bench::new(vec![Box::new(service), pack()]);
    let answer = bench.ask("DH1 9ZZ").await;
    assert_eq!((&answer.resolution.verdict, answer.resolution.grounds), (&Verdict::Unresolved, Grounds::NobodyKnows));
    let alone = Bench::new(vec![pack()]);
    assert_eq!(alone.ask("DH1 9ZZ").await.resolution.verdict, Verdict::NotFound);
}
