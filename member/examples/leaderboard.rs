//! A leaderboard that people watch: scores are submitted by many, each once; whoever watches gets every change once and in order, from
//! any member, across the death of the primary. It shows exactly-once by a key, eventual reads, and the feed.
//!
//! `cargo run -p member --example leaderboard`
mod support;

use bytes::Bytes;
use group::{Seq, Wall};
use member::client::FeedEvent;
use member::{BEGINNING, Consistency, Executed, LoadError, Machine, Slice};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use support::Group;

/// Points that a player won in one game. Player and game together are the key: submitted again, they count once.
#[derive(Serialize, Deserialize)]
struct Won {
    player: String,
    game: u32,
    points: u64,
}

/// What a player has afterwards: absolute, so that applying it twice is applying it once.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Score {
    total: u64,
    games: BTreeMap<u32, u64>,
}

#[derive(Default)]
struct Board {
    scores: BTreeMap<String, Score>,
}

fn bytes(value: &impl Serialize) -> Bytes {
    postcard::to_stdvec(value).expect("plain data can be written").into()
}

impl Machine for Board {
    fn execute(&self, _: Wall, command: &[u8]) -> Executed {
        let Ok(Won { player, game, points }) = postcard::from_bytes(command) else {
            return Executed::Unchanged { reply: bytes(&None::<u64>) };
        };
        let mut score = self.scores.get(&player).cloned().unwrap_or_default();
        if score.games.contains_key(&game) {
            return Executed::Unchanged { reply: bytes(&Some(score.total)) };
        }
        score.games.insert(game, points);
        score.total += points;
        let reply = bytes(&Some(score.total));
        Executed::Changed { delta: bytes(&(player, score)), reply }
    }
    fn apply(&mut self, _: Wall, _: Seq, delta: &[u8]) {
        let (player, score) = postcard::from_bytes(delta).expect("a delta of this machine");
        self.scores.insert(player, score);
    }
    /// The best three.
    fn query(&self, _: Wall, _: &[u8]) -> Bytes {
        let mut best: Vec<(u64, &String)> = self.scores.iter().map(|(player, score)| (score.total, player)).collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        best.truncate(3);
        bytes(&best)
    }
    fn blank(&self) -> Board {
        Board::default()
    }
    fn slice(&self, from: Option<&[u8]>, budget: usize) -> Slice {
        let from = from.map_or(String::new(), |from| String::from_utf8_lossy(from).into_owned());
        let mut piece = Vec::new();
        let mut next = None;
        for (player, score) in self.scores.range(from..) {
            if piece.len() >= budget {
                next = Some(Bytes::copy_from_slice(player.as_bytes()));
                break;
            }
            piece.extend_from_slice(&bytes(&(player, score)));
        }
        Slice { bytes: piece.into(), next }
    }
    fn load(&mut self, mut slice: &[u8]) -> Result<(), LoadError> {
        while !slice.is_empty() {
            let ((player, score), rest) =
                postcard::take_from_bytes(slice).map_err(|error| LoadError { what: error.to_string() })?;
            self.scores.insert(player, score);
            slice = rest;
        }
        Ok(())
    }
    fn digest(&self) -> u64 {
        self.scores.values().fold(0, |sum, score| sum.wrapping_mul(31).wrapping_add(score.total))
    }
}

fn best(reply: &[u8]) -> Vec<(u64, String)> {
    postcard::from_bytes(reply).expect("the best three")
}

const PLAYERS: [&str; 4] = ["ada", "ben", "cleo", "dan"];
const GAMES: u32 = 250;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut group = Group::start(Board::default);
    let client = group.client("leaderboard");
    let mut feed = client.feed(Some(BEGINNING));
    let watcher = tokio::spawn(async move {
        let mut changes = 0;
        while changes < PLAYERS.len() * GAMES as usize {
            match feed.next().await {
                FeedEvent::Page(page) => changes += page.entries.len(),
                FeedEvent::Reset { now } => panic!("the history is gone; it goes on at {now}"),
            }
        }
        changes
    });
    let players: Vec<_> = PLAYERS
        .into_iter()
        .zip(1..)
        .map(|(player, skill)| {
            let client = client.clone();
            tokio::spawn(async move {
                for game in 0..GAMES {
                    let won = Won { player: player.into(), game, points: skill };
                    client.submit(bytes(&won)).await.expect("ten seconds are enough for a failover");
                }
            })
        })
        .collect();
    while client.metrics().answered < 200 {
        tokio::task::yield_now().await;
    }
    println!("killed {} while they play", group.kill_primary());
    let some = client.read(Consistency::Eventual, Bytes::new()).await.expect("a backup answers");
    println!("meanwhile a backup says ({:?}): {:?}", some.freshness, best(&some.reply));
    for player in players {
        player.await.expect("a player's task ends");
    }
    let now = client.read(Consistency::Strong, Bytes::new()).await.expect("there is a primary");
    println!("the best: {:?}", best(&now.reply));
    assert_eq!(best(&now.reply)[0], (4 * u64::from(GAMES), "dan".into()), "every game counts once");
    println!("the watcher saw {} changes, each once", watcher.await.expect("the watcher ends"));
    println!("sent again after the failover: {} requests", client.metrics().retried);
}
