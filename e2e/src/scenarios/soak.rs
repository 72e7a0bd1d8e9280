//! A long run of whatever takes the lead away, one after the other under the same traffic, judged by one ledger at its end.

use crate::harness::{Play, Stage, play};

use super::{changes, cuts, deletes, freezes, kills};

/// In turn by the epoch, which grows by one with each: mostly what gives no warning.
pub(super) fn soak(stage: &Stage) -> Play<'_> {
    play(async move {
        let node = stage.node_of(stage.primary()).await?;
        // A node that fails takes a front end on it along, and that is not what is soaked here.
        let is_apart = !stage.front_end_nodes().await?.contains(&node);
        match stage.before.epoch % 10 {
            0 => changes::promote(stage).await,
            1 => deletes::delete_primary(stage).await,
            2 | 3 => deletes::force_delete_primary(stage).await,
            4 | 5 if is_apart => freezes::freeze_primary(stage).await,
            6 if is_apart => cuts::cut_primary(stage).await,
            7 => kills::kill_primary_and_controller(stage).await,
            _ => kills::kill_primary(stage).await,
        }
    })
}
