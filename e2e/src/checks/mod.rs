//! Checks of what the cluster refuses, repairs and tells, beside the scenarios: no traffic, no figures, only yes or no.

mod lease;
mod plugin;
mod policy;
mod resources;
mod rights;
mod services;

use anyhow::Result;

use crate::harness::{Ground, Play, play};

/// One thing that must hold.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// What must hold, for people.
    pub(crate) tells: &'static str,
    run: for<'a> fn(&'a Ground, bool) -> Play<'a>,
}

/// Every check.
pub(crate) const ALL: &[Check] = &[
    Check {
        name: "rights",
        tells: "each program's account may do what e2e/golden/rights.txt lists, and nothing else",
        run: |ground, write| play(async move { rights::check(ground, write) }),
    },
    Check {
        name: "view-policy",
        tells: "forbidden edits of the view are refused, by administrators and with replicas' own tokens",
        run: |ground, _| play(policy::check(ground)),
    },
    Check {
        name: "bad-resources",
        tells: "resources that make no sense are refused, and what was taken away is repaired",
        run: |ground, _| play(async move { resources::check(ground) }),
    },
    Check {
        name: "lease",
        tells: "one controller builds, and another goes on when it is deleted or stands still",
        run: |ground, _| play(async move { lease::check(ground) }),
    },
    Check {
        name: "postcode-services",
        tells: "adapters ask the services that a Secret lists, and follow a change of it",
        run: |ground, _| play(async move { services::check(ground) }),
    },
    Check {
        name: "plugin",
        tells: "kubectl jh status, failovers, promote and drill do what they say",
        run: |ground, _| play(async move { plugin::check(ground) }),
    },
];

impl Check {
    /// Whether it holds; says so. `write` renews what is compared with.
    pub(crate) async fn holds(&self, ground: &Ground, write: bool) -> bool {
        match (self.run)(ground, write).await {
            Ok(()) => {
                eprintln!("e2e: {}: ok ({})", self.name, self.tells);
                true
            }
            Err(error) => {
                eprintln!("e2e: {}: FAILED ({}): {error:#}", self.name, self.tells);
                false
            }
        }
    }
}

/// Every fault found, as one error.
fn none_of(wrong: Vec<String>) -> Result<()> {
    anyhow::ensure!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
    Ok(())
}
