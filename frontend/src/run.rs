//! The program: connects to the replicas, listens, and stops in peace.
use crate::app::{App, Inner};
use crate::args::{Args, Config, Place};
use crate::controllers::Controllers;
use crate::follow::Follower;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::seam::Cluster;
use crate::{limits, routes, serve};
use anyhow::Context;
use member::Directory;
use member::client::{self, Belief, Client};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};
use view::kubernetes::{self, Addresses};
use view::{FileStore, Sight, ViewStore};

/// Runs a front end until SIGTERM or SIGINT; then finishes what is in flight.
///
/// # Errors
/// The address cannot be listened at, or the view's directory cannot be used.
pub fn run(args: Args) -> anyhow::Result<()> {
    let config = args.config()?;
    // One thread: a second one breaks the batching towards the primary and makes it a third slower.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(listen(config))
}

async fn listen(config: Config) -> anyhow::Result<()> {
    let Config { name, listen, place, postcode, controllers } = config;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listen at {listen}; choose another address with --listen"))?;
    let (replicas, store, _following) = find(place).await?;
    let client = Client::connect(client::Config { name: name.clone(), replicas });
    let controllers = Controllers::new(&controllers);
    tokio::spawn(suspect(client.clone(), controllers.clone(), name));
    if let Some(store) = store {
        tokio::spawn(push_views(store, client.clone()));
    }
    let (stop, stopping) = watch::channel(false);
    let (meeting, met) = watch::channel(false);
    let believed = client.believed();
    let cluster: Arc<dyn Cluster> = Arc::new(client);
    let (follower, metrics) = (Follower::new(cluster.clone()), Metrics::default());
    let places = Places::new(&postcode);
    let app = App::new(Inner { cluster, places, follower, controllers, metrics: metrics.clone(), met, stopping });
    tokio::spawn(meet(app.clone(), believed, meeting));
    info!(%listen, "the front end is there");
    serve::serve(listener, routes::app(app), metrics, stopped(stop)?).await;
    info!("stopped");
    Ok(())
}

/// Where the replicas are, and where the view is; kept up to date while the last thing returned is there.
async fn find(place: Place) -> anyhow::Result<(Directory, Option<Arc<dyn ViewStore>>, Option<Addresses>)> {
    Ok(match place {
        Place::Machine { replicas, view_dir: None } => (member::directory(replicas), None, None),
        Place::Machine { replicas, view_dir: Some(dir) } => {
            let store = FileStore::open(&dir).context("open the view's directory")?;
            (member::directory(replicas), Some(Arc::new(store)), None)
        }
        Place::Kubernetes { namespace, config_map, service } => {
            let (store, addresses) = kubernetes::open(namespace.as_deref(), &config_map, &service).await?;
            (addresses.watch(), Some(Arc::new(store)), Some(addresses))
        }
    })
}

/// Resolves at SIGTERM or SIGINT, having told everyone who listens on `stop`.
fn stopped(stop: watch::Sender<bool>) -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping");
        stop.send_replace(true);
    })
}

/// Reaches the primary and the adapter before anybody waits for that.
async fn meet(app: App, mut believed: watch::Receiver<Belief>, meeting: watch::Sender<bool>) {
    // How long it takes to learn of a view at all is nobody's fault here.
    let _ = believed.wait_for(|belief| belief.view.is_some()).await;
    let serving = async {
        let _ = believed.wait_for(|belief| belief.serving).await;
    };
    let both = async { tokio::join!(serving, app.places.meet()) };
    if tokio::time::timeout(limits::FIRST_CONTACTS, both).await.is_err() {
        warn!("the primary or the postcode adapter is not reached; requests are taken all the same");
    }
    meeting.send_replace(true);
}

/// Tells the controllers of every lost connection to the primary.
async fn suspect(client: Client, controllers: Controllers, me: String) {
    use tokio::sync::broadcast::error::RecvError;
    let (mut suspicions, believed) = (client.suspicions(), client.believed());
    loop {
        match suspicions.recv().await {
            Ok(suspicion) => controllers.suspect(&me, &suspicion, &believed.borrow()),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// What the store shows is told to the client and through it to every replica: a view may reach here first. What was seen last stays
/// when the store cannot be read.
async fn push_views(store: Arc<dyn ViewStore>, client: Client) {
    let mut sights = store.watch();
    loop {
        match &*sights.borrow_and_update() {
            Sight::Is(view) => client.push_view(view.clone()),
            Sight::Unreadable(why) => warn!(why, "read the view"),
            Sight::Unread | Sight::Missing => {}
        }
        if sights.changed().await.is_err() {
            return;
        }
    }
}
