//! Tests over real connections on loopback: what only the bytes on the wire can show.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::http::{Adapter, Setup, app};

const PATIENCE: Duration = Duration::from_secs(10);

struct Running {
    address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = app(Arc::new(Adapter::new(Setup::default())));
        let done = tokio::spawn(serve(listener, routes, async move { drop(stopped.await) }));
        Self { address, stop: Some(stop), done }
    }

    /// Sends bytes on a connection of their own and reads until the other side closes it.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The answer may come, and the connection close, before all of an oversized request is written.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[tokio::test]
async fn requests_that_are_not_http_are_turned_away_and_the_next_is_served() {
    let running = Running::start().await;
    let head =
        |path: &[u8]| [b"GET /v1/postcodes/", path, b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"].concat();
    for (request, status) in [
        (head(b"\0"), "400"),
        (head(b"\xff\xfe"), "4"),
        (head(&b"A".repeat(10_000)), "422"),
        (head(&b"A".repeat(100_000)), "4"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "400"),
        (head(b"DH13LE"), "200"),
    ] {
        let answer = running.exchange(&request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {answer:.200}");
    }
}

#[tokio::test]
async fn a_stop_lets_open_connections_end_and_takes_no_new_ones() {
    let mut running = Running::start().await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    timeout(PATIENCE, idle.read_exact(&mut first)).await.unwrap().unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    running.stop.take().unwrap().send(()).unwrap();
    timeout(PATIENCE, &mut running.done).await.expect("it stops in time").unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
    let mut rest = Vec::new();
    timeout(PATIENCE, idle.read_to_end(&mut rest)).await.unwrap().unwrap();
}
