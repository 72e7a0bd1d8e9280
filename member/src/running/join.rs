//! How a member begins: the data directory is opened, the state is loaded from it, and the loop is put together around them.
use super::clients::Clients;
use super::event::{Doors, Pokes};
use super::held::Held;
use super::links::Links;
use super::state::{self, State};
use super::{Running, now};
use crate::handle::{Ask, Config, Directory, Figures, JoinError, Member, Seen};
use crate::limits;
use crate::machine::Machine;
use crate::net::Caller;
use crate::store;
use crate::wire::Kind;
use futures_util::Stream;
use group::{BootId, Core, Peer, Pod, Recovered};
use std::pin::Pin;
use std::time::Instant;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Opens the data directory and makes ready to run. `machine` is empty; what the disk holds is loaded into it. `views` brings what
/// is seen of the view; what is to be written or read there comes out of `asks`.
///
/// # Errors
/// The directory cannot be used, or its snapshot cannot be loaded. Each says what to do.
pub fn join<M: Machine + Send + 'static>(
    config: Config,
    machine: M,
    views: impl Stream<Item = Seen> + 'static,
    asks: mpsc::UnboundedSender<Ask>,
) -> Result<(Member, Running<M>), JoinError> {
    let Config { pod, dir, listener, peers, log_writer, snapshot_every_bytes } = config;
    let boot = BootId(random());
    let (notify, done) = mpsc::unbounded_channel();
    let (found, store) = store::open(&dir, boot, log_writer, move |done| drop(notify.send(done)))?;
    let (views, listener) = (Box::pin(views), Some(listener));
    let speaks = group::limits::FORMAT;
    assemble(Parts {
        pod,
        boot,
        found,
        store,
        done,
        machine,
        peers,
        views,
        asks,
        listener,
        snapshot_every_bytes,
        speaks,
    })
}

/// What a member is put together from.
pub(super) struct Parts<M> {
    pub(super) pod: Pod,
    pub(super) boot: BootId,
    pub(super) found: store::Recovered,
    pub(super) store: store::Handle,
    pub(super) done: mpsc::UnboundedReceiver<store::Done>,
    pub(super) machine: M,
    pub(super) peers: Directory,
    pub(super) views: Pin<Box<dyn Stream<Item = Seen>>>,
    pub(super) asks: mpsc::UnboundedSender<Ask>,
    /// None in a member that is driven by hand.
    pub(super) listener: Option<std::net::TcpListener>,
    pub(super) snapshot_every_bytes: usize,
    pub(super) speaks: u16,
}

/// Loads the state from what the disk holds, and puts the loop together around it.
pub(super) fn assemble<M: Machine + Send + 'static>(parts: Parts<M>) -> Result<(Member, Running<M>), JoinError> {
    let Parts { pod, boot, found, mut machine, peers, speaks, .. } = parts;
    let me = Peer { pod: pod.clone(), storage: found.storage, boot };
    if let Some(snapshot) = &found.snapshot {
        state::load(&mut machine, snapshot)?;
    }
    let (newest_snapshot, snapshot) = watch::channel(found.snapshot.clone());
    let log_bytes = found.log_bytes;
    let core = Core::new(recovered(me.clone(), found, speaks));
    let mut state = State::new(machine, core.first_seq() - 1);
    state.advance(&core, core.commit());
    state.bytes = state.bytes.max(log_bytes);

    let (inbox_sender, inbox) = mpsc::channel(limits::INBOX_BATCHES);
    let (member, local) = Member::new();
    let pokes = Pokes::default();
    let caller = Caller { name: pod.to_string(), kind: Kind::Peer(me.clone()), directory: peers };
    let doors = Doors { me, inbox: inbox_sender.clone(), snapshot, pokes: pokes.clone() };
    let delivered = core.commit();
    tracing::info!(tail = core.tail().seq, entries = core.tail().seq + 1 - core.first_seq(), "recovered");
    let began = Instant::now();
    let running = Running {
        core,
        state,
        store: parts.store,
        held: Held::default(),
        links: Links::new(pokes),
        clients: Clients::default(),
        member: member.clone(),
        caller,
        inbox,
        inbox_sender,
        local,
        done: parts.done,
        views: parts.views,
        asks: parts.asks,
        listener: parts.listener,
        tasks: JoinSet::new(),
        doors,
        began,
        now: now(began),
        at: None,
        outputs: Vec::new(),
        ticket: 0,
        ticket_due: false,
        ticks: 0,
        status_due: false,
        feed_due: false,
        feed_alive: false,
        delivered,
        outage_ms: None,
        making: None,
        fetching: None,
        fetches: 0,
        installing: false,
        loading: None,
        by_hand: None,
        newest_snapshot,
        snapshot_every_bytes: parts.snapshot_every_bytes,
        figures: Figures::default(),
        reset_why: None,
        ended: None,
    };
    Ok((member, running))
}

fn recovered(me: Peer, found: store::Recovered, speaks: u16) -> Recovered {
    let store::Recovered {
        storage: _,
        group,
        promised,
        view,
        snapshot: _,
        base,
        starts,
        reigns,
        format,
        entries,
        log_bytes: _,
        commit,
        unhealthy,
    } = found;
    Recovered { me, group, promised, view, base, starts, reigns, format, speaks, entries, commit, unhealthy }
}

fn random() -> u128 {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the system gives random bits");
    u128::from_le_bytes(bits)
}
