//! The stage on which scenarios play: a cluster, an installation, clients that order all the time, and the judgement of what
//! they saw.

mod course;
mod gate;
mod ground;
mod history;
mod install;
mod kitchen;
mod machine;
mod moment;
mod paper;
pub(crate) mod pods;
mod stage;
mod verdict;

pub(crate) use course::{mend, run};
pub(crate) use ground::{Ground, root};
pub(crate) use install::{NAME, NAMESPACE, install, reinstall};
pub(crate) use stage::{Play, Stage, play};
pub(crate) use verdict::Bars;
