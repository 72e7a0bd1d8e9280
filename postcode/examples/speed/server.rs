//! The adapter as people run it: this program once more, in a process of its own; and a caller with one connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// A running adapter; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// One that asks this outside, on a free port, ready.
    pub(crate) fn start(outside: &str) -> anyhow::Result<Server> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--listen", &address.to_string(), "--outside", outside]).stderr(Stdio::null());
        let mut server = Server { child: command.spawn().context("start the adapter")?, address };
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            ensure!(server.child.try_wait()?.is_none(), "the adapter ended");
            if TcpStream::connect(address).is_ok() {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("the adapter does not listen")
    }
}

impl Server {
    /// Processor time that it has used so far, in its own code and in the kernel's.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        const TICK: Duration = Duration::from_millis(10);
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, in brackets, may have blanks in it.
        let fields = stat.rsplit(") ").next().context("the fields behind the name")?.split(' ');
        let ticks = fields.skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection.
pub(crate) struct Caller {
    stream: TcpStream,
    bytes: Vec<u8>,
    used: usize,
}

impl Caller {
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Caller> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Caller { stream, bytes: Vec::with_capacity(1 << 17), used: 0 })
    }

    /// Sends requests, whole.
    pub(crate) fn send(&mut self, requests: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(requests)?)
    }

    /// Reads one answer: whether its status is 200 and, by its header, it came from memory.
    pub(crate) fn read(&mut self) -> anyhow::Result<bool> {
        loop {
            if let Some((length, is_hit)) = whole(&self.bytes[self.used..])? {
                self.used += length;
                if self.used == self.bytes.len() {
                    self.bytes.clear();
                    self.used = 0;
                }
                return Ok(is_hit);
            }
            let mut room = [0; 1 << 16];
            let count = self.stream.read(&mut room)?;
            ensure!(count > 0, "the adapter hung up");
            self.bytes.extend_from_slice(&room[..count]);
        }
    }

    /// Whether the answer about a postcode comes from memory.
    pub(crate) fn is_kept(&mut self, postcode: &str) -> anyhow::Result<bool> {
        self.send(request(postcode).as_bytes())?;
        self.read()
    }

    /// Asks for a postcode and waits.
    pub(crate) fn ask(&mut self, postcode: &str) -> anyhow::Result<Duration> {
        let start = Instant::now();
        self.send(request(postcode).as_bytes())?;
        self.read()?;
        Ok(start.elapsed())
    }
}

/// The request for a postcode.
pub(crate) fn request(postcode: &str) -> String {
    format!("GET /v1/postcodes/{} HTTP/1.1\r\nhost: x\r\n\r\n", postcode.replace(' ', ""))
}

/// The length of the answer at the beginning of these bytes, if all of it is there, and whether it is a hit.
fn whole(bytes: &[u8]) -> anyhow::Result<Option<(usize, bool)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("a length")?;
    let whole = end + 4 + length.parse::<usize>()?;
    let is_hit = head.starts_with("HTTP/1.1 200") && head.contains("jh-postcode; hit");
    Ok((bytes.len() >= whole).then_some((whole, is_hit)))
}
