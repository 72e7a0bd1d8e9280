//! The cluster that scenarios run on: the one that this program made, or somebody's. Knows what can be broken on which.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::install::NAMESPACE;
use crate::cluster::Cluster;
use crate::sh::{Sh, sh};

/// A cluster, seen from where we run.
#[derive(Debug, Clone)]
pub(crate) enum Ground {
    /// Made by this program: everything can be broken. We run on its network.
    Own(Cluster),
    /// Whatever KUBECONFIG says: what kubectl can break can be broken.
    Given,
}

impl Ground {
    /// `$KUBECONFIG`'s cluster if it is set, else our own.
    pub(crate) fn find() -> Ground {
        match std::env::var_os("KUBECONFIG") {
            Some(path) if Path::new(&path) != Cluster::here().kubeconfig() => Ground::Given,
            _ => Ground::Own(Cluster::here()),
        }
    }

    /// Our own cluster. Errors: it is not ours, so its nodes are not to be touched.
    pub(crate) fn own(&self) -> Result<&Cluster> {
        match self {
            Ground::Own(cluster) => Some(cluster),
            Ground::Given => None,
        }
        .context("only the nodes of a cluster made by this program can be broken")
    }

    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Ground::Own(_))
    }

    /// kubectl, from where we run.
    pub(crate) fn kubectl<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Sh {
        match self {
            Ground::Own(cluster) => cluster.kubectl(args),
            Ground::Given => sh("kubectl").args(args),
        }
    }

    /// A field of an object in our namespace: `pod/NAME` and `{.spec.nodeName}`. Empty if it has none.
    pub(crate) fn field(&self, object: &str, path: &str) -> Result<String> {
        self.kubectl(["-n", NAMESPACE, "get", object, "-o", &format!("jsonpath={path}")]).read()
    }
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}
