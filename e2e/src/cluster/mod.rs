//! A real Kubernetes cluster on this machine, without a container engine: every node is a network namespace with its own
//! containerd, kubelet and kube-proxy. This file is its life: up and down. Knows nothing of what runs in it.

mod backup;
mod build;
mod control_plane;
mod fault;
mod fitness;
mod network;
mod node;
mod packages;
mod pki;
mod place;
mod process;
mod volumes;
mod weight;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::sh::{Sh, forget_interruption, sh, until};
pub(crate) use place::{NODES, Place};

/// What every cluster has before an application comes: cluster DNS and a default storage class.
const BASE: &str = include_str!("../../cluster/base.yaml");
const NODES_WITHIN: Duration = Duration::from_secs(90);

/// The cluster that this program makes. All that is known of it lies in its state directory, so that whoever finds it
/// there can use it and end it.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    place: Place,
}

impl Cluster {
    /// The one place where this program makes clusters, whether there is one or not.
    pub(crate) fn here() -> Cluster {
        Cluster { place: Place::default() }
    }

    pub(crate) fn is_up(&self) -> bool {
        network::exists(place::WORLD)
    }

    /// Why this machine can have none; none if it can. Errors: what could be installed was not.
    pub(crate) fn unfit() -> Result<Option<String>> {
        fitness::unfit()
    }

    /// Makes it. Errors: this machine cannot have one (says why), or a part did not come up; then nothing is left.
    pub(crate) fn up(&self) -> Result<()> {
        ensure!(!self.is_up(), "a cluster is up already: `e2e down` ends it");
        if let Some(why) = fitness::unfit()? {
            bail!(why);
        }
        let programs = build::programs()?;
        let made = self.make(&programs);
        if made.is_err() {
            // Whoever interrupted us wants nothing left behind, and that takes commands too.
            forget_interruption();
            self.keep_logs();
            self.down()?;
        }
        made
    }

    fn make(&self, programs: &build::Programs) -> Result<()> {
        let place = &self.place;
        fs::create_dir_all(place.logs()).context("make the cluster's directory")?;
        fs::create_dir_all(place.memory())?;
        sh("mount").args(["-t", "tmpfs", "-o", "mode=0755", "just-hungry-e2e"]).arg(place.memory()).run()?;
        // The programs lie where the cluster does: one built anew does not change one that runs.
        programs.link_into(place)?;
        network::make()?;
        pki::make(place)?;
        control_plane::start(place)?;
        for number in 1..=NODES.len() {
            node::start(place, number)?;
        }
        self.kubectl(["apply", "-f", "-"]).input(BASE.to_owned()).run()?;
        node::start_gate(place)?;
        until("the nodes' registration", NODES_WITHIN, || self.kubectl(["get", "node"]).args(NODES).succeeds())?;
        let within = format!("--timeout={}s", NODES_WITHIN.as_secs());
        self.kubectl(["wait", "--for=condition=Ready", "node", "--all", &within]).run()?;
        self.offer_volumes()?;
        self.kubectl(["-n", "kube-system", "rollout", "status", "deploy/coredns", &within]).run()
    }

    /// Ends exactly what `up` started, as far as it got.
    pub(crate) fn down(&self) -> Result<()> {
        process::end_all(&self.place)?;
        volumes::unmount(&self.place);
        network::remove();
        node::remove_cgroups();
        weight::remove();
        match fs::remove_dir_all(&self.place.state) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("remove {}", self.place.state.display()))
            }
            _ => Ok(()),
        }
    }

    /// Copies the logs of a cluster that is about to be ended to where they can be read afterwards.
    pub(crate) fn keep_logs(&self) {
        let kept = std::env::temp_dir().join("just-hungry-e2e-logs");
        let _old = fs::remove_dir_all(&kept);
        if sh("cp").arg("-r").arg(self.place.logs()).arg(&kept).succeeds() {
            eprintln!("e2e: the cluster's logs are in {}", kept.display());
        }
    }

    /// The administrator's access; usable inside.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.place.kubeconfig()
    }

    /// kubectl as administrator.
    pub(crate) fn kubectl<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Sh {
        self.inside(self.place.program("kubernetes")).arg("kubectl").args(args)
    }

    /// A program on the network of the cluster's surroundings: where a client outside the pods is. It finds `kubectl`.
    pub(crate) fn inside(&self, program: PathBuf) -> Sh {
        let own = self.place.program("kubectl");
        let path = own.parent().into_iter().map(Path::to_path_buf);
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(path.chain(std::env::split_paths(&rest))).unwrap_or(rest.clone());
        network::in_namespace(place::WORLD, program).env("KUBECONFIG", self.kubeconfig()).env("PATH", path)
    }

    /// This process is the client outside the pods from now on, with what it starts: it has processors as a node has.
    pub(crate) fn be_client(&self) -> Result<()> {
        weight::join(weight::CLIENT, std::process::id())
    }

    /// A directory on the disk that the replicas' volumes are on.
    pub(crate) fn disk(&self) -> &Path {
        &self.place.state
    }

    /// Gives an image of every node another name.
    pub(crate) fn tag(&self, image: &str, new: &str) -> Result<()> {
        NODES.iter().try_for_each(|name| node::tag(&self.place, name, image, new))
    }

    /// Puts an image on every node.
    pub(crate) fn load(&self, archive: &Path) -> Result<()> {
        NODES.iter().try_for_each(|name| node::load(&self.place, name, archive))
    }
}
