//! What restaurants change about themselves: profile, menu, availability, pauses. Knows no orders but those that a menu still serves.

use std::sync::Arc;

use crate::check_menu;
use crate::check_profile;
use crate::command::Command;
use crate::delta::{Delta, Record, RecordKey, Subject};
use crate::execute::Outcome;
use crate::id::{RestaurantNumber, Slug};
use crate::issue::{Issue, Problem};
use crate::limits;
use crate::menu::{Menu, MenuRevision};
use crate::recall::Seen;
use crate::reply::{Bound, Refusal, Reply};
use crate::restaurant::{Availability, Profile, Restaurant, Status};
use crate::stage::Role;
use crate::state::State;

impl State {
    pub(crate) fn put_profile(&self, at_ms: u64, command: &Command, profile: &Profile) -> Outcome {
        let old = self.restaurant(profile.slug.as_str());
        let hash = match self.begin(at_ms, command, &profile.slug, old)? {
            Begun::Replayed(reply) => return Ok((None, reply)),
            Begun::New(hash) => hash,
        };
        if let (Some(version), Some(old)) = (command.if_match, old)
            && version != old.version
        {
            return Err(Refusal::PreconditionFailed { version: old.version });
        }
        let issues = check_profile::check(profile, old.map(|old| old.profile.currency));
        if !issues.is_empty() {
            return Err(Refusal::Issues(issues));
        }
        let restaurant = match old {
            Some(old) if old.profile == *profile => Restaurant::clone(old),
            Some(old) => Restaurant { profile: profile.clone(), version: old.version + 1, ..Restaurant::clone(old) },
            None => self.new_restaurant(profile)?,
        };
        self.finish(at_ms, command, hash, old, restaurant, Delta::default())
    }

    fn new_restaurant(&self, profile: &Profile) -> Result<Restaurant, Refusal> {
        let next = self.restaurants.last_key_value().map_or(1, |(last, _)| last.get() + 1);
        let number = RestaurantNumber::new(next).filter(|_| self.restaurants.len() < limits::RESTAURANTS_MAX);
        let number = number.ok_or(Refusal::Busy(Bound::Restaurants))?;
        Ok(Restaurant { number, profile: profile.clone(), version: 1, menu_revision: 0, status: Status::Open })
    }

    pub(crate) fn put_menu(&self, at_ms: u64, command: &Command, slug: &Slug, menu: &Menu) -> Outcome {
        let old = self.restaurant(slug.as_str()).ok_or_else(|| Refusal::NoRestaurant(slug.clone()))?;
        let hash = match self.begin(at_ms, command, slug, Some(old))? {
            Begun::Replayed(reply) => return Ok((None, reply)),
            Begun::New(hash) => hash,
        };
        if command.if_match.is_some_and(|revision| revision != old.menu_revision) {
            return Err(Refusal::PreconditionFailed { version: old.menu_revision });
        }
        let issues = check_menu::check(menu, old.profile.currency);
        if !issues.is_empty() {
            return Err(Refusal::Issues(issues));
        }
        if self.menu(old).is_some_and(|current| current.menu == *menu) {
            return self.finish(at_ms, command, hash, Some(old), Restaurant::clone(old), Delta::default());
        }
        let revision = old.menu_revision + 1;
        let restaurant = Restaurant { menu_revision: revision, ..Restaurant::clone(old) };
        let deletes = self.unused_menus(old.number)?;
        let menu = MenuRevision::new(old.number, revision, menu.clone());
        let delta = Delta { puts: vec![Record::Menu(Arc::new(menu))], deletes, events: Vec::new() };
        self.finish(at_ms, command, hash, Some(old), restaurant, delta)
    }

    /// Revisions that no order refers to. Once a new one is current nobody can come to refer to them again.
    fn unused_menus(&self, number: RestaurantNumber) -> Result<Vec<RecordKey>, Refusal> {
        let held = self.menus.range((number, 0)..=(number, u32::MAX)).map(|(key, _)| *key);
        let (used, unused): (Vec<_>, Vec<_>) = held.partition(|key| self.index.menu_uses.contains_key(key));
        if used.len() >= limits::REVISIONS_MAX {
            return Err(Refusal::Busy(Bound::MenuRevisions));
        }
        Ok(unused.into_iter().map(|(number, revision)| RecordKey::Menu(number, revision)).collect())
    }

    pub(crate) fn set_availability(
        &self,
        at_ms: u64,
        command: &Command,
        slug: &Slug,
        name: &Slug,
        availability: Availability,
    ) -> Outcome {
        let old = self.restaurant(slug.as_str()).ok_or_else(|| Refusal::NoRestaurant(slug.clone()))?;
        let hash = match self.begin(at_ms, command, slug, Some(old))? {
            Begun::Replayed(reply) => return Ok((None, reply)),
            Begun::New(hash) => hash,
        };
        let known = self.menu(old).is_some_and(|menu| menu.has(name.as_str()));
        if !known {
            return Err(Refusal::Issues(vec![Issue::at("/item", Problem::ItemUnknown { item: name.clone() })]));
        }
        let mut delta = Delta::default();
        if self.availability(old.number, name.as_str()) != availability {
            if availability == (Availability { available: true, stock: None }) {
                delta.deletes.push(RecordKey::Availability(old.number, name.clone()));
            } else {
                delta.puts.push(Record::Availability { restaurant: old.number, name: name.clone(), availability });
            }
        }
        self.finish(at_ms, command, hash, Some(old), Restaurant::clone(old), delta)
    }

    pub(crate) fn pause(&self, at_ms: u64, command: &Command, slug: &Slug, until_ms: Option<u64>) -> Outcome {
        let latest_ms = at_ms + limits::PAUSE_MS_MAX;
        if until_ms.is_some_and(|until_ms| until_ms <= at_ms || until_ms > latest_ms) {
            let problem = Problem::TimeRange { after_ms: at_ms, until_ms: latest_ms };
            return self.set_status(at_ms, command, slug, Err(Refusal::Issues(vec![Issue::at("/until", problem)])));
        }
        self.set_status(at_ms, command, slug, Ok(until_ms.map_or(Status::Closed, Status::Paused)))
    }

    pub(crate) fn resume(&self, at_ms: u64, command: &Command, slug: &Slug) -> Outcome {
        self.set_status(at_ms, command, slug, Ok(Status::Open))
    }

    /// The key is looked up before the new status is judged, so that a repetition is answered as such (E1).
    fn set_status(&self, at_ms: u64, command: &Command, slug: &Slug, status: Result<Status, Refusal>) -> Outcome {
        let old = self.restaurant(slug.as_str()).ok_or_else(|| Refusal::NoRestaurant(slug.clone()))?;
        let hash = match self.begin(at_ms, command, slug, Some(old))? {
            Begun::Replayed(reply) => return Ok((None, reply)),
            Begun::New(hash) => hash,
        };
        if command.if_match.is_some_and(|version| version != old.version) {
            return Err(Refusal::PreconditionFailed { version: old.version });
        }
        let status = status?;
        let version = if status == old.status { old.version } else { old.version + 1 };
        let restaurant = Restaurant { status, version, ..Restaurant::clone(old) };
        self.finish(at_ms, command, hash, Some(old), restaurant, Delta::default())
    }

    /// Key and actor, the same for every change.
    fn begin(
        &self,
        at_ms: u64,
        command: &Command,
        slug: &Slug,
        old: Option<&Arc<Restaurant>>,
    ) -> Result<Begun, Refusal> {
        let hash = match self.seen(at_ms, command.keyed.as_ref(), slug.as_str(), &command.actor.id)? {
            Seen::Did(Subject::Restaurant(number)) if old.is_some_and(|old| old.number == number) => {
                let restaurant = old.map(Arc::clone).ok_or_else(|| Refusal::NoRestaurant(slug.clone()))?;
                return Ok(Begun::Replayed(Reply::Restaurant { restaurant, created: false, replayed: true }));
            }
            Seen::Did(_) | Seen::Placed(_) => return Err(Refusal::KeyReused),
            Seen::New(hash) => hash,
        };
        let may = match command.actor.role {
            Role::Restaurant => command.actor.id.is_empty() || *command.actor.id == *slug.as_str(),
            Role::Ops | Role::System => true,
            Role::Customer | Role::Courier => false,
        };
        if !may {
            return Err(Refusal::Forbidden { verb: None, who: vec![Role::Restaurant, Role::Ops] });
        }
        Ok(Begun::New(hash))
    }

    /// Adds the restaurant, if it differs, and the key to the change, and answers.
    fn finish(
        &self,
        at_ms: u64,
        command: &Command,
        hash: Option<u128>,
        old: Option<&Arc<Restaurant>>,
        restaurant: Restaurant,
        mut delta: Delta,
    ) -> Outcome {
        let restaurant = match old {
            Some(old) if **old == restaurant => Arc::clone(old),
            _ => {
                let restaurant = Arc::new(restaurant);
                delta.puts.push(Record::Restaurant(Arc::clone(&restaurant)));
                restaurant
            }
        };
        let subject = Subject::Restaurant(restaurant.number);
        delta.puts.extend(self.remember(at_ms, command.keyed.as_ref(), hash, subject)?);
        let changes = !delta.puts.is_empty() || !delta.deletes.is_empty();
        let reply = Reply::Restaurant { restaurant, created: old.is_none(), replayed: false };
        Ok((changes.then_some(delta), reply))
    }
}

enum Begun {
    New(Option<u128>),
    Replayed(Reply),
}
