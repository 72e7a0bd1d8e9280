//! The cluster's network: one bridge in a namespace of its own, one namespace a node, pods routed between them. Nothing in
//! it has a way out. Knows `ip` and `nsenter`.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::Result;

use super::place::{API_ADDRESS, NODES, SERVICES, WORLD, address, namespace, pods};
use crate::sh::{Sh, line, sh, words};

pub(super) fn exists(namespace: &str) -> bool {
    Path::new("/run/netns").join(namespace).exists()
}

/// A program on the network of a namespace. Not by `ip netns exec`: that mounts a fresh /sys, which hides the cgroups.
pub(super) fn in_namespace(namespace: &str, program: impl AsRef<OsStr>) -> Sh {
    sh("nsenter").arg(format!("--net=/run/netns/{namespace}")).arg(program)
}

/// A command line without spaces in its words, on the network of a namespace.
pub(super) fn within(namespace: &str, text: &str) -> Result<()> {
    words(&format!("nsenter --net=/run/netns/{namespace} {text}")).run()
}

pub(super) fn make() -> Result<()> {
    line(&format!("ip netns add {WORLD}"))?;
    for text in [
        "ip link set lo up",
        "ip link add br0 type bridge",
        &format!("ip addr add {API_ADDRESS}/24 dev br0"),
        "ip link set br0 up",
        "sysctl -qw net.ipv4.ip_forward=1",
        // Service addresses are rewritten before they leave, but a way is looked up before that.
        &format!("ip route add {SERVICES} dev br0"),
    ] {
        within(WORLD, text)?;
    }
    (1..=NODES.len()).try_for_each(make_node)
}

fn make_node(number: usize) -> Result<()> {
    let name = NODES[number - 1];
    let (space, own) = (namespace(name), address(number));
    line(&format!("ip netns add {space}"))?;
    line(&format!("ip link add veth-{name} netns {WORLD} type veth peer name eth0 netns {space}"))?;
    within(WORLD, &format!("ip link set veth-{name} master br0 up"))?;
    for text in [
        "ip link set lo up",
        &format!("ip addr add {own}/24 dev eth0"),
        "ip link set eth0 up",
        "sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1",
        &format!("ip route add {SERVICES} dev eth0"),
    ] {
        within(&space, text)?;
    }
    within(WORLD, &format!("ip route add {} via {own}", pods(number)))?;
    let others = (1..=NODES.len()).filter(|other| *other != number);
    for other in others {
        within(&space, &format!("ip route add {} via {}", pods(other), address(other)))?;
    }
    Ok(())
}

/// Removes every namespace of ours; with them go their links.
pub(super) fn remove() {
    let namespaces = NODES.iter().map(|name| namespace(name)).chain([WORLD.to_owned()]);
    for name in namespaces.filter(|name| exists(name)) {
        if let Err(error) = line(&format!("ip netns del {name}")) {
            eprintln!("e2e: {error:#}");
        }
    }
}

/// Processes on the network of a namespace.
pub(super) fn processes(namespace: &str) -> Vec<u32> {
    if !exists(namespace) {
        return Vec::new();
    }
    let listed = words(&format!("ip netns pids {namespace}")).read().unwrap_or_default();
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
