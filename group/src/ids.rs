//! The names of things: pods, disks, processes, epochs, moments. Knows only how to compare and print them; makes none of them up.
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The name of a member, for example `replica-0`. In Kubernetes it is the pod's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pod(Arc<str>);

impl Pod {
    /// A pod of this name.
    pub fn new(name: &str) -> Pod {
        Pod(Arc::from(name))
    }
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl From<&str> for Pod {
    fn from(name: &str) -> Pod {
        Pod::new(name)
    }
}
impl fmt::Display for Pod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for Pod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! number128 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u128);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:x}", self.0)
            }
        }
        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            /// Reads the hexadecimal form that `Display` writes.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                u128::from_str_radix(text, 16).map($name)
            }
        }
    };
}

number128!(
    /// A disk: drawn at random when the disk is formatted. The set names disks, because a pod of the same name may come
    /// back with an empty one.
    StorageId
);
number128!(
    /// A process: drawn at random when it starts. A restarted primary is another one and never resumes its old epoch (P2).
    BootId
);
number128!(
    /// A group: drawn at random once, when the group is born (V2).
    GroupId
);

/// The number of a reign. Compares by loss first: a forced loss (U1) outranks every ordinary epoch before it.
/// (Service Fabric orders the same way, by data-loss number and then configuration number.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Epoch {
    /// How often an operator has accepted a loss.
    pub loss: u64,
    /// Grows when the primary or its incarnation changes.
    pub number: u64,
}
impl Epoch {
    /// An ordinary epoch of a group that has lost nothing.
    pub const fn new(loss: u64, number: u64) -> Epoch {
        Epoch { loss, number }
    }
    /// The next reign.
    pub fn next(self) -> Epoch {
        Epoch { loss: self.loss, number: self.number + 1 }
    }
}
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.loss == 0 { write!(f, "{}", self.number) } else { write!(f, "{}.{}", self.loss, self.number) }
    }
}
impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{self}")
    }
}

/// A place in the log. The first entry is 1; 0 is before all.
pub type Seq = u64;

/// The hash that chains an entry to all before it.
pub type Hash = u64;

/// A place in the log that can be compared between members: the entry's number, its epoch and the chain up to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Position {
    /// Number of the entry.
    pub seq: Seq,
    /// Epoch in which it was made.
    pub epoch: Epoch,
    /// Chain hash up to and with it.
    pub hash: Hash,
}
impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.seq, self.epoch)
    }
}

/// A moment on this process's monotonic clock, in microseconds from any start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Time(pub u64);
impl Time {
    /// This much later.
    pub fn plus_ms(self, ms: u64) -> Time {
        Time(self.0 + ms * 1000)
    }
    /// Milliseconds that have passed since `earlier`; 0 if it is later.
    pub fn ms_since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0) / 1000
    }
}

/// A moment by the wall clock, in milliseconds since 1970. For people, for log time (T1), never for safety.
pub type Wall = u64;

/// What the clocks show when something happens: both are given to the core, which never asks for them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Now {
    /// The monotonic clock.
    pub mono: Time,
    /// The wall clock.
    pub wall: Wall,
}
