//! Puts the sample restaurants into an empty book, once this replica leads it. Speaks to the member as any caller does.
use api::cluster::{self, Found, Query};
use api::v1::restaurant::RestaurantList;
use bytes::Bytes;
use group::Role;
use member::{Answer, Consistency, Event, Member};
use tokio::sync::broadcast::error::RecvError;
use tracing::{info, warn};

/// Waits until this member leads, and puts the sample in if there is no restaurant. Ends once a book was found filled.
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

/// Whether the book has restaurants, perhaps since now. False if this member cannot say, because it does not lead.
async fn has_been_filled(member: &Member) -> bool {
    match is_blank(member).await {
        Some(true) => put(member).await.is_some(),
        Some(false) => true,
        None => false,
    }
}

async fn is_blank(member: &Member) -> Option<bool> {
    let query = Bytes::from(cluster::query_to_bytes(&Query::Restaurants(None)));
    let Answer { reply, .. } = member.read(Consistency::Strong, query).await?.ok()?;
    let Ok(Found::Told { json, .. }) = cluster::found_from_bytes(&reply) else { return None };
    let list: RestaurantList = serde_json::from_slice(&json.0).ok()?;
    Some(list.restaurants.is_empty())
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
