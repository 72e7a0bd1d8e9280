//! The cluster's memory as it was: etcd copied, and put back. Knows that everything that listens to the API server must be
//! started again after that, as operators of real clusters do.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::place::NODES;
use super::{Cluster, control_plane, node, process};
use crate::sh::{sh, signal};

impl Cluster {
    /// Copies etcd's data as it is now. It stands still meanwhile, so that the copy is what a crash would leave.
    pub(crate) fn back_up(&self) -> Result<()> {
        let pid = process::pid(&self.place, "etcd").context("etcd does not run")?;
        let copy = self.copy();
        let _old = fs::remove_dir_all(&copy);
        signal(pid, Signal::STOP);
        let copied = sh("cp").arg("-a").arg(self.place.etcd()).arg(&copy).run();
        signal(pid, Signal::CONT);
        copied
    }

    /// Puts the copy back and starts again what remembers anything later.
    pub(crate) fn restore(&self) -> Result<()> {
        let place = &self.place;
        let nodes = NODES.iter().flat_map(|name| [format!("kubelet-{name}"), format!("proxy-{name}")]);
        let others = control_plane::FOLLOWERS.into_iter().chain(["proxy-gate", "apiserver", "etcd"]).map(str::to_owned);
        others.chain(nodes).try_for_each(|name| process::end(place, &name))?;
        fs::remove_dir_all(place.etcd())?;
        sh("cp").arg("-a").arg(self.copy()).arg(place.etcd()).run()?;
        control_plane::start_etcd(place)?;
        control_plane::start_api_server(place)?;
        control_plane::start_followers(place)?;
        node::start_gate(place)?;
        for (index, name) in NODES.iter().enumerate() {
            node::start_kubelet(place, index + 1)?;
            node::start_proxy(place, name)?;
        }
        Ok(())
    }

    fn copy(&self) -> PathBuf {
        self.place.state.join("etcd.copy")
    }
}
