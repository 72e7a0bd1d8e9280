//! Where things are: every public path, once, as route patterns and as functions that fill them in. Knows no HTTP.

/// Restaurants that deliver to `?postcode=`.
pub const RESTAURANTS: &str = "/v1/restaurants";
/// One restaurant.
pub const RESTAURANT: &str = "/v1/restaurants/{restaurant}";
/// Its menu: GET and PUT.
pub const MENU: &str = "/v1/restaurants/{restaurant}/menu";
/// Whether an item can be had: PUT.
pub const AVAILABILITY: &str = "/v1/restaurants/{restaurant}/items/{item}/availability";
/// Take no orders for a while.
pub const PAUSE: &str = "/v1/restaurants/{restaurant}/pause";
/// Take orders again.
pub const RESUME: &str = "/v1/restaurants/{restaurant}/resume";
/// A postcode's place.
pub const POSTCODE: &str = "/v1/postcodes/{postcode}";
/// Postcodes that begin with `?prefix=`, or those nearest to `?near=`.
pub const POSTCODES: &str = "/v1/postcodes";
/// A postcode's addresses, where a service knows them.
pub const ADDRESSES: &str = "/v1/postcodes/{postcode}/addresses";
/// How the postcode services are doing.
pub const POSTCODE_PROVIDERS: &str = "/v1/postcodes/_providers";
/// What an adapter keeps, for another one; not for the world.
pub const KEPT_POSTCODES: &str = "/internal/kept-postcodes";
/// An outcode's middle.
pub const OUTCODE: &str = "/v1/outcodes/{outcode}";
/// Price an order, without effect.
pub const QUOTES: &str = "/v1/quotes";
/// Place an order (POST), list orders (GET).
pub const ORDERS: &str = "/v1/orders";
/// One order.
pub const ORDER: &str = "/v1/orders/{order}";
/// One order's events.
pub const ORDER_EVENTS: &str = "/v1/orders/{order}/events";
/// A command to an order: accept, reject, start …
pub const ORDER_COMMAND: &str = "/v1/orders/{order}/{command}";
/// All events.
pub const EVENTS: &str = "/v1/events";
/// A courier's jobs.
pub const COURIER: &str = "/v1/couriers/{courier}";
/// Who leads, who is in sync.
pub const CLUSTER: &str = "/v1/cluster";
/// A planned hand-over.
pub const PROMOTE: &str = "/v1/cluster/promote";
/// Write a lost view anew.
pub const REBUILD_VIEW: &str = "/v1/cluster/rebuild-view";
/// Go on with one disk, and lose what it lacks.
pub const FORCE_LOSS: &str = "/v1/cluster/force-loss";
/// Whether the process runs.
pub const HEALTHZ: &str = "/healthz";
/// Whether it can serve.
pub const READYZ: &str = "/readyz";
/// Prometheus text.
pub const METRICS: &str = "/metrics";
/// The API's description.
pub const OPENAPI: &str = "/openapi.json";

/// Where an order is.
pub fn order(order: &str) -> String {
    format!("{ORDERS}/{order}")
}
/// Where an order's events are.
pub fn order_events(order: &str) -> String {
    format!("{ORDERS}/{order}/events")
}
/// Where a command to an order goes.
pub fn order_command(order: &str, command: &str) -> String {
    format!("{ORDERS}/{order}/{command}")
}
/// Where a restaurant's menu is.
pub fn menu(restaurant: &str) -> String {
    format!("{RESTAURANTS}/{restaurant}/menu")
}
