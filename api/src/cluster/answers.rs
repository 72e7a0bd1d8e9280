//! Answers questions to the book, as the API tells things. Pure: it reads the state and a time.
use crate::cluster::{Filter, Found, Json, Query};
use crate::v1::courier::Courier;
use crate::v1::error::ErrorCode;
use crate::v1::order::{Order, OrderList};
use crate::v1::restaurant::RestaurantList;
use crate::v1::told;
use order::OrderId;
use order::command::PlaceOrder;
use order::id::Slug;
use order::limits;
use order::place::{Place, Standing};
use order::query::{OrdersQuery, Where};
use order::reply::Refusal;
use order::restaurant::Restaurant;
use order::stage::{Leg, Service, Stage};
use order::state::State;
use order::view::OrderView;

/// The answer to a question at a time of the log (ms since 1970).
pub(super) fn answer(state: &State, at_ms: u64, query: &Query) -> Found {
    let found = match query {
        Query::Restaurants(place) => Ok(restaurants(state, at_ms, place.as_ref())),
        Query::Restaurant(slug) => known(state, slug).map(|restaurant| one_restaurant(restaurant, at_ms)),
        Query::Menu(slug) => known(state, slug).map(|restaurant| menu(state, restaurant)),
        Query::Number(slug) => known(state, slug).map(|restaurant| Found::Number(restaurant.number.get())),
        Query::Order(id) => one_order(state, *id),
        Query::Orders(filter) => orders(state, filter),
        Query::Quote(place) => Ok(quote(state, at_ms, place)),
        Query::Courier(id) => Ok(courier(state, id)),
    };
    found.unwrap_or_else(|refusal| Found::Refused(Json::of(&told::refusal(&refusal, None))))
}

fn told_as(tag: impl ToString, shape: &impl serde::Serialize) -> Found {
    Found::Told { tag: tag.to_string(), next: None, json: Json::of(shape) }
}

fn known<'a>(state: &'a State, slug: &str) -> Result<&'a Restaurant, Refusal> {
    let unknown = || match Slug::parse(slug) {
        Ok(slug) => Refusal::NoRestaurant(slug),
        Err(_) => Refusal::NoRestaurant(Slug::parse("unknown").expect("this is a slug")),
    };
    state.restaurant(slug).map(|restaurant| &**restaurant).ok_or_else(unknown)
}

fn restaurants(state: &State, at_ms: u64, place: Option<&Place>) -> Found {
    let Some(place) = place else {
        let all = state.restaurants().take(limits::PAGE_MAX);
        let restaurants = all.map(|restaurant| told::offer_anywhere(restaurant, at_ms)).collect();
        return told_as("", &RestaurantList { restaurants, postcode: None, verified: false });
    };
    let near = state.near(at_ms, Where::Postcode(place.postcode, place.point), Service::Delivery);
    told_as(
        "",
        &RestaurantList {
            restaurants: near.iter().map(told::offer).collect(),
            postcode: Some(place.postcode.to_string()),
            verified: place.standing == Standing::Verified,
        },
    )
}

fn one_restaurant(restaurant: &Restaurant, at_ms: u64) -> Found {
    told_as(restaurant.version, &told::restaurant(restaurant, at_ms))
}

/// The tag is the menu's revision. While something is not to be had, a mark of what that is follows: a cached menu must not
/// offer it.
fn menu(state: &State, restaurant: &Restaurant) -> Found {
    let Some(revision) = state.menu(restaurant) else {
        let detail = "the restaurant has no menu yet";
        return Found::Refused(Json::of(&crate::v1::error::Problem::new(ErrorCode::MenuUnknown, detail)));
    };
    let mut missing: Vec<&str> = Vec::new();
    let items = revision.menu.categories.iter().flat_map(|category| &category.items);
    for item in items {
        let names = std::iter::once(&item.id)
            .chain(item.groups.iter().flat_map(|group| &group.options).map(|choice| &choice.id));
        missing.extend(names.map(Slug::as_str).filter(|name| !is_to_be_had(state, restaurant, name)));
    }
    let told = told::menu(restaurant, revision, |name| !missing.contains(&name));
    match missing.is_empty() {
        true => told_as(revision.revision, &told),
        false => told_as(format!("{}-{:08x}", revision.revision, crate::fingerprint::of_names(&missing) as u32), &told),
    }
}

fn is_to_be_had(state: &State, restaurant: &Restaurant, name: &str) -> bool {
    let availability = state.availability(restaurant.number, name);
    availability.available && availability.stock != Some(0)
}

fn one_order(state: &State, id: OrderId) -> Result<Found, Refusal> {
    let view = state.order(id).ok_or(Refusal::NoOrder(id))?;
    Ok(told_as(view.version(), &Order::from(&view)))
}

fn orders(state: &State, filter: &Filter) -> Result<Found, Refusal> {
    let restaurant = filter.restaurant.as_deref().map(|slug| known(state, slug)).transpose()?;
    let page = state.orders(&OrdersQuery {
        restaurant: restaurant.map(|restaurant| restaurant.number),
        stage: filter.stage,
        after: filter.before,
        newest_first: true,
        limit: filter.limit as usize,
    });
    let list = OrderList {
        orders: page.orders.iter().map(Order::from).collect(),
        next: page.next.map(|next| next.to_string()),
    };
    Ok(Found::Told { tag: String::new(), next: page.next, json: Json::of(&list) })
}

fn quote(state: &State, at_ms: u64, place: &PlaceOrder) -> Found {
    let quote = state.quote(at_ms, place);
    told_as("", &told::quote(&quote, state.promise(at_ms, place, &quote)))
}

/// A courier's orders, and the oldest ones that nobody has claimed.
fn courier(state: &State, id: &str) -> Found {
    let under_way = [Stage::Accepted, Stage::Preparing, Stage::Ready, Stage::OutForDelivery, Stage::DeliveryFailed];
    let pages = under_way.iter().map(|stage| {
        state.orders(&OrdersQuery { stage: Some(*stage), limit: limits::PAGE_MAX, ..OrdersQuery::default() }).orders
    });
    let all: Vec<OrderView> = pages.flatten().collect();
    let names = |wanted: &dyn Fn(&OrderView) -> bool| {
        all.iter().filter(|view| wanted(view)).map(|view| view.order.id.to_string()).collect()
    };
    let courier = Courier {
        id: id.to_owned(),
        orders: names(&|view| view.order.courier() == Some(id)),
        open: names(&|view| view.order.leg == Leg::Unassigned),
    };
    told_as("", &courier)
}
