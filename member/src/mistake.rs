//! Mistakes that can be planted, one at a time, to see that the tests find them: the group's, by the simulator; in this crate's unit
//! tests those of the queues between its threads. Knows numbers, no reason.

/// What was taken in is reported before it is on the disk.
pub(crate) const REPORTED_EARLY: u8 = 101;
/// The queue has room again only after the loop was told that a batch is done.
pub(crate) const ROOM_TOO_LATE: u8 = 102;
/// The last task is obeyed before what was taken in with it is on the disk.
pub(crate) const STOPS_AT_ONCE: u8 = 103;
/// A promise is reported though writes that were asked for before it are not on the disk.
pub(crate) const PROMISE_OVERTAKES: u8 = 104;

#[cfg(not(test))]
pub(crate) use group::mistake::planted;

#[cfg(test)]
thread_local! {
    static PLANTED: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}
/// Plants a mistake in everything that this thread of the operating system does; 0: none.
#[cfg(test)]
pub(crate) fn plant(mistake: u8) {
    PLANTED.set(mistake);
}
/// Whether this mistake is planted.
#[cfg(test)]
pub(crate) fn planted(mistake: u8) -> bool {
    PLANTED.get() == mistake
}
