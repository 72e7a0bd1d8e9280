//! What this controller sees and thinks, as JSON for people and programs on its own port. A reading, never a source of truth.
use crate::conditions::Condition;
use crate::failovers::{Failover, Failovers};
use crate::observe::Observer;
use group::choose::{Link, Member, Store};
use group::{Pod, Status, Time, View};
use serde_json::{Value, json};

/// The whole account.
pub(crate) fn account(name: &str, observer: &Observer, conditions: &[Condition], failovers: &Failovers) -> Value {
    let (seen, now) = (&observer.seen, observer.clock.now().mono);
    let members: Vec<_> = seen.members().map(|(pod, seen)| member(pod, seen, now)).collect();
    json!({
        "name": name,
        "store": match seen.store() {
            Store::Unread => "unread".to_owned(),
            Store::Missing => "missing".to_owned(),
            Store::Is(_) => "read".to_owned(),
            Store::Unreadable(why) => why.clone(),
        },
        "view": seen.view().map(view),
        "conditions": conditions.iter().map(condition).collect::<Vec<_>>(),
        "members": members,
        "failovers": failovers.iter().map(failover).collect::<Vec<_>>(),
    })
}

/// A view, with the names that the front end's `/v1/cluster` uses.
pub(crate) fn view(view: &View) -> Value {
    json!({
        "group": view.group.to_string(),
        "version": view.version,
        "epoch": view.epoch.number,
        "loss_epoch": view.epoch.loss,
        "primary": view.primary,
        "primary_boot": view.primary_boot.to_string(),
        "in_sync": view.in_sync.keys().collect::<Vec<_>>(),
        "members": view.members,
        "min_in_sync": view.min_in_sync,
        "cause": view.change.cause,
    })
}

fn condition(condition: &Condition) -> Value {
    let Condition { kind, holds, reason, message } = condition;
    let status = holds.map_or("Unknown", |holds| if holds { "True" } else { "False" });
    json!({ "type": kind.to_string(), "status": status, "reason": reason, "message": message })
}

fn member(pod: &Pod, member: &Member, now: Time) -> Value {
    let link = match member.link {
        Link::Unknown => "unknown",
        Link::Up => "up",
        Link::Closed => "closed",
        Link::Refused => "refused",
        Link::Silent => "silent",
    };
    json!({
        "name": pod,
        "link": link,
        "link_ms": now.ms_since(member.link_since),
        "status": member.status.as_ref().map(status),
        "status_age_ms": member.status.as_ref().map(|_| now.ms_since(member.status_at)),
    })
}

fn status(status: &Status) -> Value {
    json!({
        "storage_id": status.me.storage.to_string(),
        "boot_id": status.me.boot.to_string(),
        "role": status.role,
        "promised": status.promised.to_string(),
        "view": status.view.as_ref().map(|view| json!({ "version": view.version, "epoch": view.epoch.to_string() })),
        "durable": status.tail.seq,
        "committed": status.commit,
        "trouble": status.unhealthy,
        "view_lost": status.view_lost,
        "stalled": status.stalled,
        "suspects": status.suspects,
    })
}

fn failover(failover: &Failover) -> Value {
    json!({
        "epoch": failover.epoch.number,
        "from": failover.from,
        "to": failover.to,
        "cause": failover.cause,
        "detect_ms": failover.detect_ms,
        "write_ms": failover.write_ms,
        "take_over_ms": failover.take_over_ms,
    })
}
