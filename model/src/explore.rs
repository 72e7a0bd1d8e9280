//! Goes every way of a play with Stateright, and tells what came of it.
use crate::moves::Move;
use crate::play::{Play, Reached};
use crate::told::Law;
use crate::world::{Turn, World};
use stateright::{Checker, Model, Path, Property};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The one property; which law is broken stands in the state.
const LAWS: &str = "every law holds";

struct Ways {
    play: Play,
    /// Bits of `Reached`, over all ways.
    reached: Arc<AtomicU32>,
    /// Moments that were looked at, and how many may be.
    looked: Arc<AtomicUsize>,
    most: usize,
    deadline: Instant,
    cut: Arc<AtomicBool>,
    /// Afterwards a way is gone once more, to be told.
    exploring: Arc<AtomicBool>,
}

impl Ways {
    fn is_over(&self) -> bool {
        let spent = self.looked.fetch_add(1, Ordering::Relaxed) >= self.most || Instant::now() >= self.deadline;
        let over = spent && self.exploring.load(Ordering::Relaxed);
        if over {
            self.cut.store(true, Ordering::Relaxed);
        }
        over
    }
}

impl Model for Ways {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        vec![World::begin(&self.play)]
    }
    fn actions(&self, state: &World, into: &mut Vec<Move>) {
        if !self.is_over() {
            state.moves(&self.play, into);
        }
    }
    fn next_state(&self, state: &World, step: Move) -> Option<World> {
        let mut turn = Turn { play: &self.play, world: state.clone(), reached: vec![] };
        turn.go(&step);
        turn.fit();
        let bits = turn.reached.iter().fold(0, |bits, reached| bits | 1 << *reached as u32);
        if bits != 0 {
            self.reached.fetch_or(bits, Ordering::Relaxed);
        }
        Some(turn.world)
    }
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(LAWS, |_, world: &World| world.told.broken.is_none())]
    }
}

/// What came of an exploration.
#[derive(Debug)]
pub struct Report {
    /// The play.
    pub play: Play,
    /// Moments met, those met again included.
    pub moments: usize,
    /// Different moments.
    pub different: usize,
    /// The longest way.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// Whether every way was gone to its end.
    pub whole: bool,
    /// The law that was broken and the way there, with the moments on it.
    pub refuted: Option<(Law, Vec<(String, String)>)>,
    /// What should have been reached and was not.
    pub missed: Vec<Reached>,
}

/// In which order ways are gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The nearest moments first: the way to a broken law is a shortest one, and all moments not yet looked at are held in memory.
    Nearest,
    /// One way to its end before the next: needs memory only for what was met.
    Deepest,
}

/// Goes every way of a play, until a law is broken or so many moments were looked at or so much time has passed.
pub fn explore(play: &Play, order: Order, threads: usize, most: usize, longest: Duration) -> Report {
    let began = Instant::now();
    let exploring = Arc::new(AtomicBool::new(true));
    let (reached, cut) = (Arc::<AtomicU32>::default(), Arc::<AtomicBool>::default());
    let ways = Ways {
        play: play.clone(),
        reached: reached.clone(),
        looked: Arc::default(),
        most,
        deadline: began + longest,
        cut: cut.clone(),
        exploring: exploring.clone(),
    };
    let checker = ways.checker().threads(threads);
    let (path, moments, different, depth) = match order {
        Order::Nearest => figures(checker.spawn_bfs().join(), &exploring),
        Order::Deepest => figures(checker.spawn_dfs().join(), &exploring),
    };
    let took = began.elapsed();
    let refuted = path.and_then(|path| {
        let law = path.last_state().told.broken?;
        let steps = path.into_vec();
        let way = steps.into_iter().map(|(world, step)| (format!("{world:?}"), format!("{step:?}")));
        Some((law, way.collect()))
    });
    let bits = reached.load(Ordering::Relaxed);
    let missed = play.reaches.iter().filter(|one| bits >> **one as u32 & 1 == 0).copied().collect();
    let whole = refuted.is_none() && !cut.load(Ordering::Relaxed);
    Report { play: play.clone(), moments, different, depth, took, whole, refuted, missed }
}

/// The way to a broken law, moments met, different ones, and the longest way.
fn figures(checker: impl Checker<Ways>, exploring: &AtomicBool) -> (Option<Path<World, Move>>, usize, usize, usize) {
    exploring.store(false, Ordering::Relaxed);
    (checker.discovery(LAWS), checker.state_count(), checker.unique_state_count(), checker.max_depth())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { play, moments, different, depth, took, whole, refuted, missed } = self;
        let end = match (refuted, whole) {
            (Some((law, _)), _) => format!("REFUTED: not true that {law}"),
            (None, true) => "whole".to_owned(),
            (None, false) => "cut short".to_owned(),
        };
        let seconds = took.as_secs_f64();
        write!(
            f,
            "{:<22} {different:>10} different of {moments:>10}, depth {depth:>3}, {seconds:>7.1} s, {end}",
            play.name
        )?;
        if !missed.is_empty() {
            write!(f, "; never reached: {missed:?}")?;
        }
        write!(f, "   ({})", play.what)
    }
}
