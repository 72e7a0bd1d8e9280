//! `jh cluster`: who leads, who is in sync, how fail-overs went, and the three things an operator may order. Knows five
//! routes, nothing of the protocol behind them.

use api::v1::cluster::{Cluster, Failover, ForceLoss, Promote, RebuildView, Replica};
use api::v1::paths;
use clap::Subcommand;
use serde::Serialize;
use serde_json::{Value, json};

use crate::api_client::{Call, new_key};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::{facts, rows, talk};
use crate::table::Table;
use crate::words;

/// About the copies.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Every replica: role, epoch, how far it is
    Status,
    /// Past fail-overs with their causes and times
    Failovers,
    /// Hand the lead over to another replica, by plan
    Promote {
        /// The replica that is to lead, such as replica-1
        to: String,
        /// Only if this is still the epoch [default: the present one]
        #[arg(long, value_name = "EPOCH")]
        expect_epoch: Option<u64>,
    },
    /// Write a lost view anew from what the replicas remember
    RebuildView {
        /// The epoch you expect to find remembered: proof that you looked (`jh cluster status`)
        #[arg(long, value_name = "EPOCH")]
        expect_epoch: u64,
    },
    /// Go on with one replica's disk when too many others are gone for good; what it lacks is LOST
    ForceLoss {
        /// The replica whose disk is kept, such as replica-1
        keep: String,
        /// The epoch you expect to be the present one: proof that you looked (`jh cluster status`)
        #[arg(long, value_name = "EPOCH")]
        expect_epoch: u64,
    },
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Status => status(context).await,
        Command::Failovers => failovers(context).await,
        Command::Promote { to, expect_epoch } => promote(context, to, expect_epoch).await,
        Command::RebuildView { expect_epoch } => {
            repair(context, paths::REBUILD_VIEW, &RebuildView { expect_epoch }).await
        }
        Command::ForceLoss { keep, expect_epoch } => {
            repair(context, paths::FORCE_LOSS, &ForceLoss { keep, expect_epoch }).await
        }
    }
}

async fn status(context: &Context) -> Result<(), Failure> {
    let (answer, cluster) = context.api.get::<Cluster>(paths::CLUSTER).await?;
    context.out.answer(&answer.json, || Ok(text(&cluster)))
}

/// The cause of the group's first reign, which is no failover.
const BIRTH: &str = "birth";

fn text(cluster: &Cluster) -> String {
    let Cluster { group, version, epoch, loss_epoch: _, primary, in_sync, min_in_sync, replicas, failovers } = cluster;
    let mut table =
        Table::new(&["REPLICA", "ROLE", "IN SYNC", "HEALTHY", ">EPOCH", ">DURABLE", ">COMMITTED", "TROUBLE"]);
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    for Replica { name, role, epoch, durable, committed, storage_id: _, healthy, trouble } in replicas {
        let [epoch, durable, committed] = [epoch, durable, committed].map(u64::to_string);
        let trouble = trouble.clone().unwrap_or_default();
        let (in_sync, healthy) = (yes(in_sync.contains(name)), yes(*healthy));
        table.row([name.clone(), role.clone(), in_sync, healthy, epoch, durable, committed, trouble]);
    }
    format!(
        "group {group} · view {version} · epoch {epoch} · primary {primary} · {} in sync (at least {min_in_sync}) · \
         {} changes of primary\n{table}",
        in_sync.len(),
        failovers.iter().filter(|failover| failover.cause != BIRTH).count()
    )
}

async fn failovers(context: &Context) -> Result<(), Failure> {
    let (_, cluster) = context.api.get::<Cluster>(paths::CLUSTER).await?;
    context.out.answer(&json!({"failovers": cluster.failovers}), || {
        let mut table = Table::new(&["WHEN", ">EPOCH", "FROM", "TO", "CAUSE", ">DETECT ms", ">TAKE OVER ms"]);
        for Failover { epoch, primary, previous, cause, started_at, detect_ms, take_over_ms, .. } in &cluster.failovers
        {
            let [epoch, detect_ms, take_over_ms] = [epoch, detect_ms, take_over_ms].map(u64::to_string);
            let previous = previous.clone().unwrap_or_else(|| "-".to_owned());
            table.row([
                started_at.to_string(),
                epoch,
                previous,
                primary.clone(),
                cause.clone(),
                detect_ms,
                take_over_ms,
            ]);
        }
        Ok(rows(table, "no fail-over since this group began"))
    })
}

async fn promote(context: &Context, to: String, expect_epoch: Option<u64>) -> Result<(), Failure> {
    let expect_epoch = match expect_epoch {
        Some(epoch) => epoch,
        None => context.api.get::<Cluster>(paths::CLUSTER).await?.1.epoch,
    };
    talk(&format!("handing the lead over to {to}, from epoch {expect_epoch}"));
    let cluster = change(context, paths::PROMOTE, &Promote { to, expect_epoch }).await?;
    context.out.answer(&cluster, || Ok(text(&words::read(&cluster)?)))
}

/// An order to the controllers, who answer with the view they wrote.
async fn repair(context: &Context, path: &str, body: &impl Serialize) -> Result<(), Failure> {
    let view = change(context, path, body).await?;
    context.out.answer(&view, || Ok(facts(&view)))
}

async fn change(context: &Context, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
    let body = serde_json::to_string(body).expect("two plain fields are always JSON");
    Ok(context.api.send(&Call::post(path, body).with_key(&new_key())).await?.json)
}
