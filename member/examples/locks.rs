//! A lock service: named locks with fencing tokens that end by themselves when their holder does not come back. It shows commands,
//! refusals, reads, and timers that fire by log time, on whichever member leads.
//!
//! `cargo run -p member --example locks`
mod support;

use bytes::Bytes;
use group::{Seq, Wall};
use member::{Consistency, Executed, LoadError, Machine, Slice};
use std::collections::BTreeMap;
use std::time::Duration;
use support::Group;

/// Who holds a lock. The token is the number of the log entry that gave it: it grows with every holder, so that whatever the lock
/// protects can refuse those who held it before.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Holder {
    owner: String,
    until: Wall,
    token: Seq,
}

/// All locks. Commands: `take NAME OWNER MS`, `give NAME OWNER`, `expire NAME`. A delta is what a lock is afterwards:
/// `NAME OWNER UNTIL`, or `NAME` if it is free.
#[derive(Default)]
struct Locks {
    held: BTreeMap<String, Holder>,
}

fn said(text: String) -> Bytes {
    Bytes::from(text.into_bytes())
}

impl Locks {
    fn take(&self, at: Wall, name: &str, owner: &str, ms: &str) -> Executed {
        let Ok(ms) = ms.parse::<u64>() else { return refuse("the time is a number of milliseconds") };
        match self.held.get(name).filter(|holder| holder.until > at) {
            // The same owner asks again: the same answer, so that asking twice takes once.
            Some(holder) if holder.owner == owner => refuse("yours already"),
            Some(holder) => refuse(&format!("held by {}", holder.owner)),
            None => {
                Executed::Changed { delta: said(format!("{name} {owner} {}", at + ms)), reply: said("yours".into()) }
            }
        }
    }
    fn free(&self, name: &str, reply: &str) -> Executed {
        Executed::Changed { delta: said(name.into()), reply: said(reply.into()) }
    }
    fn put(&mut self, seq: Seq, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            [name, owner, until] => {
                let until = until.parse().unwrap_or(0);
                self.held.insert(name.into(), Holder { owner: owner.into(), until, token: seq });
            }
            _ => drop(self.held.remove(line)),
        }
    }
}

fn refuse(why: &str) -> Executed {
    Executed::Unchanged { reply: said(why.into()) }
}

impl Machine for Locks {
    fn execute(&self, at: Wall, command: &[u8]) -> Executed {
        let Ok(command) = std::str::from_utf8(command) else { return refuse("not text") };
        match command.split(' ').collect::<Vec<_>>()[..] {
            ["take", name, owner, ms] => self.take(at, name, owner, ms),
            ["give", name, owner] => match self.held.get(name) {
                Some(holder) if holder.owner == owner => self.free(name, "given back"),
                _ => refuse("not yours"),
            },
            ["expire", name] => match self.held.get(name) {
                Some(holder) if holder.until <= at => self.free(name, "expired"),
                _ => refuse("not due"),
            },
            _ => refuse("say: take NAME OWNER MS, or give NAME OWNER"),
        }
    }
    fn apply(&mut self, _: Wall, seq: Seq, delta: &[u8]) {
        self.put(seq, &String::from_utf8_lossy(delta));
    }
    fn query(&self, at: Wall, name: &[u8]) -> Bytes {
        let holder = self.held.get(String::from_utf8_lossy(name).as_ref()).filter(|holder| holder.until > at);
        said(holder.map_or("free".into(), |holder| format!("{} with token {}", holder.owner, holder.token)))
    }
    fn due(&self, at: Wall, max: usize) -> Vec<Bytes> {
        let over = self.held.iter().filter(|(_, holder)| holder.until <= at);
        over.take(max).map(|(name, _)| said(format!("expire {name}"))).collect()
    }
    fn blank(&self) -> Locks {
        Locks::default()
    }
    fn slice(&self, from: Option<&[u8]>, budget: usize) -> Slice {
        let from = from.map_or(String::new(), |from| String::from_utf8_lossy(from).into_owned());
        let (mut text, mut next) = (String::new(), None);
        for (name, Holder { owner, until, token }) in self.held.range(from..) {
            if text.len() >= budget {
                next = Some(said(name.clone()));
                break;
            }
            text.push_str(&format!("{token} {name} {owner} {until}\n"));
        }
        Slice { bytes: said(text), next }
    }
    fn load(&mut self, slice: &[u8]) -> Result<(), LoadError> {
        for line in String::from_utf8_lossy(slice).lines() {
            let bad = || LoadError { what: format!("the line {line:?}") };
            let (token, rest) = line.split_once(' ').ok_or_else(bad)?;
            self.put(token.parse().map_err(|_| bad())?, rest);
        }
        Ok(())
    }
    fn digest(&self) -> u64 {
        let lines = self.held.iter().map(|(name, holder)| format!("{name}{holder:?}"));
        lines.flat_map(String::into_bytes).fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), member::Failure> {
    let mut group = Group::start(Locks::default);
    let client = group.client("locks");
    let say = async |command: &str| -> Result<String, member::Failure> {
        let answer = client.submit(Bytes::copy_from_slice(command.as_bytes())).await?;
        let reply = String::from_utf8_lossy(&answer.reply).into_owned();
        println!("{command:24} → {reply}");
        Ok(reply)
    };
    let holder = async || -> Result<String, member::Failure> {
        let answer = client.read(Consistency::Strong, Bytes::from_static(b"press")).await?;
        Ok(String::from_utf8_lossy(&answer.reply).into_owned())
    };
    assert_eq!(say("take press ada 60000").await?, "yours");
    assert_eq!(say("take press ben 60000").await?, "held by ada");
    println!("killed {}, which led; the lock is where it was", group.kill_primary());
    assert!(holder().await?.starts_with("ada with token"));
    assert_eq!(say("take press ben 60000").await?, "held by ada");
    assert_eq!(say("give press ada").await?, "given back");
    assert_eq!(say("take press ben 300").await?, "yours");
    while holder().await? != "free" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("ben did not come back: the lock is free");
    Ok(())
}
