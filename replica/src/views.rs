//! Joins the member to the place where the view is kept: what is seen there goes in, what is to be written comes out. Knows both
//! ends and decides nothing; outcomes are seen, never believed (V4).
use futures_util::Stream;
use futures_util::stream::poll_fn;
use group::{Pod, Writer};
use member::{Ask, Seen};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tracing::{debug, info, warn};
use view::{Outcome, Sight, ViewStore};

/// Begins to carry views and asks between the store and the member of this name. Needs a tokio runtime.
pub(crate) fn carry(
    store: Arc<dyn ViewStore>,
    name: Pod,
) -> (impl Stream<Item = Seen> + 'static, UnboundedSender<Ask>) {
    let (seen, mut views) = mpsc::unbounded_channel();
    let (asks, asked) = mpsc::unbounded_channel();
    tokio::spawn(watch(store.clone(), seen.clone()));
    tokio::spawn(carry_out(store, name, asked, seen));
    (poll_fn(move |context| views.poll_recv(context)), asks)
}

async fn watch(store: Arc<dyn ViewStore>, seen: UnboundedSender<Seen>) {
    let mut sights = store.watch();
    loop {
        match &*sights.borrow_and_update() {
            Sight::Is(view) => drop(seen.send(Seen::View(view.clone()))),
            Sight::Unreadable(why) => warn!(why, "read the view"),
            Sight::Unread | Sight::Missing => {}
        }
        if sights.changed().await.is_err() || seen.is_closed() {
            return;
        }
    }
}

/// Whether the store answers nothing at this time: told once when it begins and once when it is over, however often it is asked.
#[derive(Default)]
struct Silence(AtomicBool);

impl Silence {
    /// Whether that is news.
    fn begins(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
    fn ends(&self) {
        if self.0.swap(false, Ordering::Relaxed) {
            info!("the store of the view answers again");
        }
    }
}

/// Each ask is carried out on its own: a write that hangs must not hold up a read.
async fn carry_out(
    store: Arc<dyn ViewStore>,
    name: Pod,
    mut asked: UnboundedReceiver<Ask>,
    seen: UnboundedSender<Seen>,
) {
    let silence = Arc::new(Silence::default());
    while let Some(ask) = asked.recv().await {
        let (store, seen, name, silence) = (store.clone(), seen.clone(), name.clone(), silence.clone());
        match ask {
            Ask::Propose(proposal) => drop(tokio::spawn(async move {
                let (base, version) = (proposal.base, proposal.next.version);
                let next = proposal.next.clone();
                let outcome = store.compare_and_swap(base, proposal.next, Writer::Member(name)).await;
                if !matches!(outcome, Outcome::Unknown(_)) {
                    silence.ends();
                }
                match outcome {
                    Outcome::Written => {
                        info!(version, "the view was written");
                        // It was the view for a moment at least; seeing it here saves the way through the watch.
                        let _ = seen.send(Seen::View(next));
                    }
                    Outcome::Lost => debug!(base, "another view was written first"),
                    Outcome::Refused(refusal) => warn!(%refusal, "the view was refused"),
                    Outcome::Unknown(error) if silence.begins() => {
                        warn!(%error, "write the view; whether it was written will be seen");
                    }
                    Outcome::Unknown(error) => debug!(%error, "write the view"),
                }
            })),
            Ask::Read { held } => drop(tokio::spawn(async move {
                match store.get().await {
                    Ok(view) => {
                        silence.ends();
                        drop(seen.send(Seen::Stored { held, view }));
                    }
                    Err(error) if silence.begins() => {
                        warn!(%error, "read the view afresh; it is asked for again and again")
                    }
                    Err(error) => debug!(%error, "read the view afresh"),
                }
            })),
        }
    }
}
