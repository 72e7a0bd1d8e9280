//! The mistakes that can be planted (feature `mistakes`), and how many seeds it takes to find each. Knows their numbers and names.

/// Number and name of every mistake: M1–M30 of the protocol's rules, and more in recovery, keys, hand-over, snapshots, retries and events.
pub const MISTAKES: &[(u8, &str)] = &[
    (1, "M1 barrier answered by one peer"),
    (2, "M2 no barrier"),
    (3, "M3 a shrink counts before its view is seen"),
    (4, "M4 promotion from outside the set"),
    (5, "M5 acknowledged before it is synced"),
    (6, "M6 disks are not told apart"),
    (7, "M7 a restarted primary resumes its epoch"),
    (8, "M8 a learner is let in before it has caught up"),
    (9, "M9 the primary's own sync is not waited for"),
    (10, "M10 barriers are used for later reads"),
    (11, "M11 logs are cut back to the commit index in a new epoch"),
    (12, "M12 a read of the store ends a proposal"),
    (13, "M13 refusals and duplicates are answered before commit"),
    (14, "M14 the view is created when it is absent"),
    (15, "M15 a snapshot holds what is not committed"),
    (16, "M16 a shrink keeps a dead peer"),
    (17, "M17 keys are forgotten early"),
    (18, "M18 a whole damaged batch is taken for a torn one"),
    (19, "M19 a member leaves without being shrunk out"),
    (20, "M20 the promised epoch is not saved"),
    (21, "M21 a learner is let in without the start of the epoch"),
    (22, "M22 a resignation is repeated on a newer base that its target is not in"),
    (23, "M23 a resignation keeps the epoch"),
    (24, "M24 a swap counts the new disk only"),
    (25, "M25 while a resignation is open a shrink counts before its view is seen"),
    (26, "M26 a process leads on another disk than the set names"),
    (27, "M27 a controller adds a disk to the set"),
    (28, "M28 a barrier is answered by a new disk"),
    (29, "M29 a read joins an Append that is in flight"),
    (30, "M30 reads use the old set while an expansion is open"),
    (31, "recovery: a damaged batch with others behind it is cut off"),
    (32, "recovery: the last entry of the log is dropped"),
    (33, "retry: a request that was sent and waits again counts as certainly not executed"),
    (34, "snapshot: an installed one is not loaded"),
    (35, "snapshot: the entries that complete it are not applied"),
    (36, "events: what is not committed is shown"),
    (37, "events: an entry is left out"),
    (38, "hand-over: held answers leave when a primary ends"),
    (39, "acknowledgement: entries count that were not compared with the primary's"),
    (40, "log: entries are taken without comparing what is before them"),
    (41, "log: a batch is written and not synced"),
    (42, "epoch: older entries commit before the start of the epoch"),
    (43, "demotion: the process goes on with what was never committed"),
    (44, "recovery: all of the log counts as committed"),
    (45, "format: a new one begins when one member speaks it"),
    (46, "view lost: an unsound disk of the set is given up"),
];

/// Plants a mistake in everything that this thread does; 0: none.
pub fn plant(mistake: u8) {
    #[cfg(feature = "mistakes")]
    {
        group::mistake::plant(mistake);
        order::mistake::plant(mistake);
    }
    #[cfg(not(feature = "mistakes"))]
    assert_eq!(mistake, 0, "build with `--features mistakes`");
}
