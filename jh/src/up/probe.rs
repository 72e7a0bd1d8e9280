//! Asks a program on this machine whether it is ready: one plain HTTP request. Knows `/readyz` and nothing else.

use std::net::SocketAddr;
use std::time::Duration;

use api::v1::paths::READYZ;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PAUSE: Duration = Duration::from_millis(20);
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Returns when `address` says it is ready.
pub(super) async fn until_ready(address: SocketAddr) {
    while !tokio::time::timeout(ANSWER_WITHIN, is_ready(address)).await.unwrap_or(false) {
        tokio::time::sleep(PAUSE).await;
    }
}

async fn is_ready(address: SocketAddr) -> bool {
    ask(address).await.is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
}

async fn ask(address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET {READYZ} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(answer)
}
