//! What `jh up` says: the address and what to try, and what happened to its children. Knows no processes.

use std::io::{self, Write};
use std::path::Path;

use super::children::{Layout, Outside};
use crate::supervise::Event;

/// Says something on standard error; that nobody reads it must not stop the servers.
pub(super) fn talk(text: &str) {
    let _gone = writeln!(io::stderr().lock(), "{text}");
}

/// Prints the address and a few commands to copy.
pub(super) fn ready(layout: &Layout) {
    let _gone = write!(io::stdout().lock(), "{}", ready_text(layout, &own_name(&layout.exe)));
}

/// Says where to look when it takes long.
pub(super) fn not_ready_yet(layout: &Layout) {
    let (front, dir) = (layout.front(), layout.dir.display());
    talk(&format!("not ready yet: http://{front}/readyz does not answer 200; the logs are in {dir}"));
}

fn ready_text(layout: &Layout, jh: &str) -> String {
    let (address, dir) = (layout.front(), layout.dir.display());
    // A drill needs to be told of a directory or an address other than the default ones.
    let is_default_dir = client::state_dir().is_some_and(|default| default == layout.dir);
    let dir_flag = if is_default_dir { String::new() } else { format!(" --dir {dir}") };
    let export = match address.port() {
        8080 => String::new(),
        _ => format!("  export JH_ENDPOINT=http://{address}\n"),
    };
    let simulator = match layout.outside {
        Outside::Pack | Outside::Real => String::new(),
        Outside::Simulated => format!(
            "\x20 {jh} address lookup DH1 3LE --explain\n\
             \x20 curl -X PUT {}/_faults/postcodes.io -d silence\n",
            layout.simulator_url()
        ),
    };
    format!(
        "Just Hungry is ready: http://{address}\n\
         {} replicas, 2 controllers, a front end and the postcode adapter; everything is in {dir}\n\n\
         Try in another terminal:\n{export}\
         \x20 {jh} near DH1 3LE\n\
         \x20 {jh} menu cathedral-pizza\n\
         \x20 {jh} order place cathedral-pizza margherita:2+extra-cheese --to \"12 North Road, DH1 4SG\" \
         --name Ada --phone +441913341234\n\
         \x20 {jh} cluster status\n\
         \x20 {jh} drill{dir_flag}        # kills the primary while orders flow\n{simulator}\n\
         Ctrl-C stops everything; the orders stay.\n",
        layout.replicas
    )
}

/// This program as the user can type it here.
fn own_name(exe: &Path) -> String {
    let cwd = std::env::current_dir().unwrap_or_default();
    let shown = exe.strip_prefix(&cwd).unwrap_or(exe);
    shown.display().to_string()
}

/// Reports what happened to a child.
pub(super) fn event(event: &Event, dir: &Path) {
    talk(&event_text(event, dir));
}

fn event_text(event: &Event, dir: &Path) -> String {
    match event {
        Event::Died { name, how, lived, last_line } => {
            // One that was killed had no chance to say why.
            let why = last_line.as_ref().filter(|_| !how.starts_with("killed"));
            let why = why.map(|line| format!(" ({line})")).unwrap_or_default();
            format!("{name} {how} after {:.1} s{why}; started again", lived.as_secs_f64())
        }
        Event::KeepsDying { name, how, last_lines } => {
            let lines: String = last_lines.iter().map(|line| format!("\n    {line}")).collect();
            format!("{name} keeps dying ({how}); its log {} ends:{lines}", dir.join(format!("{name}.log")).display())
        }
        Event::CannotStart { name, error } => format!("{name} cannot be started: {error}; trying again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_keeps_dying_is_shown_with_the_end_of_its_log() {
        let event = Event::KeepsDying {
            name: "replica-1".into(),
            how: "ended with exit code 1".into(),
            last_lines: vec!["disk full".into()],
        };
        let text = event_text(&event, Path::new("/state"));
        assert!(text.contains("/state/replica-1.log") && text.ends_with("\n    disk full"), "{text}");
    }
}
