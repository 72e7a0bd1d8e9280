//! Everything in a story: members, wires, store and time. Gives inputs to cores and carries their outputs out; decides nothing.
use crate::disk::Job;
use crate::member::Member;
use crate::names;
use crate::network::{self, Network, Packet, Wire};
use crate::store::Store;
use group::limits::TICK_MS;
use group::{Input, Message, Output, Time};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The whole stage.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) network: Network,
    pub(crate) store: Store,
    /// While everything flows by itself, only what matters is told: no messages, no writes, no saves.
    pub(crate) brief: bool,
    /// Orders come so fast that commits are not told.
    pub(crate) busy: bool,
    lines: Vec<(String, usize)>,
}

impl World {
    pub(crate) fn say(&mut self, line: String) {
        // What repeats itself while everything flows is told once and counted.
        let told = self.brief.then(|| self.lines.iter_mut().find(|(told, _)| *told == line)).flatten();
        match told {
            Some((_, times)) => *times += 1,
            None => self.lines.push((line, 1)),
        }
    }
    /// Everything said since the last time.
    pub(crate) fn told(&mut self) -> Vec<String> {
        let count = |(line, times)| if times == 1 { line } else { format!("{line} (x{times})") };
        std::mem::take(&mut self.lines).into_iter().map(count).collect()
    }
    pub(crate) fn member(&mut self, name: &str) -> &mut Member {
        self.members.get_mut(name).unwrap_or_else(|| panic!("there is no {name} in this story"))
    }
    /// Those whose processes run.
    pub(crate) fn alive(&self) -> Vec<String> {
        let alive = self.members.values().filter(|member| member.core.is_some() && !member.frozen);
        alive.map(|member| member.name.clone()).collect()
    }

    /// One turn of a member's loop: what happened, then what it says to that.
    pub(crate) fn turn(&mut self, name: &str, inputs: Vec<Input>) {
        let time = self.now;
        let member = self.member(name);
        let now = member.now(time);
        let Some(core) = &mut member.core else { return };
        let mut out = Vec::new();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            for input in inputs {
                core.step(now, input, &mut out);
            }
            core.flush(now, &mut out);
        }));
        if let Err(panic) = ended {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
            self.say(format!("{name} fails an assertion: {}", text.unwrap_or_default()));
            return self.end(name);
        }
        for output in out {
            self.carry_out(name, output);
        }
    }

    fn carry_out(&mut self, name: &str, output: Output) {
        if self.member(name).core.is_none() {
            return;
        }
        let is_traffic = matches!(output, Output::Write { .. } | Output::Save { .. } | Output::Send { .. });
        if let Some(words) = names::output(&output)
            && !(is_traffic && self.brief)
        {
            self.say(format!("{name} {words}"));
        }
        match output {
            Output::Write { write, cut, entries, commit } => {
                let now = self.now;
                self.member(name).disk.take(now, Job::Write { write, cut, entries, commit });
            }
            Output::Save { save, group, promised, view } => {
                let now = self.now;
                self.member(name).disk.take(now, Job::Save { save, group, promised, view });
            }
            Output::Send { to, message } => self.send(name, to.as_str(), message),
            Output::Propose(proposal) => self.store.send(name, proposal),
            Output::ReadView { held } => self.member(name).asked = Some(held),
            Output::Committed { seq } => {
                let answers = self.member(name).committed(seq);
                if self.busy {
                    return;
                }
                self.say(format!("{name} commits {seq}{}", answered(&answers)));
            }
            Output::ReadReady { ticket } => {
                let answers = self.member(name).ready(ticket);
                self.say(format!("{name} reads{}", answered(&answers)));
            }
            Output::FetchSnapshot { from, .. } => self.member(name).fetches = Some(from.to_string()),
            Output::Trim { upto } => self.member(name).disk.trim(upto),
            Output::Reset { .. } => {
                self.end(name);
                self.member(name).format();
            }
            Output::Exit { .. } => self.end(name),
            Output::Lead { .. } | Output::Changed(_) | Output::Viewed(_) => {}
        }
    }

    fn send(&mut self, from: &str, to: &str, message: Message) {
        if !self.brief {
            self.say(format!("{from}->{to} {}", network::words(&message)));
        }
        let connected = self.members.get(to).is_some_and(|member| member.core.is_some());
        if connected {
            let packet = Packet { from: self.member(from).peer(), message };
            self.network.send((from.into(), to.into()), packet);
        }
    }
    /// The process is gone, with what it held.
    pub(crate) fn end(&mut self, name: &str) {
        let dropped = self.member(name).end();
        if !dropped.is_empty() {
            self.say(format!("{name} never answers {}", dropped.join(", ")));
        }
        self.network.close(name);
    }

    /// Gives a member what waits on these wires, in one turn of its loop.
    pub(crate) fn deliver(&mut self, to: &str, wires: &[Wire], most: usize) {
        let packets = wires.iter().flat_map(|wire| self.network.take(wire, most)).collect::<Vec<_>>();
        let inputs = packets.into_iter().map(|Packet { from, message }| Input::Receive { from, message }).collect();
        self.turn(to, inputs);
    }
    /// The disk does up to `most` of what it was told.
    pub(crate) fn sync(&mut self, name: &str, most: usize) {
        let disk = &mut self.member(name).disk;
        let inputs: Vec<Input> = (0..most).map_while(|_| disk.sync_one()).map(|job| Member::done(&job)).collect();
        self.turn(name, inputs);
    }
    /// Time passes, and this member ticks.
    pub(crate) fn tick(&mut self, name: &str) {
        self.now = self.now.plus_ms(TICK_MS);
        self.turn(name, vec![Input::Tick]);
    }

    /// Messages arrive and disks sync, except where something holds them, until nothing moves.
    pub(crate) fn settle(&mut self) {
        self.brief = true;
        for _ in 0..1000 {
            if !self.flow() {
                self.brief = false;
                return;
            }
        }
        panic!("it never settles");
    }
    fn flow(&mut self) -> bool {
        let alive = self.alive();
        let mut moved = false;
        for name in &alive {
            let now = self.now;
            let member = self.member(name);
            let due = if member.disk_held { 0 } else { member.disk.due(now, member.disk_ms) };
            if due > 0 {
                self.sync(name, due);
                moved = true;
            }
        }
        for (to, wires) in self.network.mail() {
            if alive.contains(&to) {
                self.deliver(&to, &wires, usize::MAX);
                moved = true;
            }
        }
        moved
    }
    /// Time passes for everyone who is not stopped, and everything flows.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.brief = true;
        for _ in 0..ms / TICK_MS {
            self.now = self.now.plus_ms(TICK_MS);
            for name in self.alive() {
                self.turn(&name, vec![Input::Tick]);
            }
            self.settle();
            self.brief = true;
        }
        self.brief = false;
    }
}

fn answered(answers: &[String]) -> String {
    if answers.is_empty() { String::new() } else { format!(" and answers {}", answers.join(", ")) }
}
