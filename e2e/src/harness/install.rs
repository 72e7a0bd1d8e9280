//! Puts Just Hungry on a cluster as its users do, with `kubectl apply`, and waits until people can order.

use std::time::Duration;

use anyhow::{Context, Result};

use super::ground::{Ground, root};
use crate::sh::until;

/// The sample's resource, and its namespace.
pub(crate) const NAME: &str = "just-hungry";
pub(crate) const NAMESPACE: &str = "just-hungry";

const WITHIN: Duration = Duration::from_secs(180);

/// Applies the operator, again if somebody took a part of it away.
pub(crate) fn reinstall(ground: &Ground) -> Result<()> {
    let overlay = if ground.is_own() { "deploy/overlays/e2e" } else { "deploy/overlays/kind" };
    let operator = root().join(overlay).display().to_string();
    ground.kubectl(["apply", "-k", &operator]).run().context("install the operator")
}

/// Applies operator and sample; both may be there already.
pub(crate) fn install(ground: &Ground) -> Result<()> {
    reinstall(ground)?;
    let within = format!("--timeout={}s", WITHIN.as_secs());
    let controller = ["-n", NAMESPACE, "rollout", "status", "deployment/just-hungry-controller", &within];
    ground.kubectl(controller).run().context("wait for the controllers")?;
    let sample = root().join("deploy/sample.yaml").display().to_string();
    // The API server needs a moment to serve a kind of resource that it has just learned of.
    until("the sample", Duration::from_secs(20), || ground.kubectl(["apply", "-f", &sample]).succeeds())?;
    let resource = format!("justhungry/{NAME}");
    let whole = ["-n", NAMESPACE, "wait", "--for=condition=FullyReplicated", &resource, &within];
    ground.kubectl(whole).run().context("wait until all replicas are in sync")?;
    for deployment in ["frontend", "postcode"] {
        let name = format!("deployment/{NAME}-{deployment}");
        ground.kubectl(["-n", NAMESPACE, "rollout", "status", &name, &within]).run()?;
    }
    Ok(())
}
