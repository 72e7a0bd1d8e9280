//! Asks the front end whether people can order: plain HTTP requests. Knows two paths and nothing of what they answer.

use std::net::SocketAddr;
use std::time::Duration;

use api::v1::paths::{READYZ, RESTAURANTS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PAUSE: Duration = Duration::from_millis(20);
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Returns when the front end at `address` says it is ready and the last menu of the sample can be read, so that
/// whatever people then try is there.
pub(super) async fn until_ready(address: SocketAddr) {
    until_found(address, READYZ).await;
    until_found(address, &format!("{RESTAURANTS}/{}/menu", order::sample::LAST)).await;
}

async fn until_found(address: SocketAddr, path: &str) {
    while !tokio::time::timeout(ANSWER_WITHIN, is_found(address, path)).await.unwrap_or(false) {
        tokio::time::sleep(PAUSE).await;
    }
}

async fn is_found(address: SocketAddr, path: &str) -> bool {
    ask(address, path).await.is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
}

async fn ask(address: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(answer)
}
