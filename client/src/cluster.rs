//! `jh cluster`: who leads, who is in sync, how fail-overs went, and the two things an operator may order. Knows four
//! routes, nothing of the protocol behind them.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::api_client::{Call, new_key};
use crate::command::Context;
use crate::failure::Failure;
use crate::output::{rows, talk};
use crate::shapes::Cluster;
use crate::table::Table;

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
}

pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Status => status(context).await,
        Command::Failovers => failovers(context).await,
        Command::Promote { to, expect_epoch } => promote(context, to, expect_epoch).await,
        Command::RebuildView { expect_epoch } => {
            let body = json!({"expect_epoch": expect_epoch});
            order_change(context, "/v1/cluster/rebuild-view", &body).await
        }
    }
}

async fn status(context: &Context) -> Result<(), Failure> {
    let (answer, cluster) = context.api.get::<Cluster>("/v1/cluster").await?;
    context.out.answer(&answer.json, || {
        let Cluster { group, version, epoch, primary, in_sync, min_in_sync, replicas, failovers } = &cluster;
        let mut table = Table::new(&["REPLICA", "ROLE", "IN SYNC", "HEALTHY", ">EPOCH", ">DURABLE", ">COMMITTED"]);
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        for replica in replicas {
            table.row([
                replica.name.clone(),
                replica.role.clone(),
                yes(in_sync.contains(&replica.name)),
                yes(replica.healthy),
                replica.epoch.to_string(),
                replica.durable.to_string(),
                replica.committed.to_string(),
            ]);
        }
        Ok(format!(
            "group {group} · view {version} · epoch {epoch} · primary {primary} · {} in sync (at least {min_in_sync}) · \
             {} fail-overs\n{table}",
            in_sync.len(),
            failovers.len()
        ))
    })
}

async fn failovers(context: &Context) -> Result<(), Failure> {
    let (_, cluster) = context.api.get::<Cluster>("/v1/cluster").await?;
    context.out.answer(&json!({"failovers": cluster.failovers}), || {
        let mut table = Table::new(&["WHEN", ">EPOCH", "PRIMARY", "CAUSE", "PHASES"]);
        for failover in &cluster.failovers {
            let word = |name: &str| match &failover[name] {
                Value::String(text) => text.clone(),
                Value::Null => "-".to_owned(),
                other => other.to_string(),
            };
            table.row([word("at"), word("epoch"), word("primary"), word("cause"), phases(&failover["phases"])]);
        }
        Ok(rows(table, "no fail-over since this group began"))
    })
}

fn phases(phases: &Value) -> String {
    let phase = |(name, value): (&String, &Value)| format!("{name} {value}");
    phases.as_object().map(|all| all.iter().map(phase).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

async fn promote(context: &Context, to: String, expect_epoch: Option<u64>) -> Result<(), Failure> {
    let expect_epoch = match expect_epoch {
        Some(epoch) => epoch,
        None => context.api.get::<Cluster>("/v1/cluster").await?.1.epoch,
    };
    talk(&format!("handing the lead over to {to}, from epoch {expect_epoch}"));
    order_change(context, "/v1/cluster/promote", &json!({"to": to, "expect_epoch": expect_epoch})).await
}

async fn order_change(context: &Context, path: &str, body: &Value) -> Result<(), Failure> {
    let answer = context.api.send(&Call::post(path, body.to_string()).with_key(&new_key())).await?;
    context.out.answer(&answer.json, || Ok(format!("{:#}", answer.json)))
}
