//! Which programs run on one machine and with which arguments. Pure: starts nothing.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::ports::Ports;
use super::stop::Stage;
use crate::supervise::Program;

/// Two controllers, so that one is there when the other dies together with the primary.
const CONTROLLERS: u8 = 2;
/// A replica commits on at least so many disks, where there are so many.
const MIN_IN_SYNC: u8 = 2;
/// The front end waits for what it has taken; it parks a request for at most 10 s, which nobody wants to wait here.
const FRONT_STOP: Duration = Duration::from_secs(3);
/// A planned leave takes at most 1 s by the protocol.
const DATA_STOP: Duration = Duration::from_secs(4);
const WATCHERS_STOP: Duration = Duration::from_secs(2);

/// Everything the arguments are made of.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) dir: PathBuf,
    pub(super) exe: PathBuf,
    pub(super) replicas: u8,
    pub(super) outside: Outside,
    pub(super) ports: Ports,
}

/// Whom the postcode adapter asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Outside {
    /// Nobody: the embedded data of Great Britain
    Pack,
    /// A simulator of all services, one more child, which can be told to fail
    Simulated,
    /// The services on the internet
    Real,
}

const SIMULATOR: &str = "outside";

/// The names under which ports are remembered.
pub(super) fn ports_needed(replicas: u8) -> Vec<String> {
    let replica = |n: u8| [replica(n), admin(&self::replica(n))];
    let controllers = (0..CONTROLLERS).map(controller);
    (0..replicas).flat_map(replica).chain(controllers).chain(["postcode".to_owned(), SIMULATOR.to_owned()]).collect()
}

fn replica(n: u8) -> String {
    format!("replica-{n}")
}

fn controller(n: u8) -> String {
    format!("controller-{n}")
}

fn admin(name: &str) -> String {
    format!("{name}-admin")
}

impl Layout {
    /// Where the front end listens.
    pub(super) fn front(&self) -> SocketAddr {
        self.ports.front()
    }

    /// All programs in the order in which they are started.
    pub(super) fn programs(&self) -> Vec<(Stage, Program)> {
        let mut programs = vec![(Stage::Data, self.postcode())];
        programs.extend((self.outside == Outside::Simulated).then(|| (Stage::Data, self.simulator())));
        programs.extend((0..self.replicas).map(|n| (Stage::Data, self.replica(n))));
        programs.extend((0..CONTROLLERS).map(|n| (Stage::Watchers, self.controller(n))));
        programs.push((Stage::Front, self.frontend()));
        programs
    }

    fn postcode(&self) -> Program {
        let outside = match self.outside {
            Outside::Pack => "pack".to_owned(),
            Outside::Real => "real".to_owned(),
            Outside::Simulated => self.simulator_url(),
        };
        let mut flags = vec![("--listen", self.at("postcode")), ("--outside", outside.into())];
        if self.outside != Outside::Pack {
            flags.push(("--cache", self.dir.join("postcode.redb").into_os_string()));
        }
        self.program("postcode", "postcode", WATCHERS_STOP, &flags)
    }

    fn simulator(&self) -> Program {
        self.program(SIMULATOR, SIMULATOR, WATCHERS_STOP, &[("--listen", self.at(SIMULATOR))])
    }

    /// Where the simulator of the outside is told what to play.
    pub(super) fn simulator_url(&self) -> String {
        format!("http://{}", self.ports.of(SIMULATOR))
    }

    fn replica(&self, n: u8) -> Program {
        let name = replica(n);
        let dir = self.dir.join(&name).into_os_string();
        let flags = [
            ("--name", OsString::from(&name)),
            ("--dir", dir),
            ("--listen", self.at(&name)),
            ("--admin", self.at(&admin(&name))),
            ("--peers", self.members()),
            ("--view-dir", self.view()),
        ];
        let mut program = self.program(&name, "replica", DATA_STOP, &flags);
        program.args.push("--sample-data".into());
        program
    }

    fn controller(&self, n: u8) -> Program {
        let name = controller(n);
        let flags = [
            ("--name", OsString::from(&name)),
            ("--members", self.members()),
            ("--view-dir", self.view()),
            ("--min-in-sync", MIN_IN_SYNC.min(self.replicas).to_string().into()),
            ("--admin", self.at(&name)),
        ];
        self.program(&name, "controller", WATCHERS_STOP, &flags)
    }

    fn frontend(&self) -> Program {
        let url = |name: &str| format!("http://{}", self.ports.of(name));
        let controllers: Vec<String> = (0..CONTROLLERS).map(|n| url(&controller(n))).collect();
        let flags = [
            ("--listen", OsString::from(self.front().to_string())),
            ("--replicas", self.members()),
            ("--view-dir", self.view()),
            ("--postcode", url("postcode").into()),
            ("--controllers", controllers.join(",").into()),
        ];
        self.program("frontend", "frontend", FRONT_STOP, &flags)
    }

    fn program(&self, name: &str, command: &str, stop_within: Duration, flags: &[(&str, OsString)]) -> Program {
        let mut args = vec![OsString::from(command)];
        args.extend(["--die-with-parent".into(), std::process::id().to_string().into()]);
        args.extend(flags.iter().flat_map(|(flag, value)| [OsString::from(flag), value.clone()]));
        Program { name: name.to_owned(), exe: self.exe.clone(), args, dir: self.dir.clone(), stop_within }
    }

    fn at(&self, name: &str) -> OsString {
        self.ports.of(name).to_string().into()
    }

    fn members(&self) -> OsString {
        let member = |n| format!("{}={}", replica(n), self.ports.of(&replica(n)));
        (0..self.replicas).map(member).collect::<Vec<_>>().join(",").into()
    }

    fn view(&self) -> OsString {
        self.dir.join("view").into_os_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_child_dies_with_this_process_and_has_a_name_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let ports = super::super::ports::choose(dir.path(), 0, &ports_needed(3)).unwrap();
        let layout = Layout { dir: "/d".into(), exe: "/jh".into(), replicas: 3, outside: Outside::Simulated, ports };
        let programs = layout.programs();
        let mut names: Vec<_> = programs.iter().map(|(_, program)| program.name.clone()).collect();
        names.sort();
        assert_eq!(
            names,
            ["controller-0", "controller-1", "frontend", "outside", "postcode", "replica-0", "replica-1", "replica-2"]
        );
        assert!(programs.iter().all(|(_, program)| program.args[1] == "--die-with-parent"));
    }
}
