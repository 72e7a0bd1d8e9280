//! Local volumes: offered, and wiped and offered again once their claim is gone. Knows the nodes' directories for them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use anyhow::Result;

use super::Cluster;
use super::place::{NODES, Place, VOLUMES};
use crate::sh::sh;

impl Cluster {
    /// Offers every volume that nobody has.
    pub(crate) fn offer_volumes(&self) -> Result<()> {
        let phases = r#"jsonpath={range .items[*]}{.metadata.name} {.status.phase}{"\n"}{end}"#;
        let listed = self.kubectl(["get", "pv", "-o", phases]).read()?;
        let phases: BTreeMap<&str, &str> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
        let mut offered = String::new();
        for node in NODES {
            for number in 1..=VOLUMES {
                let name = format!("{node}-{number}");
                let dir = self.place.volumes(node).join(number.to_string());
                match phases.get(name.as_str()) {
                    None => {}
                    Some(&"Released") => {
                        self.kubectl(["delete", "pv", &name, "--wait=true"]).run()?;
                        fs::remove_dir_all(&dir)?;
                        fs::create_dir_all(&dir)?;
                    }
                    Some(_) => continue,
                }
                write!(offered, "{}", volume(&name, node, &dir.display().to_string()))?;
            }
        }
        if offered.is_empty() {
            return Ok(());
        }
        self.kubectl(["apply", "-f", "-"]).input(offered).run()
    }
}

fn volume(name: &str, node: &str, dir: &str) -> String {
    format!(
        "---\n\
         apiVersion: v1\n\
         kind: PersistentVolume\n\
         metadata: {{name: {name}}}\n\
         spec:\n\
         \x20 capacity: {{storage: 10Gi}}\n\
         \x20 accessModes: [ReadWriteOnce]\n\
         \x20 storageClassName: standard\n\
         \x20 persistentVolumeReclaimPolicy: Retain\n\
         \x20 local: {{path: {dir}}}\n\
         \x20 nodeAffinity: {{required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: [{node}]}}]}}]}}}}\n"
    )
}

/// Unmounts everything below the cluster's directory, the innermost first.
pub(super) fn unmount(place: &Place) {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let below = format!("{}/", place.state.display());
    let mut points: Vec<&str> = mounts.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    points.retain(|point| point.starts_with(&below));
    points.sort_unstable();
    for point in points.iter().rev() {
        let _busy = sh("umount").args(["-l", point]).output();
    }
}
