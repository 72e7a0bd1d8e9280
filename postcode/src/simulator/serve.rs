//! The simulator's wire: reads a request's head and writes an answer, or what a broken service writes in its place. By
//! hand, because no HTTP library will send half an answer. Knows faults; the answers are in [`shapes`](super::shapes).

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::door::{self, Part};
use super::shapes::{self, Shape};
use super::{Fault, Stage};
use crate::country::Country;
use crate::limits;

/// How late a slow answer is: the next service is asked meanwhile, and this one may still be the first.
const SLOW: Duration = Duration::from_millis(333);
/// How late a late answer is: later than any provider is waited for.
const LATE: Duration = Duration::from_millis(1_500);
/// Between two bytes of a dripping answer.
const DRIP: Duration = Duration::from_millis(50);
const JSON: &str = "application/json";

/// A request, as far as it matters here.
struct Request {
    method: String,
    target: String,
    authorization: String,
    body: String,
}

/// Answers until it is ended.
pub(super) async fn serve(listener: TcpListener, stage: Arc<Stage>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                let stage = Arc::clone(&stage);
                // A connection that breaks is what this is for.
                tokio::spawn(async move { drop(connection(stream, &stage).await) });
            }
            Err(_) => tokio::time::sleep(limits::ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(mut stream: TcpStream, stage: &Stage) -> std::io::Result<()> {
    while let Some(request) = read(&mut stream).await? {
        let Some((service, target)) = split(&request.target) else {
            say(&mut stream, 404, "text/plain", "", "nothing here\n").await?;
            continue;
        };
        if service.starts_with('_') {
            let (status, text) = direct(stage, service, target, &request);
            say(&mut stream, status, "text/plain", "", &text).await?;
            continue;
        }
        let fault = {
            let mut state = stage.state();
            *state.calls.entry(service.to_owned()).or_default() += 1;
            state.faults.get(service).copied().unwrap_or(Fault::None)
        };
        play(&mut stream, stage, service, target, &request, fault).await?;
    }
    Ok(())
}

/// Reads a head and a short body. `None` when the caller is gone.
async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > limits::HEAD_BYTES_MAX || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let header = |wanted: &str| {
        let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
        pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
    };
    let length = header("content-length").and_then(|value| value.parse::<usize>().ok());
    let whole = end + 4 + length.unwrap_or(0).min(limits::HEAD_BYTES_MAX);
    while bytes.len() < whole {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let mut words = head.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let body = String::from_utf8_lossy(&bytes[end + 4..whole]).trim().to_owned();
    Ok(Some(Request { method, target, authorization: header("authorization").unwrap_or_default(), body }))
}

/// The service's name and what is asked of it.
fn split(target: &str) -> Option<(&str, &str)> {
    let rest = target.strip_prefix('/')?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    Some(rest.split_at(end)).filter(|(service, _)| !service.is_empty())
}

/// The director's own routes.
fn direct(stage: &Stage, what: &str, rest: &str, request: &Request) -> (u16, String) {
    let mut state = stage.state();
    match (request.method.as_str(), what, rest.trim_start_matches('/')) {
        ("GET", "_calls", "") => {
            let mut lines: Vec<String> = state.calls.iter().map(|(name, count)| format!("{name} {count}\n")).collect();
            lines.sort();
            (200, lines.concat())
        }
        ("GET", "_faults", "") => {
            let mut lines: Vec<String> = state.faults.iter().map(|(name, fault)| format!("{name} {fault}\n")).collect();
            lines.sort();
            let all: Vec<&str> = Fault::ALL.iter().map(|fault| fault.word()).collect();
            (200, format!("{}there are: {}\n", lines.concat(), all.join(", ")))
        }
        ("DELETE", "_tokens", "") => {
            state.call_tokens_back();
            (200, "every token is called back\n".to_owned())
        }
        ("PUT", "_faults", service) => match (crate::services::named(service), request.body.parse()) {
            (Some(_), Ok(fault)) => {
                state.faults.insert(service.to_owned(), fault);
                (200, format!("{service} {fault}\n"))
            }
            (None, _) => (404, format!("no service is called {service}\n")),
            (_, Err(error)) => (422, error),
        },
        _ => (404, "GET _calls, GET _faults, PUT _faults/SERVICE, DELETE _tokens\n".to_owned()),
    }
}

async fn play(
    stream: &mut TcpStream,
    stage: &Stage,
    service: &str,
    target: &str,
    request: &Request,
    fault: Fault,
) -> std::io::Result<()> {
    let part = match (door::part(service, target), shapes::asked(service, target)) {
        (Some(part), _) => part,
        (None, Some((country, text))) => Part::Place(country, text),
        (None, None) => return say(stream, 404, "text/plain", "", "no such route").await,
    };
    // Whoever is at the wrong door or has no token learns nothing, and is not lied to either.
    let usual = || match &part {
        Part::Door => door::answer(stage, &request.body),
        Part::Place(country, text) => match door::refused(stage, service, &request.authorization) {
            Some(refused) => refused,
            None => shapes::answer(&stage.pack, service, *country, text),
        },
    };
    let lie = |lie: &dyn Fn(Country, &str) -> Shape| match &part {
        Part::Door => usual(),
        Part::Place(country, text) => lie(*country, text),
    };
    let (status, media, body) = match fault {
        Fault::None => usual(),
        Fault::Amnesia => lie(&|_, text| shapes::unknown(service, text)),
        Fault::Wrong => lie(&|country, text| shapes::wrong(&stage.pack, service, country, text)),
        Fault::Elsewhere => lie(&|country, text| shapes::elsewhere(&stage.pack, service, country, text)),
        Fault::ErrorInside => lie(&|_, _| shapes::error_inside(service)),
        Fault::Silence => std::future::pending().await,
        Fault::Slow | Fault::Late => {
            tokio::time::sleep(if fault == Fault::Slow { SLOW } else { LATE }).await;
            usual()
        }
        Fault::Reset => return Err(std::io::ErrorKind::ConnectionReset.into()),
        Fault::Cut => return cut(stream, &usual().2).await,
        Fault::Drip => return drip(stream).await,
        Fault::TooMany => (429, JSON, r#"{"error":"too many requests"}"#.to_owned()),
        Fault::TooManyFor => return say(stream, 429, JSON, "retry-after: 2\r\n", "{}").await,
        Fault::Unauthorised => (401, JSON, r#"{"error":"the key is wrong"}"#.to_owned()),
        Fault::Forbidden => (403, "text/html", "<html>Access blocked</html>".to_owned()),
        Fault::Exhausted => (402, JSON, r#"{"code":4020,"message":"Key balance depleted"}"#.to_owned()),
        Fault::Broken => (500, JSON, r#"{"status":500,"error":"internal"}"#.to_owned()),
        Fault::Unavailable => (503, "text/html", "<html>Service Unavailable</html>".to_owned()),
        Fault::UnavailableFor => return say(stream, 503, "text/html", "retry-after: 2\r\n", "later").await,
        Fault::Html => (200, "text/html", "<!doctype html><title>We are moving</title>".to_owned()),
        Fault::Truncated => {
            let (status, media, body) = usual();
            (status, media, body.chars().take(body.chars().count() / 2).collect())
        }
        Fault::Oversized => (200, JSON, format!("[{}\"\"]", "\"\",".repeat(limits::ANSWER_BYTES_MAX))),
        Fault::Redirect => return say(stream, 302, JSON, "location: http://127.0.0.1:1/elsewhere\r\n", "{}").await,
    };
    say(stream, status, media, "", &body).await
}

async fn say(stream: &mut TcpStream, status: u16, media: &str, more: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} said\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n{more}\r\n");
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await
}

/// Promises a body and ends within it.
async fn cut(stream: &mut TcpStream, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 said\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body.as_bytes()[..body.len() / 2]].concat()).await?;
    Err(std::io::ErrorKind::ConnectionReset.into())
}

async fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 said\r\ncontent-type: {JSON}\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    loop {
        stream.write_all(b"1\r\n \r\n").await?;
        tokio::time::sleep(DRIP).await;
    }
}
