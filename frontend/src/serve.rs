//! Accepts connections and gives each to hyper: the one place where sockets are opened for callers. Knows time-outs and
//! bounds, not what is asked. Generic over the stream, so that TLS can go under it.
use crate::limits;
use crate::metrics::Metrics;
use api::v1::error::{ErrorCode, Problem};
use axum::Router;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use futures_util::FutureExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::Service;

/// Serves `router` until `stop` resolves; then takes no new connection, finishes what is in flight (at most
/// [`limits::STOP_TIME`]) and returns.
pub async fn serve(listener: TcpListener, router: Router, metrics: Metrics, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "accept a connection");
                    tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // Small answers must not wait for acknowledgements of earlier ones.
        let _ = stream.set_nodelay(true);
        match places.clone().try_acquire_owned() {
            Ok(place) => {
                let connection = connection(&graceful, stream, router.clone(), metrics.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(_) => drop(tokio::spawn(refuse(stream))),
        }
    }
    drop(listener);
    if tokio::time::timeout(limits::STOP_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still in flight");
    }
}

/// Serves one connection to its end.
fn connection<S>(
    graceful: &GracefulShutdown,
    stream: S,
    router: Router,
    metrics: Metrics,
) -> impl Future<Output = ()> + Send + use<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (began, method, metrics) = (Instant::now(), request.method().clone(), metrics.clone());
        let answered = router.clone().call(request.map(Body::new));
        answered.inspect(move |response| {
            let status = response.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
            metrics.count(&method, status, began.elapsed());
        })
    });
    // One buffer per answer instead of a vector of them saves a tenth of the time; answers are small.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_TIME)
        .max_headers(limits::HEADERS)
        .max_buf_size(limits::HEAD_BYTES.max(8 << 10))
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

async fn refuse<S: AsyncWrite + Unpin>(mut stream: S) {
    let _ = stream.write_all(full().as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// What a caller gets who comes when as many connections are open as may be.
fn full() -> String {
    let problem = Problem::new(ErrorCode::NotExecuted, "too many connections are open; nothing was executed");
    let body = serde_json::to_string(&problem).expect("a problem is text and numbers");
    let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1";
    format!("{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
