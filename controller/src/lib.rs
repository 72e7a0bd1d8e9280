//! Names the primary: watches members, decides by a pure plan, writes the view by compare-and-swap. Never adds a member to the in-sync set.
