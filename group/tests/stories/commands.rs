//! The words of a story: every command that a scene may use, and what each does to the world. The list is in README.md.
mod acts;
mod views;

use crate::network::Wire;
use crate::world::World;
use group::Input;

/// Does what one line says.
pub(crate) fn carry_out(world: &mut World, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let known = people(world, &words) || wires(world, &words) || views::carry_out(world, &words);
    assert!(known, "no story knows the command {line:?}");
}

/// What is done to or asked of members.
fn people(world: &mut World, words: &[&str]) -> bool {
    match words {
        ["cast", rest @ ..] => acts::cast(world, rest),
        ["start", rest @ ..] => acts::start(world, rest),
        ["propose", who, what @ ..] => acts::propose(world, who, &what.join(" ")),
        ["read", who, what @ ..] => acts::read(world, who, &what.join(" ")),
        ["fence", loss, who @ ..] => acts::fence(world, number(loss), who),
        ["leave", who] => world.turn(who, vec![Input::Leave]),
        ["hand", "over", who, "to", heir, rest @ ..] => acts::hand_over(world, who, heir, rest),
        ["crash", who] => world.end(who),
        ["restart", who] => acts::restart(world, who),
        ["restart", who, "speaking", format] => {
            world.member(who).speaks = number(format);
            acts::restart(world, who);
        }
        ["freeze", who] => world.member(who).frozen = true,
        ["thaw", who] => acts::thaw(world, who),
        ["wipe", who] => world.member(who).format(),
        ["back", "up", who] => acts::back_up(world, who),
        ["restore", who] => acts::restore(world, who),
        ["unsound", who, why @ ..] => world.turn(who, vec![Input::DiskUnsound { why: why.join(" ") }]),
        ["snapshot", who] => acts::snapshot(world, who, None),
        ["snapshot", who, "at", seq] => acts::snapshot(world, who, Some(number(seq))),
        ["install", who] => acts::install(world, who),
        ["give", "up", "snapshot", who] => world.turn(who, vec![Input::FetchGivenUp]),
        ["sync", who] => world.sync(who, usize::MAX),
        ["sync", who, times] => world.sync(who, count(times)),
        ["hold", "disk", who] => world.member(who).disk_held = true,
        ["release", "disk", who] => world.member(who).disk_held = false,
        ["slow", "disk", who, ms] => world.member(who).disk_ms = number(ms.trim_end_matches("ms")),
        ["busy", who, ms] => acts::busy(world, who, number(ms.trim_end_matches("ms"))),
        ["tick", who] => world.tick(who),
        ["tick", who, times] => (0..count(times)).for_each(|_| world.tick(who)),
        ["after", ms] => world.pass(number(ms.trim_end_matches("ms"))),
        ["settle"] => world.settle(),
        ["clock", who, ms] => world.member(who).ahead_ms = number(ms.trim_start_matches('+').trim_end_matches("ms")),
        ["log", "time", who] => acts::log_time(world, who),
        ["state", names @ ..] => acts::each(world, names, |member, now| member.state(now)),
        ["logs", names @ ..] => acts::each(world, names, |member, _| member.log()),
        ["disk", names @ ..] => acts::each(world, names, |member, _| member.on_disk()),
        _ => return false,
    }
    true
}

/// What is done to messages and connections.
fn wires(world: &mut World, words: &[&str]) -> bool {
    match words {
        ["deliver"] => {
            for (to, wires) in world.network.mail() {
                world.deliver(&to, &wires, usize::MAX);
            }
        }
        ["deliver", wire] => acts::deliver(world, wire, usize::MAX),
        ["deliver", wire, times] => acts::deliver(world, wire, count(times)),
        ["forge", wire, "after", seq, entry, body @ ..] => {
            acts::forge(world, wire, number(seq), entry, &body.join(" "))
        }
        ["drop", wire] => each_wire(world, wire, |world, wire| drop(world.network.take(&wire, usize::MAX))),
        ["put", "last", wire] => each_wire(world, wire, |world, wire| world.network.put_last(&wire)),
        ["duplicate", wire] => each_wire(world, wire, |world, wire| world.network.duplicate(&wire)),
        ["hold", wire] => each_wire(world, wire, |world, wire| world.network.hold(wire)),
        ["cut", wire] => each_wire(world, wire, |world, wire| world.network.cut(wire)),
        ["mend", wire] => each_wire(world, wire, |world, wire| world.network.mend(&wire)),
        ["refuse", wire] => each_wire(world, wire, |world, wire| acts::refuse(world, &wire)),
        ["connect", wire] => each_wire(world, wire, |world, wire| acts::connect(world, &wire)),
        _ => return false,
    }
    true
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().ok().unwrap_or_else(|| panic!("{word:?} is not a number"))
}
/// `x6`
fn count(word: &str) -> usize {
    number(word.trim_start_matches('x'))
}

/// `r0->r1`, `r0<->r1`, and `*` for everyone else.
fn each_wire(world: &mut World, text: &str, mut act: impl FnMut(&mut World, Wire)) {
    let (from, to) = text.split_once("->").unwrap_or_else(|| panic!("{text:?} is not like r0->r1"));
    let (from, both) = from.strip_suffix('<').map_or((from, false), |from| (from, true));
    let named = |name: &str| match name {
        "*" => world.members.keys().cloned().collect(),
        name => vec![name.to_string()],
    };
    let (froms, tos) = (named(from), named(to));
    for from in &froms {
        for to in tos.iter().filter(|to| *to != from) {
            act(world, (from.clone(), to.clone()));
            if both {
                act(world, (to.clone(), from.clone()));
            }
        }
    }
}
