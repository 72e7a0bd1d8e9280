//! One node: its containerd, kubelet and kube-proxy, and its cgroups. Knows their configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::place::{NODES, Place, VOLUMES, WORLD, address, namespace, pods};
use super::{process, weight};
use crate::sh::{sh, until};

const READY_WITHIN: Duration = Duration::from_secs(30);

pub(super) fn start(place: &Place, number: usize) -> Result<()> {
    let name = NODES[number - 1];
    let dir = place.of_node(name);
    // Logs have a place for each node too: a kubelet removes those of pods that it does not know.
    for part in ["cni", "containerd", "kubelet", "logs"] {
        fs::create_dir_all(dir.join(part))?;
    }
    for volume in 1..=VOLUMES {
        fs::create_dir_all(place.volumes(name).join(volume.to_string()))?;
    }
    fs::write(dir.join("cni/10-e2e.conflist"), network_of_pods(&dir, number))?;
    fs::write(dir.join("containerd.toml"), containerd(&dir))?;
    fs::write(dir.join("kubelet.yaml"), kubelet(place, &dir, number))?;
    fs::write(dir.join("proxy.yaml"), proxy(place, name, "BridgeInterface\ndetectLocal: {bridgeInterface: cni0}"))?;
    make_cgroups(name)?;
    let config = |file: &str| vec!["--config".to_owned(), dir.join(file).display().to_string()];
    process::start(
        place,
        &format!("containerd-{name}"),
        &namespace(name),
        Path::new("containerd"),
        &config("containerd.toml"),
    )?;
    until("containerd", READY_WITHIN, || containerd_client(place, name).arg("version").succeeds())?;
    for image in ["pause.tar", "coredns.tar"] {
        load(place, name, &place.program(image))?;
    }
    start_kubelet(place, number)?;
    start_proxy(place, name)
}

/// Starts a node's kubelet; again after it was ended.
pub(super) fn start_kubelet(place: &Place, number: usize) -> Result<()> {
    let name = NODES[number - 1];
    let dir = place.of_node(name);
    let access = place.pki().join(format!("{name}.conf"));
    let kubelet = format!(
        "kubelet --config {d}/kubelet.yaml --kubeconfig {} --root-dir {d}/kubelet --hostname-override {name} --node-ip {}",
        access.display(),
        address(number),
        d = dir.display()
    );
    let args: Vec<String> = kubelet.split(' ').map(str::to_owned).collect();
    process::start(place, &format!("kubelet-{name}"), &namespace(name), &place.program("kubernetes"), &args).map(drop)
}

/// Starts a node's kube-proxy; again after it was ended.
pub(super) fn start_proxy(place: &Place, name: &str) -> Result<()> {
    let config = place.of_node(name).join("proxy.yaml").display().to_string();
    let args = ["kube-proxy".to_owned(), "--config".to_owned(), config];
    process::start(place, &format!("proxy-{name}"), &namespace(name), &place.program("kubernetes"), &args).map(drop)
}

/// Starts a kube-proxy beside the nodes, so that a client outside the pods reaches Services as through a load balancer.
pub(super) fn start_gate(place: &Place) -> Result<()> {
    let dir = place.of_node("gate");
    fs::create_dir_all(&dir)?;
    // Nothing here is a pod: every connection is from outside.
    let config = proxy(place, "gate", "ClusterCIDR\nclusterCIDR: 10.244.0.0/16");
    fs::write(dir.join("proxy.yaml"), config)?;
    let config = dir.join("proxy.yaml").display().to_string();
    let args = ["kube-proxy".to_owned(), "--config".to_owned(), config];
    process::start(place, "proxy-gate", WORLD, &place.program("kubernetes"), &args).map(drop)
}

fn containerd_client(place: &Place, name: &str) -> crate::sh::Sh {
    sh("ctr").arg("-a").arg(place.of_node(name).join("containerd.sock"))
}

/// Puts an image on a node.
pub(super) fn load(place: &Place, name: &str, archive: &Path) -> Result<()> {
    let import = containerd_client(place, name).args(["-n", "k8s.io", "images", "import"]).arg(archive);
    import.run().with_context(|| format!("load {} on {name}", archive.display()))
}

/// Gives an image another name.
pub(super) fn tag(place: &Place, name: &str, image: &str, new: &str) -> Result<()> {
    containerd_client(place, name).args(["-n", "k8s.io", "images", "tag", "--force", image, new]).run()
}

fn network_of_pods(dir: &Path, number: usize) -> String {
    format!(
        r#"{{"cniVersion":"0.4.0","name":"e2e","plugins":[
 {{"type":"bridge","bridge":"cni0","isGateway":true,"hairpinMode":true,
  "ipam":{{"type":"host-local","dataDir":"{}/ipam","ranges":[[{{"subnet":"{}"}}]],"routes":[{{"dst":"0.0.0.0/0"}}]}}}},
 {{"type":"portmap","capabilities":{{"portMappings":true}}}}]}}
"#,
        dir.display(),
        pods(number)
    )
}

/// `restrict_oom_score_adj`: a machine without CAP_SYS_RESOURCE starts no sandbox otherwise.
fn containerd(dir: &Path) -> String {
    format!(
        r#"version = 2
root = "{d}/containerd/root"
state = "{d}/containerd/state"
[grpc]
  address = "{d}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{d}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"#,
        d = dir.display()
    )
}

fn kubelet(place: &Place, dir: &Path, number: usize) -> String {
    format!(
        r#"apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://{d}/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /{cgroup}
failCgroupV1: false
address: {own}
healthzBindAddress: 127.0.0.1
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: ""
failSwapOn: false
authentication: {{anonymous: {{enabled: false}}, x509: {{clientCAFile: {pki}/ca.crt}}, webhook: {{enabled: true}}}}
authorization: {{mode: Webhook}}
tlsCertFile: {pki}/{name}.crt
tlsPrivateKeyFile: {pki}/{name}.key
evictionHard: {{nodefs.available: "1%", imagefs.available: "1%"}}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
volumePluginDir: {d}/plugins
podLogsDir: {d}/logs
"#,
        d = dir.display(),
        pki = place.pki().display(),
        name = NODES[number - 1],
        cgroup = cgroup(NODES[number - 1]),
        own = address(number)
    )
}

fn proxy(place: &Place, name: &str, locality: &str) -> String {
    format!(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\n\
         kind: KubeProxyConfiguration\n\
         mode: iptables\n\
         hostnameOverride: {name}\n\
         clientConnection: {{kubeconfig: {pki}/proxy.conf}}\n\
         conntrack: {{maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}\n\
         detectLocalMode: {locality}\n\
         metricsBindAddress: 127.0.0.1:10249\n\
         healthzBindAddress: 127.0.0.1:10256\n\
         iptables: {{minSyncPeriod: 0.1s, syncPeriod: 30s}}\n",
        pki = place.pki().display()
    )
}

fn cgroup(name: &str) -> String {
    format!("jhe-{name}")
}

/// Where cgroups are: one tree (v2), or one a controller (v1).
pub(super) fn cgroup_trees() -> Vec<PathBuf> {
    let root = PathBuf::from("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        return vec![root];
    }
    let trees = fs::read_dir(root).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    trees.filter(|tree| tree.join("cgroup.procs").exists()).collect()
}

fn make_cgroups(name: &str) -> Result<()> {
    for tree in cgroup_trees() {
        let own = tree.join(cgroup(name));
        fs::create_dir_all(&own).with_context(|| format!("make {}", own.display()))?;
        weight::weigh(&own)?;
        for file in ["cpuset.cpus", "cpuset.mems"] {
            // Version 1 gives a new cpuset no processor at all.
            if let (true, Ok(all)) = (tree.ends_with("cpuset"), fs::read_to_string(tree.join(file))) {
                fs::write(own.join(file), all)?;
            }
        }
        if let Ok(controllers) = fs::read_to_string(tree.join("cgroup.controllers")) {
            let wanted: Vec<String> =
                controllers.split_whitespace().map(|controller| format!("+{controller}")).collect();
            for dir in [&tree, &own] {
                fs::write(dir.join("cgroup.subtree_control"), wanted.join(" "))?;
            }
        }
    }
    Ok(())
}

/// Processes of a node's containers.
pub(super) fn processes_in_cgroups(name: &str) -> Vec<u32> {
    let mut pids: Vec<u32> = cgroup_trees().iter().flat_map(|tree| processes_below(&tree.join(cgroup(name)))).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

fn processes_below(dir: &Path) -> Vec<u32> {
    let own = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
    let mut pids: Vec<u32> = own.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            pids.extend(processes_below(&entry.path()));
        }
    }
    pids
}

/// The cgroups of a pod, one a tree.
pub(super) fn cgroups_of_pod(name: &str, uid: &str) -> Vec<PathBuf> {
    let wanted = format!("pod{uid}");
    let below = |tree: PathBuf| {
        let found = sh("find").arg(tree.join(cgroup(name))).args(["-type", "d", "-name", &wanted]).read();
        found.unwrap_or_default().lines().map(PathBuf::from).collect::<Vec<_>>()
    };
    cgroup_trees().into_iter().flat_map(below).collect()
}

pub(super) fn remove_cgroups() {
    for dir in cgroup_trees().iter().flat_map(|tree| NODES.iter().map(|name| tree.join(cgroup(name)))) {
        if dir.exists() {
            let _busy = sh("find").arg(dir).args(["-depth", "-type", "d", "-exec", "rmdir", "{}", "+"]).output();
        }
    }
}
