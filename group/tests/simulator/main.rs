//! A small deterministic simulator of the core: virtual time, a lossy network, crashing disks, one seed that decides all.
//! `SEED=n cargo test -p group --test simulator replay -- --nocapture` prints the run of one seed.
mod disk;
mod faults;
mod luck;
mod process;
mod store;
mod world;

use world::World;

/// Runs a seed to its end; panics with seed and trace if a law is broken.
fn run(seed: u64) -> String {
    let mut world = World::new(seed);
    world.run();
    world.summary()
}

#[test]
fn a_hundred_and_fifty_seeds_keep_every_law_and_heal() {
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(150);
    let first = std::env::var("FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    for seed in first..first + seeds {
        run(seed);
    }
}

#[test]
fn the_same_seed_twice_is_the_same_run() {
    for seed in [3, 14, 159] {
        assert_eq!(run(seed), run(seed));
    }
}

#[test]
fn replay() {
    let Ok(seed) = std::env::var("SEED") else { return };
    let mut world = World::new(seed.parse().expect("SEED is a number"));
    world.loud = true;
    world.run();
    println!("{}", world.summary());
}
