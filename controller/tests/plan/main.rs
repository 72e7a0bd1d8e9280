//! What the controller decides and says, by what it has seen. Knows no store, no member, no clock.
mod golden;
mod rebuilding;
mod said;

use group::choose::{Link, Seen, Store, Wish};
use group::{BootId, Cause, Change, Epoch, GroupId, Peer, Pod, Position, Role, Status, StorageId, Time, View};

const BEGIN: Time = Time(60_000_000);

fn pod(n: u8) -> Pod {
    Pod::new(&format!("replica-{n}"))
}

fn view() -> View {
    View {
        group: GroupId(7),
        version: 5,
        epoch: Epoch::new(0, 2),
        primary: pod(0),
        primary_boot: BootId(100),
        in_sync: (0..3).map(|n| (pod(n), StorageId(n.into()))).collect(),
        members: (0..3).map(pod).collect(),
        min_in_sync: 2,
        change: Change { cause: Cause::Birth, suspected_at: 1, decided_at: 1 },
    }
}

fn status(n: u8) -> Status {
    Status {
        me: Peer { pod: pod(n), storage: StorageId(n.into()), boot: BootId(100 + u128::from(n)) },
        group: Some(GroupId(7)),
        role: if n == 0 { Role::Primary } else { Role::Backup },
        promised: Epoch::new(0, 2),
        view: Some(view()),
        tail: Position { seq: 50 + u64::from(n), epoch: Epoch::new(0, 2), hash: 0 },
        commit: 50,
        unhealthy: None,
        view_lost: false,
        suspects: vec![],
        stalled: false,
        format: 1,
        clock: 0,
    }
}

fn blank(n: u8) -> Status {
    let (group, view, promised, tail) = (None, None, Epoch::default(), Position::default());
    Status { group, view, promised, tail, commit: 0, role: Role::Waiting, ..status(n) }
}

fn wish() -> Wish {
    Wish { members: view().members, min_in_sync: 2, group: GroupId(99), jitter_ms: 0 }
}

/// A controller that has watched a sound group for ten seconds; the next moment is `ms(0)`.
fn well() -> Seen {
    let mut seen = Seen::default();
    seen.stored(Store::Is(view()), true, BEGIN);
    for n in 0..3 {
        seen.linked(&pod(n), Link::Up, BEGIN);
        seen.answered(status(n), BEGIN.plus_ms(9_990));
    }
    seen
}

fn ms(ms: u64) -> Time {
    BEGIN.plus_ms(10_000 + ms)
}
