//! Puts the sample restaurants into an empty book, once this replica leads it. Speaks to the member as any caller does.
use api::cluster::{self, Found, Query};
use api::v1::restaurant::RestaurantList;
use bytes::Bytes;
use group::Role;
use member::{Answer, Consistency, Event, Member};
use tokio::sync::broadcast::error::RecvError;
use tracing::{info, warn};

/// Waits until this member leads, and puts the sample in if the book is empty, or if an earlier primary died half way.
/// Ends once a book was found filled.
pub(crate) async fn fill(member: Member) {
    let mut events = member.events();
    while !has_been_filled(&member).await {
        loop {
            match events.recv().await {
                Ok(Event::RoleChanged(Role::Primary)) => break,
                Err(RecvError::Closed) => return,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
            }
        }
    }
}

/// Whether the book is filled, perhaps since now. False if this member cannot say, because it does not lead.
async fn has_been_filled(member: &Member) -> bool {
    match is_filled(member).await {
        Some(true) => true,
        Some(false) => put(member).await.is_some(),
        None => false,
    }
}

/// A book with a restaurant that is not of the sample is somebody's own: it is left alone.
async fn is_filled(member: &Member) -> Option<bool> {
    let Some(list) = ask(member, &Query::Restaurants(None)).await? else { return Some(false) };
    let list: RestaurantList = serde_json::from_slice(&list).ok()?;
    let sample: Vec<_> = order::sample::restaurants().collect();
    if list.restaurants.iter().any(|offer| !sample.iter().any(|slug| slug.as_str() == offer.id)) {
        return Some(true);
    }
    Some(ask(member, &Query::Menu(order::sample::LAST.into())).await?.is_some())
}

/// The JSON that answers `query`, if there is what it asks for. `None` if this member cannot say.
async fn ask(member: &Member, query: &Query) -> Option<Option<Vec<u8>>> {
    let query = Bytes::from(cluster::query_to_bytes(query));
    let Answer { reply, .. } = member.read(Consistency::Strong, query).await?.ok()?;
    match cluster::found_from_bytes(&reply).ok()? {
        Found::Told { json, .. } => Some(Some(json.0)),
        Found::Number(_) | Found::Refused(_) => Some(None),
    }
}

/// `None` if this member ceased to lead meanwhile: whoever leads next goes on, because repeating changes nothing.
async fn put(member: &Member) -> Option<()> {
    for command in order::sample::commands() {
        let command = Bytes::from(cluster::command_to_bytes(&command));
        let answer = member.submit(command).await?.ok()?;
        if let Ok(cluster::Reply::Refused(why)) = cluster::reply_from_bytes(&answer.reply) {
            warn!(?why, "put the sample restaurants in");
        }
    }
    info!("the book was empty: the sample restaurants are in");
    Some(())
}
