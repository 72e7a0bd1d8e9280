//! A disk that is formatted anew, with the power failing at every step of it: it is the old disk with all that was acknowledged, or
//! another one that holds nothing of the old. Never the old name over an emptier disk.
use crate::common::{end, entries, opening, write};
use crate::life::open;
use group::{Entry, Epoch, Position};
use member::disk::simulated::{Fault, Luck, SimulatedDisk};
use member::store::{Recovered, Save, StorageError, Store};

const LUCKS: [Luck; 4] = [Luck::Nothing, Luck::Everything, Luck::Seed(1), Luck::Seed(2)];

/// What was acknowledged when the power failed.
#[derive(Default)]
struct Acknowledged {
    old: usize,
    reset: bool,
    new: usize,
}

fn old_log() -> Vec<Entry> {
    entries(Position::default(), 1, 4, 900)
}
fn new_log() -> Vec<Entry> {
    entries(Position::default(), 2, 4, 900)
}
fn put(store: &mut Store, log: &[Entry], done: &mut usize) -> Result<(), StorageError> {
    for entry in log {
        store.write(&write(1, None, std::slice::from_ref(entry), 0))?;
        store.flush()?;
        *done += 1;
    }
    Ok(())
}

fn live(disk: &SimulatedDisk, acknowledged: &mut Acknowledged) -> Result<(), StorageError> {
    let (mut store, _) = open(disk, 1)?;
    store.save(Save { save: 1, group: None, promised: Epoch::new(0, 1), view: None })?;
    put(&mut store, &old_log(), &mut acknowledged.old)?;
    store.reset()?;
    acknowledged.reset = true;
    drop(store);
    let (mut store, found) = open(disk, 2)?;
    assert_eq!((found.storage, found.tail().seq, found.promised), (opening(2).fresh, 0, Epoch::default()));
    put(&mut store, &new_log(), &mut acknowledged.new)
}

fn check(found: &Recovered, acknowledged: &Acknowledged, case: &str) {
    assert_eq!(found.unhealthy, None, "{case}");
    let old = found.storage == opening(1).fresh;
    let (log, least) = if old { (old_log(), acknowledged.old) } else { (new_log(), acknowledged.new) };
    assert!(!(old && acknowledged.reset), "{case}: it was to be formatted anew");
    assert!(found.entries.len() >= least, "{case}: {} of {least}", found.entries.len());
    assert_eq!(found.entries[..], log[..found.entries.len()], "{case}: entries of another life");
    let promised = if old && acknowledged.old > 0 { 1 } else { 0 };
    assert!(found.promised.number >= promised && (old || found.promised == Epoch::default()), "{case}");
}

#[test]
fn a_disk_that_is_formatted_anew_is_the_old_one_whole_or_a_new_one_empty() {
    let mut operation = 1;
    loop {
        let disk = SimulatedDisk::new();
        disk.fail(operation, Fault::PowerCut);
        let mut acknowledged = Acknowledged::default();
        let done = live(&disk, &mut acknowledged).is_ok();
        for luck in LUCKS {
            // The power fails in every step of the next start too.
            let mut again = 1;
            loop {
                let after = disk.after_power_cut(luck);
                after.fail(after.operations() + again, Fault::PowerCut);
                let case = format!("power cut in operation {operation}, {luck:?}, then in operation {again}");
                let last = match open(&after, 3) {
                    Ok((_, found)) => {
                        check(&found, &acknowledged, &case);
                        true
                    }
                    Err(_) => false,
                };
                let later = after.after_power_cut(Luck::Seed(again));
                let (mut store, found) = open(&later, 4).unwrap_or_else(|error| panic!("{case}: {error}"));
                check(&found, &acknowledged, &case);
                let more = entries(found.tail(), 9, 2, 50);
                put(&mut store, &more, &mut 0).unwrap();
                assert_eq!(open(&later, 5).unwrap().1.tail(), end(&more), "{case}");
                if last {
                    break;
                }
                again += 1;
            }
        }
        if done {
            break;
        }
        operation += 1;
    }
    assert!(operation > 30, "{operation} operations");
}
