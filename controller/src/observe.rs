//! The only reading: turns what connections, store and witnesses show into `group::choose::Seen`. Decides nothing.
use crate::clock::Clock;
use api::control::Suspect;
use group::Pod;
use group::choose::{Link, Seen, Store};
use member::client::{Observation, Watch};
use std::collections::BTreeMap;
use tokio::sync::watch;
use view::{Sight, StoreError};

/// What this controller has seen, and where it looks.
pub(crate) struct Observer {
    pub(crate) seen: Seen,
    pub(crate) clock: Clock,
    pub(crate) members: Watch,
    sight: watch::Receiver<Sight>,
    /// What was taken in of each member, so that only news is.
    taken: BTreeMap<Pod, Observation>,
}

impl Observer {
    pub(crate) fn new(clock: Clock, members: Watch, sight: watch::Receiver<Sight>) -> Observer {
        Observer { seen: Seen::default(), clock, members, sight, taken: BTreeMap::new() }
    }

    /// Waits until there is something to take in.
    pub(crate) async fn changed(&mut self) {
        tokio::select! {
            () = self.members.changed() => {}
            Ok(()) = self.sight.changed() => self.take_sight(),
        }
    }

    /// Takes in what the connections show.
    pub(crate) fn take_members(&mut self) {
        let all = self.members.seen();
        let gone: Vec<_> = self.taken.keys().filter(|pod| !all.contains_key(*pod)).cloned().collect();
        for pod in gone {
            self.taken.remove(&pod);
            self.seen.gone(&pod);
        }
        for (pod, observation) in all {
            let before = self.taken.insert(pod.clone(), observation.clone()).unwrap_or_default();
            take(&mut self.seen, self.clock, &pod, &before, &observation);
        }
    }

    fn take_sight(&mut self) {
        let sight = self.sight.borrow_and_update().clone();
        if let Some(store) = store(sight) {
            self.seen.stored(store, false, self.clock.now().mono);
        }
    }

    /// Takes in what a fresh read gave that began at `began`.
    pub(crate) fn take_read(&mut self, read: &Result<Option<group::View>, StoreError>, began: group::Time) {
        if let Some(store) = store(Sight::from(read)) {
            self.seen.stored(store, true, began);
        }
    }

    /// Takes in a front end's word.
    pub(crate) fn take_suspect(&mut self, suspect: &Suspect) {
        let Suspect { by, pod, boot, sign } = suspect;
        self.seen.told(by, pod, *boot, *sign, self.clock.now().mono);
    }
}

fn store(sight: Sight) -> Option<Store> {
    match sight {
        Sight::Unread => None,
        Sight::Missing => Some(Store::Missing),
        Sight::Is(view) => Some(Store::Is(view)),
        Sight::Unreadable(why) => Some(Store::Unreadable(why)),
    }
}

/// Takes in how one member changed, each fact at the moment when it was seen.
fn take(seen: &mut Seen, clock: Clock, pod: &Pod, before: &Observation, now: &Observation) {
    if let Some(since) = now.since.filter(|_| before.since != now.since) {
        let since = clock.at(since);
        // Up before and up since another moment: the connection was another one in between, however shortly.
        if before.link == now.link {
            seen.linked(pod, Link::Closed, since);
        }
        seen.linked(pod, now.link.into(), since);
    }
    if let (Some(status), Some(heard)) = (&now.status, now.heard.filter(|_| before.heard != now.heard)) {
        seen.answered(status.clone(), clock.at(heard));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_connection_that_was_another_one_in_between_is_seen_as_new() {
        let clock = Clock::start();
        let (pod, began) = (Pod::new("replica-0"), Instant::now());
        let up = |ms| Observation {
            link: member::client::Link::Up,
            since: Some(began + Duration::from_millis(ms)),
            ..Observation::default()
        };
        let mut seen = Seen::default();
        take(&mut seen, clock, &pod, &Observation::default(), &up(1));
        let first = seen.member(&pod).unwrap().link_since;
        take(&mut seen, clock, &pod, &up(1), &up(1));
        assert_eq!(seen.member(&pod).unwrap().link_since, first);
        take(&mut seen, clock, &pod, &up(1), &up(5));
        let member = seen.member(&pod).unwrap();
        assert_eq!((member.link, member.link_since.ms_since(first)), (Link::Up, 4));
    }
}
