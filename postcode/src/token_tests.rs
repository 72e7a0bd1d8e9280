//! Tests of tokens with the simulator's door and a clock that tests turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;

use super::*;
use crate::code::Code;
use crate::country::Country;
use crate::outside::{Outside, Pass};
use crate::provider::{Deadline, Provider, Reply};
use crate::services;
use crate::simulator::{Fault, Simulator};

const HOUR_MS: u64 = 3_600_000;

/// OneMap behind its door, and a clock that begins at the computer's time.
struct Bench {
    simulator: Simulator,
    onemap: Outside,
    tokens: Tokens,
    now_ms: Arc<AtomicU64>,
}

impl Bench {
    async fn new() -> Bench {
        let simulator = Simulator::start().await.unwrap();
        let now_ms = Arc::new(AtomicU64::new(Clock::system().now_ms()));
        let shown = Arc::clone(&now_ms);
        let clock = Clock::new(move || shown.load(Ordering::Relaxed));
        let url = format!("{}/onemap", simulator.url());
        let service = || services::named("onemap").unwrap();
        let login = Login { email: "ada@example.org".into(), password: "lovelace".into() };
        let tokens = Tokens::new(service(), &url, login, Fetch::plain(), clock).unwrap();
        let onemap = Outside::new(service(), &url, Pass::Tokens(tokens.clone()), 1, Fetch::plain());
        Bench { simulator, onemap, tokens, now_ms }
    }

    async fn ask(&self) -> Reply {
        let code = Code::parse(Country::parse("SG").unwrap(), "307987").unwrap();
        self.onemap.lookup(code, Deadline::after(Duration::from_secs(30))).await
    }

    fn pass(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn calls(&self) -> u64 {
        self.simulator.calls("onemap")
    }

    /// Until nobody is logging in.
    async fn settled(&self) {
        drop(self.tokens.0.turn.lock().await);
    }
}

fn is_found(reply: &Reply) -> bool {
    matches!(reply.outcome, Outcome::Found(_))
}

#[tokio::test]
async fn one_login_serves_all_who_ask_until_the_token_ends() {
    let bench = Bench::new().await;
    let replies = futures_util::future::join_all((0..20).map(|_| bench.ask())).await;
    assert!(replies.iter().all(is_found), "{replies:?}");
    assert_eq!(bench.calls(), 21, "one login and twenty questions");
    bench.pass(59 * HOUR_MS);
    assert!(is_found(&bench.ask().await));
    assert_eq!(bench.calls(), 22, "twelve hours and more are left");
}

#[tokio::test]
async fn the_next_token_is_got_before_the_old_one_ends_and_nobody_waits_for_it() {
    let bench = Bench::new().await;
    bench.ask().await;
    bench.pass(61 * HOUR_MS);
    bench.simulator.break_down("onemap", Fault::Broken);
    for _ in 0..3 {
        assert_eq!(bench.tokens.get().await.unwrap(), "token-1");
        bench.settled().await;
    }
    assert_eq!(bench.calls(), 3, "after a login in vain the next one waits");
    bench.simulator.break_down("onemap", Fault::None);
    bench.pass(limits::LOGIN_REST.as_millis() as u64);
    assert_eq!(bench.tokens.get().await.unwrap(), "token-1");
    bench.settled().await;
    assert_eq!(bench.tokens.get().await.unwrap(), "token-2");
    assert!(is_found(&bench.ask().await));
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_and_the_question_asked_once_more() {
    let bench = Bench::new().await;
    bench.ask().await;
    bench.simulator.call_tokens_back();
    let reply = bench.ask().await;
    assert!(is_found(&reply), "{reply:?}");
    assert_eq!(bench.calls(), 5, "login, question, refused question, login, question");
}

#[tokio::test]
async fn a_token_that_has_ended_is_not_shown_to_anyone() {
    let bench = Bench::new().await;
    bench.ask().await;
    bench.pass(73 * HOUR_MS);
    assert_eq!(bench.tokens.get().await.unwrap(), "token-2");
}

#[tokio::test]
async fn a_service_may_not_give_tokens_for_ever_and_may_give_short_ones() {
    let bench = Bench::new().await;
    bench.simulator.give_tokens_for(Duration::from_secs(365 * 24 * 3_600));
    bench.ask().await;
    bench.pass(73 * HOUR_MS);
    assert_eq!(bench.tokens.get().await.unwrap(), "token-2", "three days at most");
    bench.simulator.give_tokens_for(Duration::ZERO);
    bench.pass(73 * HOUR_MS);
    assert!(is_found(&bench.ask().await), "good for this one question");
}

#[tokio::test]
async fn who_is_turned_away_at_the_door_hears_why_and_is_let_in_later() {
    let bench = Bench::new().await;
    for (fault, word) in [
        (Fault::Unauthorised, "unauthorised"),
        (Fault::TooManyFor, "rate_limited"),
        (Fault::Broken, "transient"),
        (Fault::Html, "malformed"),
        (Fault::Oversized, "malformed"),
        (Fault::Reset, "transient"),
    ] {
        bench.simulator.break_down("onemap", fault);
        assert_eq!(bench.ask().await.outcome.word(), word, "{fault}");
    }
    bench.simulator.break_down("onemap", Fault::None);
    assert!(is_found(&bench.ask().await));
}

#[tokio::test]
async fn a_caller_who_leaves_takes_the_token_from_nobody() {
    let bench = Bench::new().await;
    assert!(bench.tokens.get().now_or_never().is_none());
    assert_eq!(bench.tokens.get().await.unwrap(), "token-1");
}
