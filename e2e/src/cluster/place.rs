//! Where everything of the cluster is: names, addresses, directories. Knows nothing of what is done with them.

use std::path::PathBuf;

/// The network namespace in which the nodes' bridge is; no way leads out of it.
pub(crate) const WORLD: &str = "jhe-world";
/// The nodes, by the names that Kubernetes knows them under.
pub(crate) const NODES: [&str; 3] = ["n1", "n2", "n3"];
/// Where the API server answers, on the bridge.
pub(crate) const API_ADDRESS: &str = "10.77.0.1";
/// Service addresses.
pub(crate) const SERVICES: &str = "10.96.0.0/16";
/// Local volumes offered by each node: two for each of five replicas on three nodes, and some to spare.
pub(crate) const VOLUMES: usize = 5;

/// The directory of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Everything that a running cluster writes.
    pub(crate) state: PathBuf,
}

impl Default for Place {
    fn default() -> Place {
        Place { state: PathBuf::from("/var/lib/just-hungry-e2e") }
    }
}

impl Place {
    pub(crate) fn logs(&self) -> PathBuf {
        self.state.join("log")
    }

    pub(crate) fn pki(&self) -> PathBuf {
        self.state.join("pki")
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.state.join("admin.conf")
    }

    /// `kubernetes` (all of its programs in one) or `coredns`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.state.join("bin").join(name)
    }

    /// What the cluster itself writes. It is in memory: here three nodes and etcd share one disk, and pods that come and go would keep
    /// it from the replicas, which have disks of their own elsewhere.
    pub(crate) fn memory(&self) -> PathBuf {
        self.state.join("memory")
    }

    pub(crate) fn of_node(&self, name: &str) -> PathBuf {
        self.memory().join(name)
    }

    /// A node's local volumes, on disk.
    pub(crate) fn volumes(&self, node: &str) -> PathBuf {
        self.state.join("volumes").join(node)
    }

    pub(crate) fn etcd(&self) -> PathBuf {
        self.memory().join("etcd")
    }
}

/// A node's network namespace.
pub(crate) fn namespace(node: &str) -> String {
    format!("jhe-{node}")
}

/// A node's address on the bridge.
pub(crate) fn address(number: usize) -> String {
    format!("10.77.0.1{number}")
}

/// The addresses of a node's pods.
pub(crate) fn pods(number: usize) -> String {
    format!("10.244.{number}.0/24")
}

/// The number of a node, from 1.
pub(crate) fn number(node: &str) -> Option<usize> {
    NODES.iter().position(|name| *name == node).map(|index| index + 1)
}
