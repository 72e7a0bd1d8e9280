//! Stopping in order: who takes requests first, who holds the data last. Knows stages, not what runs in them.

use std::collections::BTreeMap;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::supervise::Order;

/// When a child is stopped; earlier ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Takes requests from outside; answers what it has taken before it ends.
    Front,
    /// Would take the stopping of replicas for their death.
    Watchers,
    /// Holds the orders.
    Data,
}

/// The way to order a supervisor, and its task.
type Supervisor = (watch::Sender<Order>, JoinHandle<()>);

/// The supervisors that run.
#[derive(Debug, Default)]
pub(super) struct Running {
    stages: BTreeMap<Stage, Vec<Supervisor>>,
}

impl Running {
    pub(super) fn add(&mut self, stage: Stage, start: impl FnOnce(watch::Receiver<Order>) -> JoinHandle<()>) {
        let (orders, received) = watch::channel(Order::Run);
        self.stages.entry(stage).or_default().push((orders, start(received)));
    }

    /// Asks stage after stage to stop, and kills all that is left when another signal comes.
    pub(super) async fn stop(mut self, signals: &mut Signals) {
        while let Some((_, stage)) = self.stages.pop_first() {
            give(&stage, Order::Stop);
            let (orders, tasks): (Vec<_>, Vec<_>) = stage.into_iter().unzip();
            let mut ended = std::pin::pin!(join(tasks));
            tokio::select! {
                () = &mut ended => continue,
                () = signals.next() => {}
            }
            for order in &orders {
                order.send_replace(Order::Kill);
            }
            self.stages.values().for_each(|stage| give(stage, Order::Kill));
            ended.await;
        }
    }
}

fn give(stage: &[Supervisor], order: Order) {
    stage.iter().for_each(|(orders, _)| _ = orders.send_replace(order));
}

async fn join(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        // A supervisor that panicked has dropped, and so killed, its child.
        let _ = task.await;
    }
}

/// The signals that end `jh up`: Ctrl-C, SIGTERM, and the terminal going away.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Signals> {
        let listen = |kind| signal(kind);
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Returns when the next one comes.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
