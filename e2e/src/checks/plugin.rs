//! `kubectl jh`: the client under the name by which kubectl finds it, through its own port-forward, against the current context.

use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::harness::{Ground, NAMESPACE};
use crate::image;

pub(super) fn check(ground: &Ground) -> Result<()> {
    let dir = std::env::temp_dir().join(format!("just-hungry-plugin-{}", std::process::id()));
    let _left_over = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir)?;
    let checked = symlink(image::program()?, dir.join("kubectl-jh"))
        .context("install the plugin")
        .and_then(|()| all(ground, &dir));
    std::fs::remove_dir_all(&dir)?;
    checked
}

fn all(ground: &Ground, dir: &Path) -> Result<()> {
    let status = || -> Result<Value> { Ok(serde_json::from_str(&jh(ground, dir, &["status", "-o", "json"])?)?) };
    let before = status()?;
    let primary = before["primary"].as_str().context("the status names no primary")?;
    ensure!(jh(ground, dir, &["status"])?.contains(primary), "the status in words does not name {primary}");
    let backups = before["in_sync"].as_array().context("the status names no in-sync set")?;
    let backup =
        backups.iter().filter_map(Value::as_str).find(|name| *name != primary).context("no backup is in sync")?;
    jh(ground, dir, &["promote", backup])?;
    let after = status()?;
    ensure!(after["primary"] == backup, "promoted {backup}, and {} leads", after["primary"]);
    ensure!(jh(ground, dir, &["failovers"])?.contains(backup), "the failovers do not tell of {backup}");
    let drill = jh(ground, dir, &["drill", "--rounds", "1"])?;
    ensure!(drill.contains("0 lost · 0 changed · 0 doubled"), "the drill says:\n{drill}");
    Ok(())
}

/// What `kubectl jh` prints.
fn jh(ground: &Ground, dir: &Path, args: &[&str]) -> Result<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let args = ["jh", "-n", NAMESPACE].into_iter().chain(args.iter().copied());
    ground.kubectl(args).env("PATH", format!("{}:{path}", dir.display())).read()
}
