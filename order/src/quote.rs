//! What an order would cost and everything that is wrong with it. Placing uses the same judgement, so the two cannot differ.

use std::sync::Arc;

use crate::acquirer;
use crate::basket::{self, Basket};
use crate::command::{PlaceOrder, Tender};
use crate::issue::{Issue, Issues, Problem};
use crate::limits;
use crate::menu::MenuRevision;
use crate::money::{Currency, Money};
use crate::order::Part;
use crate::phone::Phone;
use crate::place::Place;
use crate::restaurant::Restaurant;
use crate::stage::Service;
use crate::state::State;
use crate::view::LineView;
use crate::wish::{self, Start};

/// The judgement of an order that has not been placed.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Everything that is wrong; nothing if it can be placed.
    pub issues: Vec<Issue>,
    /// The restaurant, if there is one.
    pub restaurant: Option<Arc<Restaurant>>,
    /// Its menu, if it has one.
    pub menu: Option<Arc<MenuRevision>>,
    /// Value of the lines that could be priced, in minor units.
    pub subtotal: i64,
    /// Delivery fee in minor units.
    pub fee: i64,
    /// What amounts are counted in.
    pub currency: Currency,
    /// When the food would be there or ready, ms since 1970: as wished, or as soon as possible.
    pub eta_ms: u64,
    pub(crate) parts: Vec<Part>,
    pub(crate) start: Start,
    pub(crate) phone: Option<Phone>,
}

impl Quote {
    /// The lines that could be priced.
    pub fn lines(&self) -> impl Iterator<Item = LineView<'_>> {
        self.menu.iter().flat_map(|menu| basket::lines(menu, &self.parts))
    }

    /// What it costs altogether.
    pub fn total(&self) -> Money {
        Money::new(self.subtotal + self.fee, self.currency)
    }

    /// Whether it can be placed.
    pub fn is_fulfillable(&self) -> bool {
        self.issues.is_empty()
    }
}

impl State {
    /// Judges and prices an order without placing it.
    pub fn quote(&self, at_ms: u64, order: &PlaceOrder) -> Quote {
        let at_ms = at_ms.min(limits::AT_MS_MAX);
        let mut issues = Issues::default();
        let phone = wish::check_customer(order, &mut issues);
        let place = self.check_address(order, &mut issues);
        let restaurant = self.restaurant(order.restaurant.as_str());
        let mut quote = match restaurant {
            Some(restaurant) => self.quote_of(at_ms, order, restaurant, place, &mut issues),
            None => {
                issues.add("/restaurant", Problem::RestaurantUnknown { restaurant: order.restaurant.clone() });
                Quote::blank(at_ms)
            }
        };
        quote.phone = phone;
        quote.issues = issues.0;
        quote
    }

    fn check_address<'a>(&self, order: &'a PlaceOrder, issues: &mut Issues) -> Option<&'a Place> {
        match (&order.deliver_to, order.service) {
            (Some(to), Service::Delivery) => wish::check_destination(to, "/deliver_to", issues),
            (None, Service::Delivery) => {
                issues.add("/deliver_to", Problem::AddressRequired);
                None
            }
            (_, Service::Collection) => None,
        }
    }

    fn quote_of(
        &self,
        at_ms: u64,
        order: &PlaceOrder,
        restaurant: &Arc<Restaurant>,
        place: Option<&Place>,
        issues: &mut Issues,
    ) -> Quote {
        let delivers = order.service == Service::Delivery && restaurant.profile.delivery.is_some();
        if let Some(place) = place.filter(|_| delivers) {
            wish::check_zone(restaurant, place, "/deliver_to", issues);
        }
        let distance_m = restaurant.distance_m(place.and_then(|place| place.point));
        let eta_minutes = restaurant.eta_minutes(order.service, distance_m);
        let eta_ms = order.fulfil_at_ms.unwrap_or(at_ms + u64::from(eta_minutes) * 60_000);
        let before = issues.0.len();
        let start = wish::check_time(restaurant, at_ms, order.service, order.fulfil_at_ms, eta_minutes, issues);
        // A kitchen that does not cook then is not full then.
        if issues.0.len() == before {
            self.check_kitchen(restaurant, at_ms, eta_ms, order, issues);
        }
        let menu = self.menu(restaurant);
        let basket = match menu {
            Some(menu) => basket::check(self, menu, order, issues),
            None => {
                issues.add("/restaurant", Problem::MenuMissing);
                Basket::default()
            }
        };
        let fee = if delivers { restaurant.fee(basket.subtotal) } else { 0 };
        let quote = Quote {
            restaurant: Some(Arc::clone(restaurant)),
            menu: menu.cloned(),
            subtotal: basket.subtotal,
            fee,
            currency: restaurant.profile.currency,
            eta_ms,
            parts: basket.parts,
            start,
            ..Quote::blank(at_ms)
        };
        quote.check_amounts(order, basket.is_whole, delivers, issues);
        self.check_promise(at_ms, order, &quote, basket.is_whole, issues);
        if basket.is_whole {
            quote.check_payment(order, issues);
        }
        quote
    }
}

impl Quote {
    fn blank(at_ms: u64) -> Quote {
        Quote {
            issues: Vec::new(),
            restaurant: None,
            menu: None,
            subtotal: 0,
            fee: 0,
            currency: Currency::GBP,
            eta_ms: at_ms,
            parts: Vec::new(),
            start: Start::Now,
            phone: None,
        }
    }

    /// A card is asked about the total, so everything must be priced.
    fn check_payment(&self, order: &PlaceOrder, issues: &mut Issues) {
        let Tender::Card { token } = &order.tender else { return };
        if let Err(reason) = acquirer::authorise(token, self.total().amount) {
            issues.add("/payment/token", Problem::PaymentDeclined { reason });
        }
    }

    /// Minimum and expectations. A sum is only compared when every line could be priced.
    fn check_amounts(&self, order: &PlaceOrder, is_whole: bool, delivers: bool, issues: &mut Issues) {
        let minimum = self.restaurant.as_ref().map_or(0, |restaurant| restaurant.profile.minimum_order);
        if is_whole && delivers && self.subtotal < minimum {
            let money = |amount| Money::new(amount, self.currency);
            let additional_spend_required = money(minimum - self.subtotal);
            issues.add("/items", Problem::MinimumNotMet { minimum: money(minimum), additional_spend_required });
        }
        let revision = self.menu.as_ref().map(|menu| menu.revision);
        if let Some((_, menu_revision)) = order.expect.menu_revision.zip(revision).filter(|(read, now)| read != now) {
            issues.add("/expect/menu_revision", Problem::MenuChanged { menu_revision });
        }
        if order.expect.total.is_some_and(|expected| is_whole && expected != self.total().amount) {
            issues.add("/expect/total", Problem::PriceChanged { total: self.total() });
        }
    }
}
