//! The faults a drill can do, as one table, and doing them for real: signals to processes named by DIR/NAME.pid. Knows
//! processes and the one API call for a planned hand-over.

use std::path::{Path, PathBuf};

use api::v1::cluster::{Cluster, Promote};
use api::v1::paths;
use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process};

use crate::api_client::{Api, Call, new_key};
use crate::failure::Failure;

/// What to break, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Fault {
    /// SIGKILL the primary
    Kill,
    /// SIGSTOP the primary, SIGCONT when another leads
    Freeze,
    /// SIGTERM the primary
    Term,
    /// Hand the lead over by plan
    Promote,
    /// SIGKILL a backup
    KillBackup,
    /// SIGSTOP a backup, SIGCONT when the others go on without it
    FreezeBackup,
    /// SIGTERM a backup
    TermBackup,
    /// SIGKILL one controller
    KillController,
    /// SIGKILL both controllers
    KillControllers,
    /// SIGTERM one controller
    TermController,
    /// SIGTERM both controllers
    TermControllers,
    /// Freeze both controllers, then SIGTERM the primary
    TermWithoutControllers,
    /// SIGKILL the front end
    KillFrontend,
    /// SIGKILL the postcode adapter
    KillPostcode,
    /// SIGKILL all replicas at once
    KillAll,
    /// Nothing: what the load alone looks like
    None,
}

/// Whom a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Primary,
    Backup,
    Controller,
    Controllers,
    Frontend,
    Postcode,
    Replicas,
    Nobody,
}

/// What is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Send(Signal),
    Freeze,
    HandOver,
}

impl Fault {
    /// The table: one fault a line.
    fn means(self) -> (Deed, Target) {
        const KILL: Deed = Deed::Send(Signal::KILL);
        const TERM: Deed = Deed::Send(Signal::TERM);
        match self {
            Fault::Kill => (KILL, Target::Primary),
            Fault::Freeze => (Deed::Freeze, Target::Primary),
            Fault::Term | Fault::TermWithoutControllers => (TERM, Target::Primary),
            Fault::Promote => (Deed::HandOver, Target::Primary),
            Fault::KillBackup => (KILL, Target::Backup),
            Fault::FreezeBackup => (Deed::Freeze, Target::Backup),
            Fault::TermBackup => (TERM, Target::Backup),
            Fault::KillController => (KILL, Target::Controller),
            Fault::KillControllers => (KILL, Target::Controllers),
            Fault::TermController => (TERM, Target::Controller),
            Fault::TermControllers => (TERM, Target::Controllers),
            Fault::KillFrontend => (KILL, Target::Frontend),
            Fault::KillPostcode => (KILL, Target::Postcode),
            Fault::KillAll => (KILL, Target::Replicas),
            Fault::None => (KILL, Target::Nobody),
        }
    }

    /// Whether another epoch must follow.
    pub(super) fn moves_primary(self) -> bool {
        matches!(self.means().1, Target::Primary | Target::Replicas)
    }

    /// Whether processes end and are to be started again.
    pub(super) fn ends_processes(self) -> bool {
        matches!(self.means().0, Deed::Send(_))
    }

    /// Its name on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// A process found by its pid file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Victim {
    pub(super) name: String,
    pid: i32,
}

/// What was done, and what must be undone.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// In words, for the timeline.
    pub(super) what: String,
    pub(super) victims: Vec<Victim>,
    frozen: Vec<Victim>,
}

impl Done {
    /// Lets what was frozen go on.
    pub(super) fn thaw(&mut self) {
        self.frozen.drain(..).for_each(|victim| drop(send(&victim, Signal::CONT)));
    }
}

impl Drop for Done {
    /// A drill that ends early leaves nothing frozen behind.
    fn drop(&mut self) {
        self.thaw();
    }
}

/// Where pid files are.
#[derive(Debug, Clone)]
pub(super) struct Processes {
    pub(super) dir: PathBuf,
}

impl Processes {
    pub(super) fn find(&self, name: &str) -> Result<Victim, Failure> {
        let path = self.dir.join(format!("{name}.pid"));
        let missing = |why: &str| {
            let path = path.display();
            Failure::Usage(format!("{path}: {why}; is `jh up` running, and is --dir its directory?"))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| missing(&error.to_string()))?;
        let pid = text.trim().parse().ok().filter(|pid| *pid > 0).ok_or_else(|| missing("no pid in it"))?;
        Ok(Victim { name: name.to_owned(), pid })
    }

    /// Whether every victim has a successor: another process under its name.
    pub(super) fn are_replaced(&self, victims: &[Victim]) -> bool {
        victims.iter().all(|victim| self.find(&victim.name).is_ok_and(|now| now.pid != victim.pid))
    }
}

/// Everything needed to do a fault, looked up beforehand so that doing it takes no time.
#[derive(Debug)]
pub(super) struct Prepared {
    deed: Deed,
    victims: Vec<Victim>,
    freeze_first: Vec<Victim>,
    hand_over: Option<Promote>,
    what: String,
}

/// Looks up whom the fault concerns in the cluster as it is.
pub(super) fn prepare(fault: Fault, cluster: &Cluster, dir: &Path) -> Result<Prepared, Failure> {
    let processes = Processes { dir: dir.to_owned() };
    let (deed, target) = fault.means();
    let mut backups = cluster.in_sync.iter().filter(|name| **name != cluster.primary);
    let backup = backups.next().cloned();
    let no_backup = || Failure::Wrong("there is no backup in sync".to_owned());
    let names: Vec<String> = match target {
        Target::Primary => vec![cluster.primary.clone()],
        Target::Backup => vec![backup.clone().ok_or_else(no_backup)?],
        Target::Controller => vec!["controller-0".to_owned()],
        Target::Controllers => vec!["controller-0".to_owned(), "controller-1".to_owned()],
        Target::Frontend => vec!["frontend".to_owned()],
        Target::Postcode => vec!["postcode".to_owned()],
        Target::Replicas => cluster.replicas.iter().map(|replica| replica.name.clone()).collect(),
        Target::Nobody => Vec::new(),
    };
    let freeze_first = match fault {
        Fault::TermWithoutControllers => ["controller-0", "controller-1"].map(|name| processes.find(name)).into(),
        _ => Vec::new(),
    };
    let freeze_first = freeze_first.into_iter().collect::<Result<Vec<_>, _>>()?;
    let what = format!("{}: {}", fault.name(), names.join(", "));
    let (victims, hand_over) = match deed {
        Deed::HandOver => {
            let to = backup.ok_or_else(no_backup)?;
            (Vec::new(), Some(Promote { to, expect_epoch: cluster.epoch }))
        }
        Deed::Send(_) | Deed::Freeze => {
            (names.iter().map(|name| processes.find(name)).collect::<Result<Vec<_>, _>>()?, None)
        }
    };
    Ok(Prepared { deed, victims, freeze_first, hand_over, what })
}

impl Prepared {
    /// Does it. `mark` is called at the moment of the fault.
    pub(super) async fn execute(self, api: &Api, mark: impl FnOnce()) -> Result<Done, Failure> {
        let Prepared { deed, victims, freeze_first, hand_over, what } = self;
        let mut done = Done { what, victims: Vec::new(), frozen: Vec::new() };
        for victim in freeze_first {
            send(&victim, Signal::STOP)?;
            done.frozen.push(victim);
        }
        mark();
        if let Some(promote) = hand_over {
            let body = serde_json::to_string(&promote).expect("two plain fields are always JSON");
            api.send(&Call::post(paths::PROMOTE, body).with_key(&new_key())).await?;
        }
        for victim in victims {
            match deed {
                Deed::Send(signal) => send(&victim, signal)?,
                Deed::Freeze => {
                    send(&victim, Signal::STOP)?;
                    done.frozen.push(victim.clone());
                }
                Deed::HandOver => {}
            }
            done.victims.push(victim);
        }
        Ok(done)
    }
}

fn send(victim: &Victim, signal: Signal) -> Result<(), Failure> {
    let Victim { name, pid } = victim;
    let pid = Pid::from_raw(*pid).expect("only positive pids are taken from files");
    kill_process(pid, signal)
        .map_err(|error| Failure::Usage(format!("send a signal to {name} (process {pid:?}): {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_pid_files_is_told_to_the_person() {
        let dir = tempfile::tempdir().unwrap();
        let processes = Processes { dir: dir.path().to_owned() };
        let message = processes.find("replica-0").unwrap_err().to_string();
        assert!(message.contains("replica-0.pid") && message.contains("--dir"), "{message}");
        std::fs::write(dir.path().join("replica-0.pid"), "-1").unwrap();
        processes.find("replica-0").unwrap_err();
        std::fs::write(dir.path().join("replica-0.pid"), "17\n").unwrap();
        let victim = processes.find("replica-0").unwrap();
        assert!(!processes.are_replaced(std::slice::from_ref(&victim)));
        std::fs::write(dir.path().join("replica-0.pid"), "18\n").unwrap();
        assert!(processes.are_replaced(&[victim]));
    }

    #[test]
    fn faults_of_the_primary_and_of_all_move_it_and_no_others_do() {
        let moving: Vec<String> =
            Fault::value_variants().iter().filter(|f| f.moves_primary()).map(|f| f.name()).collect();
        assert_eq!(moving, ["kill", "freeze", "term", "promote", "term-without-controllers", "kill-all"]);
    }
}
