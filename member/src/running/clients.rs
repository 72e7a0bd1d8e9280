//! The connections of front ends and controllers, and what they are told unasked. Knows no request's meaning.
use crate::answer::Cursor;
use crate::limits;
use crate::wire::{Outbox, Told};
use group::{Core, Epoch, Serving, Status};
use std::collections::HashMap;
use std::sync::Arc;

/// What nobody asked for.
const UNASKED: u64 = 0;

struct Client {
    outbox: Arc<Outbox>,
    controller: bool,
    /// Number of the request, and where it is; `None`: nothing was sent yet, begin where the history is.
    subscriptions: Vec<(u64, Option<Cursor>)>,
}

/// All connections of clients.
#[derive(Default)]
pub(super) struct Clients {
    all: HashMap<u64, Client>,
}

impl Clients {
    pub(super) fn open(&mut self, connection: u64, controller: bool, outbox: Arc<Outbox>) {
        self.all.insert(connection, Client { outbox, controller, subscriptions: Vec::new() });
    }
    pub(super) fn close(&mut self, connection: u64) {
        self.all.remove(&connection);
    }
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
    pub(super) fn have_controllers(&self) -> bool {
        self.all.values().any(|client| client.controller)
    }

    /// Tells one client something under the number of its request.
    pub(super) fn tell(&self, connection: u64, number: u64, told: &Told) {
        if let Some(client) = self.all.get(&connection) {
            client.outbox.push(&(number, told));
        }
    }
    /// Tells one client, unasked.
    pub(super) fn push(&self, connection: u64, told: &Told) {
        self.tell(connection, UNASKED, told);
    }
    /// Tells everybody.
    pub(super) fn push_all(&self, told: &Told) {
        self.all.values().for_each(|client| client.outbox.push(&(UNASKED, told)));
    }
    pub(super) fn push_status(&self, status: Status) {
        let told = Told::Status(Box::new(status));
        self.all.values().filter(|client| client.controller).for_each(|client| client.outbox.push(&(UNASKED, &told)));
    }

    pub(super) fn subscribe(&mut self, connection: u64, number: u64, after: Option<Cursor>) -> bool {
        let all: usize = self.all.values().map(|client| client.subscriptions.len()).sum();
        match self.all.get_mut(&connection) {
            Some(client) if all < limits::SUBSCRIBERS => {
                client.subscriptions.push((number, after));
                true
            }
            _ => false,
        }
    }
    pub(super) fn unsubscribe(&mut self, connection: u64, number: u64) {
        if let Some(client) = self.all.get_mut(&connection) {
            client.subscriptions.retain(|(known, _)| *known != number);
        }
    }
    /// Shows every subscription whose connection has room: `serve` says what to send and
    /// moves the cursor; `alive`: each is told something, news or not.
    pub(super) fn serve_subscriptions(
        &mut self,
        alive: bool,
        mut serve: impl FnMut(&mut Option<Cursor>, bool) -> Option<Told>,
    ) {
        for client in self.all.values_mut() {
            for (number, after) in &mut client.subscriptions {
                let mut alive = alive;
                while client.outbox.len() < limits::PAGE_BYTES
                    && let Some(told) = serve(after, std::mem::take(&mut alive))
                {
                    client.outbox.push(&(*number, &told));
                }
            }
        }
    }

    /// What a client must know to find the primary, as far as this member knows it.
    pub(super) fn greet(&self, connection: u64, core: &Core) {
        if let Some(view) = core.view() {
            self.push(connection, &Told::View(view.clone()));
        }
        if let Some(told) = standing(core) {
            self.push(connection, &told);
        }
    }

    /// Nothing more is said to anyone; what waits still goes out.
    pub(super) fn close_all(&self) {
        self.all.values().for_each(|client| client.outbox.close());
    }
    pub(super) fn are_told(&self) -> bool {
        self.all.values().all(|client| client.outbox.len() == 0)
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.all.values().for_each(|client| client.outbox.cut());
    }
}

/// What a leading member says of itself.
pub(super) fn standing(core: &Core) -> Option<Told> {
    match core.serving() {
        Serving::Yes => Some(Told::Serving(core.view()?.epoch)),
        Serving::Draining { epoch } => Some(Told::Draining(epoch)),
        Serving::No => None,
    }
}

/// Where a member that does not lead sends its callers.
pub(super) fn elsewhere(core: &Core) -> Told {
    let (epoch, primary) = believed(core);
    Told::NotPrimary { epoch, primary }
}

/// The epoch and the primary of the view held.
pub(super) fn believed(core: &Core) -> (Epoch, Option<group::Pod>) {
    core.view().map_or((Epoch::default(), None), |view| (view.epoch, Some(view.primary.clone())))
}
