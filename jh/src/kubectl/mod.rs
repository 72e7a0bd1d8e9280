//! `kubectl jh`: this program under the name `kubectl-jh`. The commands about copies and drills, against an installation in the current
//! context, through a port-forward of its own. Knows pods and their labels; everything else is asked of the front end.

mod drill;
mod forward;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use client::{Exit, Format};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

/// The name under which kubectl finds it.
pub(crate) const NAME: &str = "kubectl-jh";
/// Pods of an installation carry its name under this label.
const INSTANCE: &str = "app.kubernetes.io/instance";
const FRONTENDS: &str = "app.kubernetes.io/name=just-hungry,app.kubernetes.io/component=frontend";

/// See and move the primary of an installation of Just Hungry, in the current context of kubectl
#[derive(Debug, Parser)]
#[command(name = NAME, bin_name = "kubectl jh", version, max_term_width = 100)]
struct Plugin {
    /// Namespace of the installation [default: the context's]
    #[arg(short = 'n', long, value_name = "NAME", global = true)]
    namespace: Option<String>,
    /// Name of the installation [default: the only one in the namespace]
    #[arg(long, value_name = "NAME", global = true)]
    name: Option<String>,
    /// How answers are printed on standard output
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Table, global = true)]
    output: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Cluster(client::ClusterCommand),
    /// Place orders at a steady rate, delete the primary's pod, and report what customers noticed
    Drill(drill::Args),
}

/// An installation, found.
#[derive(Debug, Clone)]
struct Installation {
    namespace: String,
    name: String,
}

impl Installation {
    fn frontends(&self) -> ListParams {
        ListParams::default().labels(&format!("{FRONTENDS},{INSTANCE}={}", self.name))
    }
    fn pods(&self, client: Client) -> Api<Pod> {
        Api::namespaced(client, &self.namespace)
    }
}

/// Runs what kubectl passes on.
pub(crate) fn main() -> ExitCode {
    match run(Plugin::parse()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            // With standard error gone there is nobody to tell, and the exit code says it too.
            let _gone = writeln!(std::io::stderr().lock(), "{NAME}: {error:#}");
            Exit::Unavailable.into()
        }
    }
}

fn run(plugin: Plugin) -> anyhow::Result<Exit> {
    let Plugin { namespace, name, output, command } = plugin;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let installation = runtime.block_on(find(namespace, name))?;
    let endpoint = forward::start(installation.clone())?;
    match command {
        Command::Cluster(command) => {
            let global = client::Global { output, endpoint, timeout: 10.0, state_dir: None };
            Ok(client::run(global, client::Command::Cluster(command)))
        }
        Command::Drill(args) => {
            let drill = drill::run(args, &installation, &endpoint, output);
            tokio::task::LocalSet::new().block_on(&runtime, drill)
        }
    }
}

/// A client of the current context.
async fn connect() -> anyhow::Result<Client> {
    Client::try_default().await.context("find the cluster: kubectl must have a current context, or set KUBECONFIG")
}

async fn find(namespace: Option<String>, name: Option<String>) -> anyhow::Result<Installation> {
    let client = connect().await?;
    let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
    let pods: Api<Pod> = Api::namespaced(client, &namespace);
    let found = pods.list(&ListParams::default().labels(FRONTENDS)).await.context("list pods")?;
    let names = found.items.iter().filter_map(|pod| pod.labels().get(INSTANCE).cloned()).collect();
    let name = choose(name, names, &namespace)?;
    Ok(Installation { namespace, name })
}

/// Which of the installations of a namespace is meant.
fn choose(wanted: Option<String>, mut names: Vec<String>, namespace: &str) -> anyhow::Result<String> {
    names.sort_unstable();
    names.dedup();
    match (wanted, &names[..]) {
        (Some(wanted), names) if names.contains(&wanted) => Ok(wanted),
        (None, [only]) => Ok(only.clone()),
        (_, []) => bail!("no front end runs in namespace {namespace}; say where the installation is with -n NAMESPACE"),
        (Some(wanted), _) => {
            bail!("no front end of {wanted} runs in namespace {namespace}; there is {}", names.join(", "))
        }
        (None, _) => {
            bail!("several installations are in namespace {namespace}; give --name {}", names.join(" or --name "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_plugin_takes_the_commands_about_copies() {
        Plugin::command().debug_assert();
        for line in [
            "kubectl-jh status -n shop",
            "kubectl-jh -n shop --name x failovers -o json",
            "kubectl-jh promote x-replica-1",
            "kubectl-jh rebuild-view --expect-epoch 3",
            "kubectl-jh drill --force --rounds 3",
        ] {
            Plugin::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        Plugin::try_parse_from(["kubectl-jh", "order"]).unwrap_err();
    }

    #[test]
    fn an_installation_that_cannot_be_guessed_is_asked_for() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(choose(None, names(&["x", "x"]), "ns").unwrap(), "x");
        assert_eq!(choose(Some("y".into()), names(&["x", "y"]), "ns").unwrap(), "y");
        let why = |wanted: Option<&str>, there: &[&str]| {
            choose(wanted.map(str::to_owned), names(there), "ns").unwrap_err().to_string()
        };
        assert!(why(None, &[]).contains("-n NAMESPACE"));
        assert!(why(None, &["y", "x"]).contains("--name x or --name y"));
        assert!(why(Some("z"), &["x"]).contains("there is x"));
    }
}
