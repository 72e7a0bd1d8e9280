//! Accepting connections: the greeting is heard, strangers are turned away in words, the rest is served. Knows not what for.
use super::pump::{Open, receive};
use crate::limits;
use crate::wire::Hello;
use group::Peer;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Accepts for ever; each connection is served by a task of its own until `serve` returns.
pub(crate) async fn accept_all<F, Fut>(listener: TcpListener, me: Peer, serve: F)
where
    F: Fn(Hello, Open<TcpStream>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let room = Arc::new(Semaphore::new(limits::CONNECTIONS));
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others will be closed; asking again at once would only burn time.
                tracing::warn!(%error, "accept a connection");
                tokio::time::sleep(Duration::from_millis(limits::REDIAL_MAX_MS)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let place = room.clone().try_acquire_owned().ok();
        let (me, serve) = (me.clone(), serve.clone());
        tokio::spawn(async move {
            match receive(stream, &me, place.is_some()).await {
                Ok((hello, open)) => serve(hello, open).await,
                Err(error) => tracing::debug!(%address, %error, "turned away"),
            }
            drop(place);
        });
    }
}
