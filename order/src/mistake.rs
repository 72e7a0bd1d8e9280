//! Mistakes that can be planted, one at a time, to see that the tests find them. Without the feature `mistakes` there are none: the
//! compiler removes every question.

/// Whether this mistake is planted. The numbers are listed in the simulator.
#[cfg(not(feature = "mistakes"))]
#[inline(always)]
pub const fn planted(_: u8) -> bool {
    false
}

#[cfg(feature = "mistakes")]
mod planting {
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<u8> = const { Cell::new(0) };
    }
    /// Plants a mistake in everything that this thread does; 0: none.
    pub fn plant(mistake: u8) {
        PLANTED.set(mistake);
    }
    /// Whether this mistake is planted. The numbers are listed in the simulator.
    pub fn planted(mistake: u8) -> bool {
        PLANTED.get() == mistake
    }
}
#[cfg(feature = "mistakes")]
pub use planting::{plant, planted};
