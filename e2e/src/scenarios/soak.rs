//! A long run of whatever takes the lead away, one after the other under the same traffic, judged by one ledger at its end.

use crate::harness::{Play, Stage, play};

use super::{cuts, freezes, kills};

/// In turn by the epoch, which grows by one with each: nothing that gives a warning.
pub(super) fn soak(stage: &Stage) -> Play<'_> {
    play(async move {
        let node = stage.node_of(stage.primary()).await?;
        // A node that fails takes a front end on it along, and that is not what is soaked here.
        let is_apart = !stage.front_end_nodes().await?.contains(&node);
        match stage.before.epoch % 10 {
            0 | 1 if is_apart => freezes::freeze_primary(stage).await,
            2 if is_apart => cuts::cut_primary(stage).await,
            3 => kills::kill_primary_and_controller(stage).await,
            _ => kills::kill_primary(stage).await,
        }
    })
}
