//! Short names for disks, processes, views and entries, so that a story can be read aloud. Knows how to print, decides nothing.
use group::{Body, BootId, Entry, Output, Pod, Position, Role, Stop, StorageId, View};

/// Members are called r0 to r9; their disks and processes are numbered from 1, a hundred to each.
fn number(pod: &str, n: u32) -> u128 {
    let index: u128 = pod[1..].parse().expect("a member is called r0 to r9");
    index * 100 + u128::from(n)
}
/// The n-th disk of this member.
pub(crate) fn storage(pod: &str, n: u32) -> StorageId {
    StorageId(number(pod, n))
}
/// The n-th process of this member.
pub(crate) fn boot(pod: &str, n: u32) -> BootId {
    BootId(number(pod, n))
}

/// `r0` on its first disk, `r0/2` on its second.
fn disk(pod: &Pod, storage: StorageId) -> String {
    let n = storage.0 % 100;
    if n == 1 { pod.to_string() } else { format!("{pod}/{n}") }
}
/// `r0` as its first process, `r0#2` as its second.
fn process(pod: &Pod, boot: BootId) -> String {
    let n = boot.0 % 100;
    if n == 1 { pod.to_string() } else { format!("{pod}#{n}") }
}

/// `v2, epoch 1: r0 leads {r0 r1}`.
pub(crate) fn view(view: &View) -> String {
    let set: Vec<String> = view.pairs().map(|(pod, storage)| disk(pod, storage)).collect();
    let leader = process(&view.primary, view.primary_boot);
    format!("v{}, epoch {}: {leader} leads {{{}}}", view.version, view.epoch, set.join(" "))
}
/// `3@2`: the third entry, made in epoch 2.
pub(crate) fn place(position: Position) -> String {
    format!("{}@{}", position.seq, position.epoch)
}
/// `3@2 tea`.
pub(crate) fn entry(entry: &Entry) -> String {
    let body = match &entry.body {
        Body::App(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Body::Start(start) => format!("start of {}", start.primary),
        Body::Format(n) => format!("format {n}"),
    };
    format!("{}@{} {body}", entry.seq, entry.epoch)
}
/// Several, with commas.
pub(crate) fn entries<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    entries.into_iter().map(entry).collect::<Vec<_>>().join(", ")
}
/// A role in lower case.
pub(crate) fn role(role: Role) -> String {
    format!("{role:?}").to_lowercase()
}
/// Why a process ends.
pub(crate) fn stop(why: &Stop) -> String {
    match why {
        Stop::Demoted { by } => format!("epoch {by} ended its reign"),
        Stop::Left => "it has left".into(),
        Stop::Outdated => "its disk is older than what it acknowledged".into(),
        Stop::Unsound => "its disk is unsound".into(),
        Stop::LossForced => "a loss was forced and this disk was not kept".into(),
    }
}

/// What an output says, if it is printed in one line of its own.
pub(crate) fn output(output: &Output) -> Option<String> {
    Some(match output {
        Output::Write { cut, entries: written, commit, .. } => {
            let cut = cut.map_or(String::new(), |seq| format!("cuts its log after {seq} and "));
            format!("{cut}writes {} (commit {commit})", entries(written))
        }
        Output::Save { promised, view, .. } => {
            let version = view.as_ref().map_or(0, |view| view.version);
            format!("saves its promise of epoch {promised} and v{version}")
        }
        Output::Propose(proposal) => format!("proposes {}", view(&proposal.next)),
        Output::ReadView { held } => format!("asks the store, holding v{held}"),
        Output::Lead { epoch } => format!("leads epoch {epoch}"),
        Output::Changed(now) => format!("is {} now", role(*now)),
        Output::FetchSnapshot { from, .. } => format!("fetches the snapshot of {from}"),
        Output::Trim { upto } => format!("drops its log up to {upto}"),
        Output::Reset { why } => format!("gives up its disk: {}", stop(why)),
        Output::Exit { why } => format!("ends: {}", stop(why)),
        // A send is told by the network, a commit and a read with the answers they release; a view with its save.
        Output::Send { .. } | Output::Committed { .. } | Output::ReadReady { .. } | Output::Viewed(_) => return None,
    })
}
