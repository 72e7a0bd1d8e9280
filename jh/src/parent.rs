//! Ends this process with its parent, however the parent ends. Knows the kernel's two calls for it.

use anyhow::{Context, bail};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// Asks the kernel to kill this process when the thread that started it ends; `parent` is the process id it should be.
pub(crate) fn die_with(parent: u32) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).context("ask to die with the parent")?;
    // The parent may have died before the call above: then this process has been adopted, and no signal will come.
    let actual = getppid().map(|pid| pid.as_raw_nonzero().get());
    if actual.map(i64::from) != Some(i64::from(parent)) {
        bail!("the parent process {parent} is gone");
    }
    Ok(())
}
