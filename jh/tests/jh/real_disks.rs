//! Real file systems that fail: the power of the whole machine is cut while orders flow, a disk fills to the brim. The file system is an
//! ext4 in a file, mounted by a loop device; where that is not permitted the test says that it was skipped.

use std::fs::{File, create_dir};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::installation::{Installation, until};
use crate::real_faults::{cluster, must_be_kept, must_end_saying, orders_at, until_whole};

/// A file system of its own.
struct Volume {
    home: tempfile::TempDir,
}

/// Writes something that nobody syncs, and ends the file system as a power cut ends it: what was not synced is lost, and nothing is
/// written any more. Perl can ask the kernel for it (`EXT4_IOC_SHUTDOWN`, without a flush of the journal); Rust without `unsafe` cannot.
const CUT: &str = r#"open(my $f, ">", $ARGV[0]) or die $!; syswrite($f, "\1" x 9000) or die $!;
    my $how = pack("I", 2); ioctl($f, 0x8004587d, $how) or die $!"#;

impl Volume {
    /// One of so many MiB, or nothing where it cannot be had.
    fn of(mebibytes: u64) -> Option<Volume> {
        let volume = Volume { home: tempfile::tempdir().unwrap() };
        create_dir(volume.path()).unwrap();
        File::create(volume.image()).unwrap().set_len(mebibytes << 20).unwrap();
        let mut format = Command::new("mkfs.ext4");
        format.arg("-qF").arg(volume.image());
        let had =
            said(&mut format).and_then(|()| said(Command::new("perl").args(["-e", "1"]))).and_then(|()| volume.mount());
        had.map_err(|why| eprintln!("SKIPPED: {why}")).ok().map(|()| volume)
    }
    fn image(&self) -> PathBuf {
        self.home.path().join("image")
    }
    fn path(&self) -> PathBuf {
        self.home.path().join("mounted")
    }
    /// The journal is written rarely, so that much is lost with the power.
    fn mount(&self) -> Result<(), String> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "ext4", "-o", "loop,commit=60"]).arg(self.image()).arg(self.path());
        said(&mut mount)
    }
    fn cut_the_power(&self) {
        said(Command::new("perl").args(["-e", CUT]).arg(self.path().join("not-synced"))).unwrap();
    }
    fn come_back(&self) {
        until("nobody holds the file system", || said(Command::new("umount").arg(self.path())).ok());
        self.mount().unwrap();
        // Its name may have reached the disk with something that somebody else synced, its bytes not.
        let lost = std::fs::read(self.path().join("not-synced")).unwrap_or_default();
        assert!(lost.iter().all(|byte| *byte == 0), "what nobody synced is gone, or this was no power cut");
    }
}
impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["--lazy", "--quiet"]).arg(self.path()).output();
    }
}

/// Runs a tool; why it failed, if it did.
fn said(tool: &mut Command) -> Result<(), String> {
    let output = tool.output().map_err(|error| format!("{tool:?}: {error}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{tool:?}: {}", words.trim())) }
}

fn committed(system: &Installation) -> u64 {
    let cluster = cluster(system);
    let replicas = cluster["replicas"].as_array().unwrap();
    replicas.iter().filter_map(|replica| replica["committed"].as_u64()).max().unwrap_or(0)
}

#[test]
fn a_power_cut_of_the_whole_machine_while_orders_flow_loses_nothing_acknowledged() {
    let Some(volume) = Volume::of(768) else { return };
    let mut system = Installation::ready_in(tempfile::tempdir_in(volume.path()).unwrap());
    for round in 1..=2 {
        until_whole(&system);
        // From here on only what the programs sync themselves is there after the cut.
        said(Command::new("sync").arg("--file-system").arg(volume.path())).unwrap();
        let orders = orders_at(&system, "100", "8");
        let before = committed(&system);
        until("orders are acknowledged", || (committed(&system) > before + 150).then_some(()));
        system = system.die_and_start(|| volume.cut_the_power(), || volume.come_back());
        must_be_kept(&orders.report(), &format!("power cut {round}"));
    }
}

/// Takes all the room that is left.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    let _ = file.sync_all();
}

/// Writes a menu almost as large as one may be; the numbers tell one from the other.
fn put_a_large_menu(system: &Installation, number: u32) {
    let item = |item: u32| {
        json!({"id": format!("soup-{item}"), "name": "Soup", "description": "x".repeat(480),
            "price": 100 + number, "allergens": []})
    };
    let items: Vec<Value> = (0..100).map(item).collect();
    let body = json!({"categories": [{"id": "all", "name": "All", "items": items}]}).to_string();
    let (address, path) = (system.endpoint.trim_start_matches("http://"), api::v1::paths::menu(order::sample::LAST));
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nif-match: *\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    // While another primary takes over it may have to be asked again.
    assert!(["200", "503"].iter().any(|status| answer.starts_with(&format!("HTTP/1.1 {status}"))), "{answer}");
}

/// More than fits into the segments that are made ahead. It is counted in menus and not in seconds: the disk may be slow.
const MENUS: u32 = 4_000;

#[test]
fn a_disk_filled_to_the_brim_while_orders_flow_ends_the_primary_and_loses_nothing() {
    let Some(volume) = Volume::of(192) else { return };
    let (dir, name) = (tempfile::tempdir().unwrap(), "replica-0");
    let disk = volume.path().join(name);
    create_dir(&disk).unwrap();
    symlink(&disk, dir.path().join(name)).unwrap();
    let system = Installation::ready_in(dir);
    until_whole(&system);
    if cluster(&system)["primary"] != name {
        system.must(&["cluster", "promote", name]);
    }
    until("it leads", || (cluster(&system)["primary"] == name).then_some(()));
    until_whole(&system);
    let (pid, filler) = (system.pid(name).unwrap(), volume.path().join("filler"));
    let (before, orders) = (committed(&system), orders_at(&system, "50", "15"));
    // A drill begins with a look at the group: all of it is to be there.
    until("orders are acknowledged", || (committed(&system) > before + 50).then_some(()));
    fill(&filler);
    // Segments are made ahead: some megabytes fit before the next one is wanted.
    let wanted = (0..MENUS).any(|number| {
        put_a_large_menu(&system, number);
        system.pid(name) != Some(pid)
    });
    assert!(wanted, "{name} has room for {MENUS} menus on a disk that is full");
    must_be_kept(&orders.report(), "disk full");
    must_end_saying(&system, name, pid, "free space and start again; nothing acknowledged is lost");
    std::fs::remove_file(&filler).unwrap();
    until_whole(&system);
    must_be_kept(&orders_at(&system, "50", "3").report(), "room again");
}
