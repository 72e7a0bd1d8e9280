//! The list of scenarios: what is broken, how often, and what must be reached. Each is a small function in a file beside
//! this one.

mod changes;
mod control;
mod cuts;
mod deletes;
mod disks;
mod freezes;
mod kills;
mod soak;
mod views;

use crate::harness::{Bars, Play, Stage};

/// One way to break things.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What it does, for people.
    pub(crate) tells: &'static str,
    pub(crate) rounds: u16,
    pub(crate) bars: Bars,
    /// Whether it reaches below kubectl: nodes, networks, processes.
    pub(crate) is_deep: bool,
    /// Whether it is played only when it is named.
    pub(crate) is_apart: bool,
    pub(crate) seat: Seat,
    pub(crate) play: fn(&Stage) -> Play<'_>,
}

/// Where the primary is to be before a fault. A node that fails takes every pod on it along; a front end that fails is a
/// scenario of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Wherever it is.
    Any,
    /// On a node without front ends.
    Apart,
    /// On a node with one, so that some backup is on a node without.
    BackupApart,
}

const fn scenario(name: &'static str, tells: &'static str, bars: Bars, play: fn(&Stage) -> Play<'_>) -> Scenario {
    Scenario { name, tells, rounds: 1, bars, is_deep: false, is_apart: false, seat: Seat::Any, play }
}

impl Scenario {
    const fn rounds(self, rounds: u16) -> Scenario {
        Scenario { rounds, ..self }
    }

    const fn deep(self) -> Scenario {
        Scenario { is_deep: true, ..self }
    }

    const fn apart(self) -> Scenario {
        Scenario { is_apart: true, ..self }
    }

    const fn seat(self, seat: Seat) -> Scenario {
        Scenario { seat, ..self }
    }
}

/// Every scenario, in the order of the damage.
pub(crate) const ALL: &[Scenario] = &[
    scenario("promote", "the lead is handed over by command", Bars::PLANNED, changes::promote).rounds(3),
    scenario("delete-primary", "kubectl delete pod on the primary", Bars::PLANNED, deletes::delete_primary).rounds(5),
    scenario(
        "delete-without-controllers",
        "the same while no controller runs",
        Bars::PLANNED,
        deletes::delete_primary_without_controllers,
    ),
    scenario("drain", "kubectl drain of the primary's node", Bars::PLANNED, changes::drain).rounds(2),
    scenario("rollout", "another image in the resource", Bars::PLANNED, changes::rollout).deep(),
    scenario("scale", "five replicas, then three again", Bars::PLANNED, changes::scale),
    scenario(
        "delete-front-end",
        "kubectl delete pod on a front end while it serves",
        Bars::ANY,
        deletes::delete_front_end,
    )
    .rounds(2),
    scenario("delete-adapters", "all pods of the postcode adapter deleted", Bars::AWAY, deletes::delete_adapters),
    scenario("kill-controllers", "both controllers killed", Bars::AWAY, control::kill_controllers),
    scenario("stop-api-server", "the API server stopped for 30 s", Bars::AWAY, control::stop_api_server).deep(),
    scenario(
        "kill-backup-without-api-server",
        "a backup killed while the API server is away",
        Bars::AWAY,
        control::kill_backup_without_api_server,
    )
    .deep(),
    scenario(
        "kill-primary-without-api-server",
        "the primary killed while the API server is away: nobody can name another until it is back",
        Bars::DISASTER,
        control::kill_primary_without_api_server,
    )
    .deep(),
    scenario("kill-primary", "SIGKILL of the primary's process", Bars::KILLED, kills::kill_primary).rounds(20).deep(),
    scenario(
        "force-delete-primary",
        "kubectl delete pod --force --grace-period=0 on the primary",
        Bars::KILLED,
        deletes::force_delete_primary,
    )
    .rounds(20),
    scenario(
        "kill-primary-and-controller",
        "a controller killed while the primary dies",
        Bars::SILENT,
        kills::kill_primary_and_controller,
    )
    .rounds(3)
    .deep(),
    scenario(
        "kill-primary-while-catching-up",
        "the primary killed while a backup is catching up",
        Bars::DISASTER,
        kills::kill_primary_while_catching_up,
    )
    .deep(),
    scenario(
        "kill-twenty-in-a-row",
        "whoever leads is killed, twenty times, as soon as two are in sync",
        Bars::ANY,
        kills::kill_twenty_in_a_row,
    )
    .deep(),
    scenario("freeze-primary", "the primary's node stands still", Bars::SILENT, freezes::freeze_primary)
        .rounds(3)
        .deep()
        .seat(Seat::Apart),
    scenario("freeze-backup", "a backup's node stands still", Bars::SILENT, freezes::freeze_backup)
        .rounds(3)
        .deep()
        .seat(Seat::BackupApart),
    scenario("slow-disk", "a backup's disk takes ten writes a second", Bars::SILENT, disks::slow_disk).deep(),
    scenario("cut-primary", "the primary's node cut off from everything", Bars::SILENT, cuts::cut_primary)
        .rounds(3)
        .deep()
        .seat(Seat::Apart),
    scenario(
        "cut-primary-from-backup",
        "the primary cut off from one backup",
        Bars::SILENT,
        cuts::cut_primary_from_backup,
    )
    .deep(),
    scenario(
        "cut-primary-from-api-server",
        "the primary's node cut off from the API server",
        Bars::AWAY,
        cuts::cut_primary_from_api_server,
    )
    .deep(),
    scenario("wipe-volume", "a replica's volume and pod deleted", Bars::SILENT, disks::wipe_volume),
    scenario("delete-view", "the view deleted by hand, and rebuilt by command", Bars::RESET, views::delete_view),
    scenario(
        "restore-etcd",
        "etcd set back to an earlier copy, and the view rebuilt by command",
        Bars::RESET,
        views::restore_etcd,
    )
    .deep(),
    scenario("delete-all", "all replica pods deleted at once", Bars::DISASTER, deletes::delete_all),
    scenario("soak", "whatever takes the lead away, a hundred times in a row; only when named", Bars::ANY, soak::soak)
        .rounds(100)
        .deep()
        .apart(),
];
