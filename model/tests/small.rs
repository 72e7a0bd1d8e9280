//! The small explorations are whole and break no law; every planted mistake is refuted.
use model::{Order, explore, plays};
use std::time::Duration;

const MOST: usize = 3_000_000;
const LONGEST: Duration = Duration::from_secs(300);

#[test]
fn within_the_small_bounds_no_law_can_be_broken() {
    for play in plays::SMALL {
        let report = explore(play, Order::Nearest, 2, MOST, LONGEST);
        println!("{report}");
        assert!(report.refuted.is_none(), "{report}\n{:#?}", report.refuted);
        assert!(report.whole && report.missed.is_empty(), "{report}");
    }
}

#[test]
fn every_planted_mistake_is_refuted() {
    for play in plays::mistaken() {
        let report = explore(&play, Order::Nearest, 2, MOST, LONGEST);
        println!("{report}");
        assert!(report.refuted.is_some(), "nothing wrong was found: {report}");
    }
}
