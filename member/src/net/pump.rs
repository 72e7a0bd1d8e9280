//! One open connection: the greeting, the reader that hands over batches of frames, the writer that empties the outbox. Generic over
//! the stream.
use crate::limits;
use crate::wire::{Broken, Frames, Hello, Kind, MAGIC, Outbox, PROTOCOL, Welcome, encode};
use group::{Peer, Pod};
use serde::de::DeserializeOwned;
use std::future::Future;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Takes in what comes; waiting here holds the sender back. `false`: no more.
pub(crate) trait Hear<T>: Send {
    fn hear(&mut self, said: T) -> impl Future<Output = bool> + Send;
}
impl<T, F, Fut> Hear<T> for F
where
    T: Send,
    F: FnMut(T) -> Fut + Send,
    Fut: Future<Output = bool> + Send,
{
    fn hear(&mut self, said: T) -> impl Future<Output = bool> + Send {
        self(said)
    }
}

/// A stream with its greeting done: the frames that came along with it are not lost.
pub(crate) struct Open<S> {
    pub(crate) stream: S,
    pub(crate) frames: Frames,
}

async fn first_frame<S: AsyncRead + Unpin, T: DeserializeOwned>(stream: &mut S) -> Result<(T, Frames), Broken> {
    let mut frames = Frames::new(limits::HELLO_BYTES);
    let read = async {
        loop {
            if let Some(first) = frames.next()? {
                return Ok(first);
            }
            if stream.read_buf(frames.room()).await? == 0 {
                return Err(Broken::Closed);
            }
        }
    };
    let first = timeout(Duration::from_millis(limits::HELLO_MS), read).await;
    let first = first.map_err(|_| Broken::Silent { ms: limits::HELLO_MS })??;
    frames.allow(limits::FRAME_BYTES);
    Ok((first, frames))
}

/// Says hello on a stream that I opened, and learns who answers.
pub(crate) async fn greet<S>(mut stream: S, hello: &Hello) -> Result<(Peer, Open<S>), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = Vec::new();
    encode(&mut bytes, hello);
    stream.write_all(&bytes).await?;
    let (welcome, frames) = first_frame(&mut stream).await?;
    match welcome {
        Welcome::Peer(peer) if peer.pod == hello.to => Ok((peer, Open { stream, frames })),
        Welcome::Peer(peer) => Err(Broken::Greeting(format!("{} answers at the address of {}", peer.pod, hello.to))),
        Welcome::Refused(why) => Err(Broken::Greeting(why)),
    }
}

/// Hears the hello on a stream that was opened to me, and answers it: with who I am, or with why not.
pub(crate) async fn receive<S>(mut stream: S, me: &Peer, room: bool) -> Result<(Hello, Open<S>), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (hello, frames) = first_frame::<_, Hello>(&mut stream).await?;
    let refusal = refusal(&hello, &me.pod, room);
    let welcome = refusal.clone().map_or_else(|| Welcome::Peer(me.clone()), Welcome::Refused);
    let mut bytes = Vec::new();
    encode(&mut bytes, &welcome);
    stream.write_all(&bytes).await?;
    refusal.map_or(Ok((hello, Open { stream, frames })), |why| Err(Broken::Greeting(why)))
}

fn refusal(hello: &Hello, me: &Pod, room: bool) -> Option<String> {
    if hello.magic != MAGIC {
        Some("this port is for members of a group and their clients".into())
    } else if hello.protocol != PROTOCOL {
        Some(format!("{} speaks version {PROTOCOL}, {} speaks {}", me, hello.name, hello.protocol))
    } else if hello.to != *me {
        Some(format!("this is {me}, not {}", hello.to))
    } else if matches!(&hello.kind, Kind::Peer(peer) | Kind::Snapshot(peer) if peer.pod == *me) {
        Some(format!("two processes are called {me}: give each member a name of its own"))
    } else if !room {
        Some(format!("{me} has {} connections and takes no more", limits::CONNECTIONS))
    } else {
        None
    }
}

/// Hands over every batch of frames that comes, until the stream ends or the hearer says so.
pub(crate) async fn read_frames<R, T>(
    reader: &mut R,
    frames: &mut Frames,
    silence_ms: Option<u64>,
    hear: &mut impl Hear<Vec<T>>,
) -> Result<(), Broken>
where
    R: AsyncRead + Unpin,
    T: DeserializeOwned,
{
    loop {
        let batch = frames.drain()?;
        if !batch.is_empty() && !hear.hear(batch).await {
            return Ok(());
        }
        let room = frames.room();
        room.reserve(limits::READ_BYTES);
        let read = reader.read_buf(room);
        let count = match silence_ms {
            Some(ms) => timeout(Duration::from_millis(ms), read).await.map_err(|_| Broken::Silent { ms })??,
            None => read.await?,
        };
        if count == 0 {
            return Err(Broken::Closed);
        }
    }
}

/// Runs both directions of a connection until one of them ends. Why it ended is told; the outbox is dead then.
pub(crate) async fn run<S, T>(
    open: Open<S>,
    outbox: &Outbox,
    silence_ms: Option<u64>,
    hear: &mut impl Hear<Vec<T>>,
) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: DeserializeOwned,
{
    let Open { stream, mut frames } = open;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let read = read_frames(&mut reader, &mut frames, silence_ms, hear);
    let ended = tokio::select! {
        ended = read => ended,
        ended = write_all(&mut writer, outbox) => ended,
    };
    outbox.cut();
    ended
}

async fn write_all<W: AsyncWrite + Unpin>(writer: &mut W, outbox: &Outbox) -> Result<(), Broken> {
    let ms = limits::WRITE_MS;
    let mut spare = Vec::new();
    while let Some(bytes) = outbox.take(spare).await {
        timeout(Duration::from_millis(ms), writer.write_all(&bytes)).await.map_err(|_| Broken::Silent { ms })??;
        spare = bytes;
        // A burst's buffer is not kept for ever.
        spare.shrink_to(limits::READ_BYTES);
    }
    writer.shutdown().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Request, Told};
    use group::{BootId, StorageId};
    use std::future::ready;
    use std::sync::{Arc, Mutex};

    fn peer(pod: &str) -> Peer {
        Peer { pod: pod.into(), storage: StorageId(1), boot: BootId(2) }
    }
    fn hello(to: &str) -> Hello {
        Hello { magic: MAGIC, protocol: PROTOCOL, to: to.into(), kind: Kind::Client, name: "test".into() }
    }
    /// What both sides make of a greeting.
    async fn greeting(hello: Hello, room: bool) -> (Result<Peer, String>, Result<String, String>) {
        let (mine, theirs) = tokio::io::duplex(1024);
        let me = peer("a");
        let (dialer, acceptor) = tokio::join!(greet(mine, &hello), receive(theirs, &me, room));
        (
            dialer.map(|(peer, _)| peer).map_err(|error| error.to_string()),
            acceptor.map(|(hello, _)| hello.name).map_err(|error| error.to_string()),
        )
    }

    #[tokio::test]
    async fn both_sides_learn_who_the_other_is() {
        assert_eq!(greeting(hello("a"), true).await, (Ok(peer("a")), Ok("test".into())));
    }

    #[tokio::test]
    async fn strangers_are_refused_in_words() {
        let other = Kind::Peer(peer("a"));
        let cases = [
            (hello("b"), true, "this is a, not b"),
            (Hello { protocol: PROTOCOL + 1, ..hello("a") }, true, "a speaks version"),
            (Hello { magic: *b"GET ", ..hello("a") }, true, "this port is for members"),
            (Hello { kind: other, ..hello("a") }, true, "two processes are called a"),
            (hello("a"), false, "takes no more"),
        ];
        for (hello, room, why) in cases {
            let (dialer, acceptor) = greeting(hello, room).await;
            let (dialer, acceptor) = (dialer.unwrap_err(), acceptor.unwrap_err());
            assert!(dialer.contains(why) && acceptor.contains(why), "{dialer} / {acceptor}");
        }
    }

    #[tokio::test]
    async fn a_browser_that_took_the_wrong_port_is_turned_away() {
        let (mut browser, theirs) = tokio::io::duplex(1024);
        browser.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let error = receive(theirs, &peer("a"), true).await.err().unwrap();
        assert!(matches!(error, Broken::TooLong { .. }), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_says_nothing_is_not_waited_for() {
        let (_silent, theirs) = tokio::io::duplex(1024);
        let error = receive(theirs, &peer("a"), true).await.err().unwrap();
        assert!(matches!(error, Broken::Silent { ms: limits::HELLO_MS }), "{error}");
    }

    #[tokio::test]
    async fn what_comes_with_the_greeting_is_not_lost_and_what_waits_is_written_at_once() {
        let (mut mine, theirs) = tokio::io::duplex(1 << 16);
        let mut bytes = Vec::new();
        encode(&mut bytes, &hello("a"));
        encode(&mut bytes, &(7u64, Request::Ping));
        mine.write_all(&bytes).await.unwrap();
        let (_, open) = receive(theirs, &peer("a"), true).await.unwrap_or_else(|error| panic!("{error}"));
        let (outbox, heard) = (Outbox::new(1 << 16), Arc::new(Mutex::new(Vec::new())));
        let mut hear = |batch: Vec<(u64, Request)>| {
            heard.lock().unwrap().extend(batch);
            outbox.push(&(7u64, Told::Pong));
            outbox.close();
            ready(true)
        };
        run(open, &outbox, None, &mut hear).await.unwrap();
        assert_eq!(*heard.lock().unwrap(), [(7, Request::Ping)]);
        let (_, mut frames) = first_frame::<_, Welcome>(&mut mine).await.unwrap();
        mine.read_to_end(frames.room()).await.unwrap();
        assert_eq!(frames.next::<(u64, Told)>().unwrap(), Some((7, Told::Pong)));
    }
}
