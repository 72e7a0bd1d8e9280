//! The program: opens ports and disk, joins the group, and ends as the member ends.
use crate::args::{Args, Config, Place};
use crate::{Orders, admin, sample, views};
use anyhow::Context;
use member::disk::DataDir;
use member::{Directory, Ended, Member};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use view::kubernetes::{self, Addresses};
use view::{FileStore, ViewStore};

/// How often a held data directory is looked at: its successor should be back in milliseconds.
const LOCK_POLL: Duration = Duration::from_millis(10);

/// Runs a replica until it leaves by plan (SIGTERM or SIGINT: H1).
///
/// # Errors
/// It could not begin, or it ended for another reason than a plan: whoever supervises it starts it again. A replica that was
/// demoted comes back as a backup so.
pub fn run(args: Args) -> anyhow::Result<()> {
    let config = args.config()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let ended = runtime.block_on(serve(config))?;
    match ended {
        Ended::Left => {
            info!("left by plan");
            Ok(())
        }
        other => Err(anyhow::Error::new(other)),
    }
}

async fn serve(config: Config) -> anyhow::Result<Ended> {
    let Config { name, dir, listen, admin, place, log_writer, sample_data } = config;
    let admin_listener = tokio::net::TcpListener::bind(admin)
        .await
        .with_context(|| format!("listen at {admin}; choose another address with --admin"))?;
    let door = Arc::default();
    tokio::spawn(admin::serve(admin_listener, admin::app(Arc::clone(&door))));
    until_free(&dir).await;
    let listener = TcpListener::bind(listen)
        .with_context(|| format!("listen at {listen}; choose another address with --listen"))?;
    let (store, directory, _following) = find(place).await?;
    let (seen, asks) = views::carry(store, name.clone());
    let config = member::Config { log_writer, ..member::Config::new(name.clone(), dir, listener, directory) };
    let (member, running) = member::join(config, Orders::new(), seen, asks)?;
    let _ = door.set(member.clone());
    if sample_data {
        tokio::spawn(sample::fill(member.clone()));
    }
    leave_when_told(member)?;
    info!(%name, %listen, "the replica is there");
    Ok(running.run().await)
}

/// Waits while another process holds the data directory. A pod that was deleted by force may still run, for some seconds, beside its
/// successor on the same volume; ending and being started again in a loop would only be louder.
async fn until_free(dir: &Path) {
    if !DataDir::is_held(dir) {
        return;
    }
    warn!(dir = %dir.display(), "another process holds the data directory; waiting until it ends");
    while DataDir::is_held(dir) {
        tokio::time::sleep(LOCK_POLL).await;
    }
    info!(dir = %dir.display(), "the data directory is free");
}

/// Where the view is, and where the other replicas are; kept up to date while the last thing returned is there.
async fn find(place: Place) -> anyhow::Result<(Arc<dyn ViewStore>, Directory, Option<Addresses>)> {
    Ok(match place {
        Place::Machine { view_dir, peers } => {
            let store = FileStore::open(&view_dir).context("open the view's directory")?;
            (Arc::new(store), member::directory(peers), None)
        }
        Place::Kubernetes { namespace, config_map, service } => {
            let (store, addresses) = kubernetes::open(namespace.as_deref(), &config_map, &service).await?;
            (Arc::new(store), addresses.watch(), Some(addresses))
        }
    })
}

/// SIGTERM and SIGINT mean: leave the group first (H1).
fn leave_when_told(member: Member) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("leaving");
        member.leave().await;
    });
    Ok(())
}
