//! What a power cut leaves of the unsynced: at every boundary of a life, every sector alone, all but every one, every beginning and
//! every end, and all subsets where there are few; each with every beginning of the changes of names.
use crate::life::{Expected, live, open};
use member::disk::simulated::{Fault, SimulatedDisk};
use member::store::Store;

/// Of so many sectors or fewer all subsets are tried.
const ALL_SUBSETS: usize = 5;

/// Which of `count` unsynced sectors are left, for every choice.
fn choices(count: usize) -> Vec<Box<dyn Fn(usize) -> bool>> {
    let mut choices: Vec<Box<dyn Fn(usize) -> bool>> = vec![];
    if count <= ALL_SUBSETS {
        for subset in 0..1_usize << count {
            choices.push(Box::new(move |sector| subset >> sector & 1 == 1));
        }
        return choices;
    }
    for one in 0..=count {
        choices.push(Box::new(move |sector| sector == one));
        choices.push(Box::new(move |sector| sector != one));
        choices.push(Box::new(move |sector| sector < one));
        choices.push(Box::new(move |sector| sector >= one));
    }
    choices
}

fn whatever_is_left_is_enough(cached: bool) {
    let (mut operation, mut cases) = (1, 0);
    loop {
        let disk = SimulatedDisk::new();
        disk.cache_reads(cached);
        disk.fail(operation, Fault::PowerCut);
        let mut expected = Expected::default();
        if live::<Store>(&disk, &mut expected, ()).is_ok() {
            break;
        }
        let (sectors, changes) = disk.unsynced();
        for names in 0..=changes {
            for (choice, keep) in choices(sectors).into_iter().enumerate() {
                let case = format!(
                    "power cut in operation {operation}, cached {cached}: {names} of {changes} names, choice {choice} of {sectors} sectors"
                );
                let (_, found) = open(&disk.survivor(names, keep), 8).unwrap_or_else(|error| panic!("{case}: {error}"));
                expected.check(&found, &case);
                cases += 1;
            }
        }
        operation += 1;
    }
    assert!(cases > 10_000, "{cases} cases in {operation} operations");
}

#[test]
fn nothing_acknowledged_is_lost_whatever_sectors_a_power_cut_leaves() {
    whatever_is_left_is_enough(false);
}
#[test]
fn nothing_acknowledged_is_lost_whatever_sectors_a_power_cut_leaves_where_reads_are_cached() {
    whatever_is_left_is_enough(true);
}
