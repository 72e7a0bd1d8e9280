//! Takes over what another adapter keeps, so that a new one does not begin with nothing. In vain is well too: then it
//! asks by itself. Knows the other's one route.

use tracing::{debug, info};

use crate::fetch::Fetch;
use crate::http::Adapter;
use crate::limits;
use crate::record::Record;

/// Asks these adapters, one after the other, until one has told all it keeps.
pub(crate) async fn warm(adapter: &Adapter, peers: &[String]) {
    let fetch = Fetch::with_pages_of(limits::PAGE_BYTES_MAX);
    for peer in peers {
        match tokio::time::timeout(limits::WARM, take_over(adapter, &fetch, peer)).await {
            Ok(Some(count)) => {
                info!(count, peer, "took over the answers of another adapter");
                return;
            }
            Ok(None) | Err(_) => debug!(peer, "another adapter had nothing to tell"),
        }
    }
}

async fn take_over(adapter: &Adapter, fetch: &Fetch, peer: &str) -> Option<usize> {
    let mut count = 0;
    loop {
        let uri = format!("{peer}{}?from={count}", api::v1::paths::KEPT_POSTCODES).parse().ok()?;
        let page = fetch.get(uri, None).await.ok().filter(|page| page.status == 200)?;
        let records: Vec<Record> = serde_json::from_slice(&page.body).ok()?;
        if records.is_empty() {
            return (count > 0).then_some(count);
        }
        count += records.len();
        adapter.inherit(records);
    }
}
