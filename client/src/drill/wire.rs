//! One keep-alive HTTP/1.1 connection with as little work for each request as can be: the load shares the machine with
//! what it measures. Knows framing, not orders.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The largest answer that is read; a page of orders fits.
const ANSWER_BYTES_MAX: usize = 4 << 20;
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// A connection that is opened when needed and opened again when it broke.
#[derive(Debug)]
pub(super) struct Wire {
    authority: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// The head of an answer; its body is in the connection's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    body_at: usize,
    length: usize,
    closes: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Broken {
    /// No connection: nothing was sent.
    NotSent,
    /// The connection broke after some of the request was sent.
    Sent,
}

impl Wire {
    pub(super) fn new(authority: &str) -> Wire {
        Wire { authority: authority.to_owned(), stream: None, buffer: Vec::with_capacity(4096) }
    }

    /// Sends a whole request and reads the whole answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<(Head, &[u8]), Broken> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.authority).await.map_err(|_| Broken::NotSent)?,
        };
        // Taken out while in use: an exchange that is dropped half-way leaves no half-read connection behind.
        let head = exchange(&mut stream, request, &mut self.buffer).await.map_err(|_| Broken::Sent)?;
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok((head, &self.buffer[head.body_at..head.body_at + head.length]))
    }
}

async fn connect(authority: &str) -> io::Result<TcpStream> {
    let connected = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(authority)).await;
    let stream = connected.map_err(|_| io::ErrorKind::TimedOut)??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> io::Result<Head> {
    stream.write_all(request).await?;
    buffer.clear();
    let mut head = None;
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if head.is_none() {
            head = read_head(buffer)?;
        }
        match head {
            Some(head) if buffer.len() >= head.body_at + head.length => return Ok(head),
            _ if buffer.len() > ANSWER_BYTES_MAX => return Err(io::ErrorKind::FileTooLarge.into()),
            _ => {}
        }
    }
}

/// None while the head is incomplete. Errors: it is no head, or the length of its body is not given.
fn read_head(buffer: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let text = std::str::from_utf8(&buffer[..end]).map_err(|_| wrong())?;
    let mut lines = text.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status =
        status_line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(wrong)?;
    let mut head = Head { status, retry_after: None, body_at: end + 4, length: 0, closes: false };
    let mut has_length = status == 204;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            head.length = value.parse().map_err(|_| wrong())?;
            has_length = true;
        } else if name.eq_ignore_ascii_case("retry-after") {
            head.retry_after = value.parse().ok().map(Duration::from_secs);
        } else if name.eq_ignore_ascii_case("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        }
    }
    if has_length { Ok(Some(head)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer =
            b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\nRetry-After: 1\r\nconnection: close\r\n\r\n{}";
        for cut in 0..answer.len() - 2 {
            assert_eq!(read_head(&answer[..cut]).unwrap(), None);
        }
        let head = read_head(answer).unwrap().unwrap();
        assert_eq!((head.status, head.length, head.closes), (503, 2, true));
        assert_eq!(head.retry_after, Some(Duration::from_secs(1)));
        assert_eq!(&answer[head.body_at..], b"{}");
    }

    #[test]
    fn an_answer_of_unknown_length_is_no_answer() {
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(read_head(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
    }
}
